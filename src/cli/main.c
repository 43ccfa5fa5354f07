/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/program.h"

#define X(name) extern const as_verb as_verb_##name;
#include "verb_list.inc"
#undef X

int main(int argc, char **argv)
{
    static const as_verb *const verbs[] = {
#define X(name) &as_verb_##name,
#include "verb_list.inc"
#undef X
        NULL};
    return as_program_main("assay", verbs, argc, argv);
}
