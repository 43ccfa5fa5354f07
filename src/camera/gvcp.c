/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/gvcp.h"

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

size_t as_gvcp_ask(uint8_t *out, as_gvcp_command command, uint16_t number, size_t n)
{
    out[0] = KEY;
    out[1] = FLAG_ANSWER;
    as_gv_put16(out + 2, (uint16_t)command);
    as_gv_put16(out + 4, (uint16_t)n);
    as_gv_put16(out + 6, number);
    return AS_GVCP_HEAD_BYTES + n;
}

bool as_gvcp_answer_parse(const uint8_t *bytes, size_t n, as_gvcp_answer *ret)
{
    if (n < AS_GVCP_HEAD_BYTES || n > AS_GVCP_MAX_BYTES || as_gv_get16(bytes + 2) % 2 == 0 ||
        as_gv_get16(bytes + 4) > n - AS_GVCP_HEAD_BYTES)
        return false;
    *ret = (as_gvcp_answer){.status = (as_gv_status)as_gv_get16(bytes),
                            .command = (uint16_t)(as_gv_get16(bytes + 2) - 1),
                            .length = as_gv_get16(bytes + 4),
                            .number = as_gv_get16(bytes + 6),
                            .data = bytes + AS_GVCP_HEAD_BYTES};
    return true;
}
