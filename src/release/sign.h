/* SPDX-License-Identifier: Apache-2.0 */
/* sign.h - the workspace's key, and what it signs: Ed25519 (RFC 8032, by libsodium).
 *
 * Layer:   release (may use base/, store/).
 * Threads: any thread, a key belongs to one.
 * Memory:  plain values; as_key_done overwrites the secret half.
 *
 * .assay/key      "assay-ed25519-secret HEX\n", the seed of 32 bytes; its owner alone may read it. It leaves the workspace
 *                 with nothing: no push, no report, no release has it
 * .assay/key.pub  "assay-ed25519-public HEX\n"
 * A signed JSON object has "public_key" and "signature" (hex); signed are the bytes that as_json_text makes of it without
 * the latter: one line, no blanks, keys sorted.
 */
#ifndef AS_RELEASE_SIGN_H
#define AS_RELEASE_SIGN_H

#include "base/json.h"
#include "store/workspace.h"

#define AS_KEY_BYTES       32
#define AS_SIGNATURE_BYTES 64
#define AS_KEY_HEX_BYTES   65

typedef struct as_key {
    uint8_t open[AS_KEY_BYTES]; /* the public half */
    uint8_t secret[64];         /* as libsodium has it: seed, then the public half */
} as_key;

/* Reads the key, or makes one. AS_EACCESS when others may read it; AS_ECORRUPT. */
AS_CHECK bool as_key_open(const as_workspace *ws, as_key *ret, as_err *err);
void          as_key_done(as_key *key);

/* The public half alone; AS_ENOTFOUND when there is none yet. */
AS_CHECK bool as_key_public(const as_workspace *ws, uint8_t ret[AS_KEY_BYTES], as_err *err);
char         *as_key_hex(const uint8_t open[AS_KEY_BYTES], char *hex); /* hex[AS_KEY_HEX_BYTES]; returns hex */

AS_CHECK bool as_sign(const as_key *key, const void *bytes, size_t n, uint8_t ret[AS_SIGNATURE_BYTES], as_err *err);
AS_CHECK bool as_sign_check(const uint8_t open[AS_KEY_BYTES], const void *bytes, size_t n,
                            const uint8_t signature[AS_SIGNATURE_BYTES]);

AS_CHECK bool as_json_sign(json_t *object, const as_key *key, as_err *err);
/* Of any object; *ret is the key it was signed with: whose that is, the caller must know. AS_EFORMAT: it is not signed;
 * AS_ECORRUPT: it was changed afterwards. */
AS_CHECK bool as_json_sign_check(const json_t *object, uint8_t ret[AS_KEY_BYTES], as_err *err);

#endif
