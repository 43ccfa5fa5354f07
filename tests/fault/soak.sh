#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A camera on the wire and the line behind it, 60 parts a second for --times seconds: neither grows, in memory or in descriptors,
# and every part has its verdict. What was not whole or late is told, with the counters of both sides.
. "$(dirname "$0")/lib.sh"
need_program
times 20 3600
export LIMIT=$((TIMES + 120))
RATE=60
address=127.$((RANDOM % 200 + 20)).$((RANDOM % 250)).1
ws=$TMP/ws
"$ASSAY" twin serve --help | grep -q -- --gige || skip 'no GigE Vision here: no Aravis'

expect_exit 0 "$ASSAY" init "$ws" --example cones
sed -i "s/parts_per_minute: [0-9]*, deadline_ms: [0-9]*/parts_per_minute: $((RATE * 60)), deadline_ms: 200/" "$ws/assay.yaml"
expect_exit 0 "$ASSAY" -C "$ws" capture --parts 80
expect_exit 0 "$ASSAY" -C "$ws" train --trainer rule

"$ASSAY" twin serve --gige "$address" --scene 'cones?from=100001' --fps $RATE --replay 64 --json >"$TMP/served" 2>&1 </dev/null &
server=$!
tries=0
until grep -q "$address" "$TMP/served" 2>/dev/null || [ $((tries += 1)) -gt 100 ]; do sleep 0.1; done

# held PID: resident kB and open descriptors
held() {
    local kb
    kb=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status" 2>/dev/null)
    [ -n "$kb" ] && echo "$kb $(find "/proc/$1/fd" -mindepth 1 2>/dev/null | wc -l)"
}
"$ASSAY" -C "$ws" run --camera "gige:$address?format=RGB8" --parts $((RATE * TIMES)) --json >"$TMP/told" 2>"$TMP/told.err" </dev/null &
line=$!
every=$((TIMES / 100 + 1))
while sleep $every && one=$(held $line) && two=$(held $server); do
    echo "$SECONDS $one $two"
done >"$TMP/held"
wait $line
STATUS=$?
check "the line ended with $STATUS: $(tail -n 3 "$TMP/told.err")" [ $STATUS -eq 0 ]
kill -INT $server 2>/dev/null
wait $server
check "the server ended with $?" [ $? -eq 0 ]

# The first quarter fills pools and caches. After it nothing may grow by more than 1 MiB and 1 %: a frame is 0.9 MB.
report=$(awk '
    {for (i = 2; i <= NF; i++) at[NR, i] = $i}
    END {
        split("x line_kB line_descriptors server_kB server_descriptors", name, " ")
        for (i = 2; i <= 5; i++) {
            early = late = 0
            for (r = int(NR / 4) + 1; r <= NR; r++)
                if (r <= NR * 5 / 8) {if (at[r, i] > early) early = at[r, i]} else if (at[r, i] > late) late = at[r, i]
            if (late > early + (i % 2 ? 0 : early * 0.01 + 1024)) bad = bad " " name[i]
            printf "%s: %d, then %d at most\n", name[i], early, late
        }
        print "samples: " NR ", grown:" (bad == "" ? " none" : bad)
    }' "$TMP/held")
echo "$report"
check "something grew: $report" grep -q 'grown: none' <<<"$report"
check 'too few samples' [ "$(wc -l <"$TMP/held")" -ge 8 ]
# shellcheck disable=SC2317 # check calls it
expect_summary() { tail -n 1 "$TMP/told" | python3 -c '
import json, sys
s = json.load(sys.stdin)["summary"]
print(s)
sys.exit(s["triggers"] != sum(s["verdicts"].values()))'; }
check 'a part has no verdict, or two' expect_summary
tail -qn 1 "$TMP/told" "$TMP/served" | python3 -c '
import json, sys
s, d = json.loads(next(sys.stdin))["summary"], json.loads(next(sys.stdin))["devices"][0]
n = s["camera_stream"]
print("verdicts by the model {model}, unsure {unsure}, late {late}, fault {fault}".format(**s["reasons"]), end="; ")
print("frames not whole %d, lost %d; latency" % (s["bad_frames"], s["lost_frames"]), s["latency_ms"])
print("the receiver:", ", ".join("%s %d" % (k[2:], n[k]) for k in sorted(n)), "(before all others: %s)" % s["realtime"])
print("the camera: sent {n_sent}, late {n_late}, packets sent again {n_again} (before all others: {realtime})".format(**d))' ||
    fail 'the counters cannot be told'
parts=$(grep -c '"verdict"' "$TMP/told")
check "$parts parts told of $((RATE * TIMES))" [ "$parts" -ge $((RATE * TIMES)) ]
echo "$parts parts in $TIMES s"
finish
