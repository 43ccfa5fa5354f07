/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/gvcp.h"

#define KEY         0x42
#define FLAG_ANSWER 0x01

bool as_gvcp_parse(const uint8_t *bytes, size_t n, as_gvcp_request *ret, as_gv_status *ret_status)
{
    if (n < AS_GVCP_HEAD_BYTES || n > AS_GVCP_MAX_BYTES || bytes[0] != KEY)
        return false;
    *ret = (as_gvcp_request){.wants_answer = (bytes[1] & FLAG_ANSWER) != 0,
                             .command = as_gv_get16(bytes + 2),
                             .length = as_gv_get16(bytes + 4),
                             .number = as_gv_get16(bytes + 6),
                             .data = bytes + AS_GVCP_HEAD_BYTES};
    if (ret->command % 2 != 0 && ret->command != 0) /* an answer of some other device */
        return false;
    *ret_status = ret->length == n - AS_GVCP_HEAD_BYTES ? AS_GV_OK : AS_GV_INVALID_HEADER;
    ret->length = (uint16_t)(n - AS_GVCP_HEAD_BYTES);
    return true;
}

size_t as_gvcp_head(uint8_t *out, const as_gvcp_request *request, as_gv_status status, size_t n)
{
    as_gv_put16(out, (uint16_t)status);
    as_gv_put16(out + 2, (uint16_t)(request->command + 1));
    as_gv_put16(out + 4, (uint16_t)n);
    as_gv_put16(out + 6, request->number);
    return AS_GVCP_HEAD_BYTES + n;
}
