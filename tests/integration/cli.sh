#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What every verb owes a person at the command line.
. "$(dirname "$0")/lib.sh"

verbs=$("$ASSAY" help | sed -n 's/^  \([a-z-]*\)  .*/\1/p')
check "the help lists too few verbs: $verbs" [ "$(wc -w <<<"$verbs")" -ge 6 ]

expect_exit 0 "$ASSAY" --version
expect_out '^assay [0-9]+\.[0-9]+\.[0-9]+ \('
expect_exit 0 "$ASSAY_EDGE" --version
expect_out '^assay-edge '
expect_exit 0 "$ASSAY"
expect_out 'usage: assay'

for verb in $verbs; do
    expect_exit 0 "$ASSAY" help "$verb"
    expect_out '^usage: assay '
    expect_out '^examples'
    expect_exit 0 "$ASSAY" "$verb" --help
    expect_exit 0 "$ASSAY" help "$verb" --format man
    expect_out '^\.SH EXAMPLES'
    expect_exit 2 "$ASSAY" "$verb" --no-such-option
    expect_err "unknown option '--no-such-option'"
done

expect_exit 2 "$ASSAY" chek
expect_err "no verb 'chek' \(did you mean 'check'\?\)"
expect_exit 2 "$ASSAY" spec shw
expect_err "did you mean 'show'\? there are show, schema and reference"
expect_exit 2 "$ASSAY" init --exampel cones
expect_err "did you mean '--example'"
expect_exit 2 "$ASSAY" init x --example nothing
expect_err "none of the choices of --example: cones"
expect_exit 2 "$ASSAY" spec
expect_err 'a word is missing: show, schema or reference \(see: assay help spec\)'
expect_exit 2 "$ASSAY" import
expect_err 'FOLDER.VIDEO.* is missing'

# What the table says of options holds over all verbs, and the usage names each.
for program in "$ASSAY" "$ASSAY_EDGE"; do
    expect_exit 0 "$program" help --json
    mv "$OUT" "$TMP/table"
    expect_exit 0 python3 -c '
import json, sys
table = json.load(open(sys.argv[1]))
meaning = {o["letter"]: (o["name"], "every verb") for o in table["options"] if o["letter"]}
bad = []
for verb in table["verbs"]:
    for o in verb["options"]:
        name, letter, of = o["name"], o["letter"], verb["name"]
        if "--" + name not in verb["usage"]:
            bad.append(f"the usage of {of} lacks --{name}")
        if letter and meaning.setdefault(letter, (name, of))[0] != name:
            bad.append(f"-{letter} is --{name} of {of} and --{meaning[letter][0]} of {meaning[letter][1]}")
        if name == "threads" and letter != "j":
            bad.append(f"--threads of {of} has no -j")
        if not o["help"] or any(c in o["help"] for c in "\n\t"):
            bad.append(f"--{name} of {of} has no line of help")
sys.exit("\n".join(bad) if bad or not meaning else 0)' "$TMP/table"
done
# An empty value is a script's variable that is not set: no option and no word takes it for its default.
"$ASSAY" help --json | python3 -c '
import json, sys
for verb in json.load(sys.stdin)["verbs"]:
    for o in verb["options"]:
        if o["arg"]: print(verb["name"], o["name"])' >"$TMP/options"
check 'there are too few options' [ "$(wc -l <"$TMP/options")" -ge 20 ]
while read -r verb option; do
    expect_exit 2 "$ASSAY" "$verb" "--$option" ''
    expect_err "the value of --$option is empty"
done <"$TMP/options"
for verb in eval report check 'runs use' 'data show' init; do
    # shellcheck disable=SC2086
    expect_exit 2 "$ASSAY" $verb ''
    expect_err "word [12] after '[a-z]*' is empty"
done
expect_exit 2 "$ASSAY" -C '' check
expect_err 'the value of --directory is empty'
expect_exit 2 "$ASSAY" -C "$0" check
expect_err 'it is no folder'
expect_exit 2 "$ASSAY" --nonsense
expect_err 'see: assay help\)'
expect_exit 0 "$ASSAY" help train --json
expect_out '"examples":\["assay train'
expect_exit 2 "$ASSAY" help --json --format man
expect_err 'do not go together'
expect_exit 2 "$ASSAY" spec reference --json
expect_err 'Markdown page'
expect_exit 2 "$ASSAY" spec schema assay.yaml
expect_err "'assay.yaml' is one word too many"

for shell in bash zsh fish; do
    expect_exit 0 "$ASSAY" completion "$shell"
    expect_exit 2 "$ASSAY" completion "$shell" --json
    expect_err 'is no JSON .*assay help --json'
done
"$ASSAY" completion bash >"$TMP/completion"
check 'the bash completion is no bash' bash -n "$TMP/completion"
words=$(
    # shellcheck disable=SC1091
    . "$TMP/completion"
    # shellcheck disable=SC2034
    COMP_WORDS=(assay spec s) COMP_CWORD=2
    _assay
    echo "${COMPREPLY[*]}"
)
expect_equal "$words" 'show schema'

# Lines keep their order where both outputs go to one pipe, and numbers have no more digits than they need.
"$ASSAY" init -q "$TMP/order" --example cones
"$ASSAY" -C "$TMP/order" capture --parts 40 >"$TMP/both" 2>&1
expect_equal "$(tail -n 1 "$TMP/both")" 'next: assay train'
expect_exit 0 "$ASSAY" -C "$TMP/order" spec show --json
expect_no_out '[0-9]\.[0-9]{16}'

# No workspace, and errors as JSON.
mkdir "$TMP/empty"
expect_exit 2 "$ASSAY" -C "$TMP/empty" check
expect_err "no assay.yaml in '.*' or above it \(make one with: assay init"
expect_exit 2 "$ASSAY" -C "$TMP/empty" check --json
expect_out '"code":"AS_ENOTFOUND"'

# A project begins.
expect_exit 0 "$ASSAY" init "$TMP/cones" --example cones
expect_exit 2 "$ASSAY" init "$TMP/cones" --example cones
expect_err 'exists already'
expect_exit 0 "$ASSAY" -C "$TMP/cones" spec show
expect_out '^line: cones'
expect_exit 0 "$ASSAY" -C "$TMP/cones" spec show --json
expect_out '"line":"cones"'
expect_exit 0 "$ASSAY" spec schema
expect_out 'https://json-schema.org/draft/2020-12/schema'
expect_exit 2 "$ASSAY" -C "$TMP/cones" check
expect_err 'no run yet \(train one with: assay train\)'

# Classes read off a folder.
mkdir -p "$TMP/photos/train/normal" "$TMP/photos/test/a crack'd one"
expect_exit 0 "$ASSAY" init "$TMP/photo-line" --from "$TMP/photos"
expect_exit 0 "$ASSAY" -C "$TMP/photo-line" spec show --json
expect_out "\"a crack'd one\":\"reject\""
expect_out '"normal":"pass"'
mkdir -p "$TMP/single/good"
expect_exit 2 "$ASSAY" init "$TMP/single-line" --from "$TMP/single"
expect_err 'has 1 class'

expect_no_file "$TMP/single-line"
mkdir -p "$TMP/capitals/Training/ok" "$TMP/capitals/Training/dent" "$TMP/capitals/VALID/ok" "$TMP/capitals/Testing/scratch"
expect_exit 0 "$ASSAY" init "$TMP/(line) 1, new" --from "$TMP/capitals"
expect_err "^next: assay -C '.*1, new' import FOLDER$"
expect_exit 0 "$ASSAY" -C "$TMP/(line) 1, new" spec show --json
expect_out '"classes":\{"dent":"reject","ok":"pass","scratch":"reject"\}'
expect_out '"line":"line_1_new"'
expect_exit 2 "$ASSAY" init "$TMP/twice" --classes good,good
expect_err "\-\-classes names 'good' twice"
expect_exit 2 "$ASSAY" init "$TMP/twice" --classes good,.bad
expect_err "these classes cannot be: .*'/'"
expect_no_err 'assay.yaml:'
expect_no_file "$TMP/twice"
mkdir -p "$TMP/odd/assay.yaml"
expect_exit 2 "$ASSAY" init "$TMP/odd"
expect_err "'.*/odd/assay.yaml' is a folder, where a file must be"

# Several at once: one makes the project, the others leave it alone.
for i in 1 2 3 4 5 6 7 8; do
    "$ASSAY" init "$TMP/many" --classes good,bad >/dev/null 2>"$TMP/many.$i" &
    inits[i]=$!
done
n_made=0
for i in 1 2 3 4 5 6 7 8; do
    wait "${inits[i]}" && n_made=$((n_made + 1))
done
expect_equal $n_made 1
expect_exit 0 "$ASSAY" spec show "$TMP/many/assay.yaml"
expect_exit 0 "$ASSAY" -C "$TMP/many" data verify

# A wrong spec is told with its place.
sed 's/^line:/lin:/' "$TMP/cones/assay.yaml" >"$TMP/wrong.yaml"
expect_exit 2 "$ASSAY" spec show "$TMP/wrong.yaml"
expect_err "wrong.yaml:3:1: unknown key 'lin' \(did you mean 'line'\?\)"

# Output that cannot be written is a failure.
"$ASSAY" spec schema >/dev/full 2>/dev/null
expect_equal $? 3

# --- help on one thing that a verb does ---
expect_exit 0 "$ASSAY" help data push
expect_out '^usage: assay data push \[REMOTE\]'
expect_out '^ +--force '
expect_no_out 'retention'
cp "$OUT" "$TMP/push"
expect_exit 0 "$ASSAY" data push --help
check 'the same in another order' cmp -s "$OUT" "$TMP/push"
expect_exit 2 "$ASSAY" help data pusch
expect_err "'pusch' is nothing that 'data' does"
expect_exit 2 "$ASSAY" help train now
finish
