/* SPDX-License-Identifier: Apache-2.0 */
/* golden_priv.h - numbers that the graph and those who learn its constants share.
 *
 * Layer:   lab (golden).
 * Threads: constants.
 * Memory:  none.
 */
#ifndef AS_LAB_GOLDEN_PRIV_H
#define AS_LAB_GOLDEN_PRIV_H

/* Luma (ITU-R BT.601), and what is added before a logarithm is taken, so that black has one. */
#define GOLDEN_RED   0.299f
#define GOLDEN_GREEN 0.587f
#define GOLDEN_BLUE  0.114f
#define GOLDEN_DARK  0.03f

#define GOLDEN_KIND_LEAST 6 /* good pictures of a kind: of fewer no tolerance can be told */

#endif
