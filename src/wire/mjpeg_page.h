/* SPDX-License-Identifier: Apache-2.0 */
/* mjpeg_page.h - the page at / of a server of pictures.
 *
 * Layer:   wire.
 * Threads: immutable.
 * Memory:  static.
 */
#ifndef AS_WIRE_MJPEG_PAGE_H
#define AS_WIRE_MJPEG_PAGE_H

extern const char as_mjpeg_page[];

#endif
