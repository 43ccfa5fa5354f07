/* SPDX-License-Identifier: Apache-2.0 */
/* gvcp.h - the control protocol of GigE Vision 1.2 as bytes: requests and answers, put together and taken apart.
 *
 * Layer:   camera.  Threads: pure.
 * Memory:  none; a request or an answer points into the bytes it was read from.
 *
 * A datagram on port 3956 begins with 8 bytes: 0x42, flags, command, length of what follows, number of the request; an answer
 * with status, command + 1, length, the same number. All numbers are big-endian.
 */
#ifndef AS_CAMERA_GVCP_H
#define AS_CAMERA_GVCP_H

#include <endian.h>
#include <string.h>

#include "base/def.h"

#define AS_GVCP_PORT       3956
#define AS_GVCP_HEAD_BYTES 8
#define AS_GVCP_MAX_BYTES  548 /* a datagram that every network carries whole: 576 with the headers of IP and UDP */
#define AS_GVCP_MAX_DATA   (AS_GVCP_MAX_BYTES - AS_GVCP_HEAD_BYTES)
#define AS_GVCP_MAX_MEMORY 536 /* bytes of memory in one request */

typedef enum as_gvcp_command {
    AS_GVCP_NONE = 0,
    AS_GVCP_DISCOVERY = 0x0002,
    AS_GVCP_FORCEIP = 0x0004,
    AS_GVCP_RESEND = 0x0040,
    AS_GVCP_READREG = 0x0080,
    AS_GVCP_WRITEREG = 0x0082,
    AS_GVCP_READMEM = 0x0084,
    AS_GVCP_WRITEMEM = 0x0086,
} as_gvcp_command;

typedef enum as_gv_status {
    AS_GV_OK = 0x0000,
    AS_GV_NOT_IMPLEMENTED = 0x8001,
    AS_GV_INVALID_PARAMETER = 0x8002,
    AS_GV_INVALID_ADDRESS = 0x8003,
    AS_GV_WRITE_PROTECT = 0x8004,
    AS_GV_BAD_ALIGNMENT = 0x8005,
    AS_GV_ACCESS_DENIED = 0x8006,
    AS_GV_BUSY = 0x8007,
    AS_GV_PACKET_UNAVAILABLE = 0x800c,
    AS_GV_INVALID_HEADER = 0x800e,
    AS_GV_PACKET_NOT_YET = 0x8010,
} as_gv_status;

/* Registers that every camera has, by their addresses. */
enum {
    AS_GV_REG_CONTROL = 0x0a00,    /* privilege: 0 when nobody is in control */
    AS_GV_REG_OWNER_PORT = 0x0a04, /* who is; 0 where the camera does not tell */
    AS_GV_REG_OWNER_ADDRESS = 0x0a14,
    AS_GV_REG_STREAM_PORT = 0x0d00, /* of the first stream: where it goes */
    AS_GV_REG_STREAM_ADDRESS = 0x0d18,
};
#define AS_GV_CONTROL_EXCLUSIVE 0x1u /* nobody else may even read */
#define AS_GV_CONTROL_SHARED    0x2u /* others may read */

/* What an answer to a discovery holds: a copy of the first registers. */
enum { AS_GV_DISCOVERY_BYTES = 0xf8, AS_GV_DISCOVERY_MAC = 0x000a, AS_GV_DISCOVERY_ADDRESS = 0x0024 };

typedef struct as_gvcp_request {
    bool           wants_answer;
    uint16_t       command, length, number;
    const uint8_t *data; /* length bytes */
} as_gvcp_request;

/* False: these bytes are no request at all and get no answer. Else *ret_status says whether the header is in order: a length
 * that is not what follows is AS_GV_INVALID_HEADER. */
AS_CHECK bool as_gvcp_parse(const uint8_t *bytes, size_t n, as_gvcp_request *ret, as_gv_status *ret_status);

typedef struct as_gvcp_answer {
    as_gv_status   status;
    uint16_t       command, length, number; /* command: of the request that is answered */
    const uint8_t *data;                    /* length bytes */
} as_gvcp_answer;

/* A request of one's own, that wants an answer, before n bytes of its own; returns the whole length. number: not 0. */
size_t as_gvcp_ask(uint8_t *out, as_gvcp_command command, uint16_t number, size_t n);

/* False: these bytes are no answer, or shorter than they say. */
AS_CHECK bool as_gvcp_answer_parse(const uint8_t *bytes, size_t n, as_gvcp_answer *ret);

/* The head of an answer to that request, before n bytes of its own; returns the whole length. */
size_t as_gvcp_head(uint8_t *out, const as_gvcp_request *request, as_gv_status status, size_t n);

static inline uint16_t as_gv_get16(const uint8_t *at)
{
    uint16_t v;
    memcpy(&v, at, sizeof v);
    return be16toh(v);
}

static inline uint32_t as_gv_get32(const uint8_t *at)
{
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return be32toh(v);
}

static inline void as_gv_put16(uint8_t *at, uint16_t v)
{
    v = htobe16(v);
    memcpy(at, &v, sizeof v);
}

static inline void as_gv_put32(uint8_t *at, uint32_t v)
{
    v = htobe32(v);
    memcpy(at, &v, sizeof v);
}

static inline void as_gv_put64(uint8_t *at, uint64_t v)
{
    v = htobe64(v);
    memcpy(at, &v, sizeof v);
}

#endif
