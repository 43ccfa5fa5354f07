#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each rule of tools/check_layers, broken on purpose in a copy of the rules with sources of our own.
. "$(dirname "$0")/../integration/lib.sh"

CHECK=$SOURCE/tools/check_layers
tree() { # tree FILE TEXT ...: a fresh tree with these files
    rm -rf "$TMP/t"
    mkdir -p "$TMP/t/tools" "$TMP/t/src"
    cp "$SOURCE/tools/layers.txt" "$TMP/t/tools/"
    while [ $# -gt 0 ]; do
        mkdir -p "$TMP/t/$(dirname "$1")"
        printf '%b\n' "$2" >"$TMP/t/$1"
        shift 2
    done
}

tree src/base/err.h '' src/line/line.c '#include "base/err.h"\n#include <stdio.h>\n#include "line/line.h"'
expect_exit 0 "$CHECK" "$TMP/t"
expect_out '^ok: 2 files'

tree src/base/err.c '\n#include "image/frame.h"'
expect_exit 1 "$CHECK" "$TMP/t"
expect_out '^src/base/err.c:2: "base" may not include "image"'

tree src/line/line.c '#include "task/task.h"' src/task/task.h '#include "train/loss.h"'
expect_exit 1 "$CHECK" "$TMP/t"
expect_out '"line" may not reach "train", but does: line -> task -> train'

tree src/line/line.c '  #  include "lab/eval.h"'
expect_exit 1 "$CHECK" "$TMP/t"
expect_out '^src/line/line.c:1: "line" may not reach "lab"'

tree src/watch/w.c '#include <sqlite3.h>' src/catalog/c.c '#include <sqlite3.h>'
expect_exit 1 "$CHECK" "$TMP/t"
expect_out '^src/watch/w.c:1: "sqlite3.h" may appear in src/catalog/ only'
expect_no_out '^src/catalog'

tree src/camera/drv_gst.c '#include <gst/app/gstappsink.h>' src/camera/camera.c '#include <glib-object.h>'
expect_exit 1 "$CHECK" "$TMP/t"
expect_out '^src/camera/camera.c:1: "glib-object.h"'
expect_no_out '^src/camera/drv_gst'

tree src/engine/conv.c '#include <oneapi/dnnl/dnnl.h>'
expect_exit 1 "$CHECK" "$TMP/t"
expect_out '^src/engine/conv.c:1'

tree src/engine/onednn_conv.c '#include "engine/onednn_priv.h"' src/engine/conv.c '#include "engine/onednn_priv.h"'
expect_exit 1 "$CHECK" "$TMP/t"
expect_out '^src/engine/conv.c:1: "engine/onednn_priv.h" may appear in src/engine/onednn\*.c only'
expect_no_out '^src/engine/onednn_conv.c'

tree src/line/line.c '#include "catalog/catalog.h"'
expect_exit 1 "$CHECK" "$TMP/t"
expect_out '"line" is in assay-edge and "catalog" is not'

tree src/vision/v.c ''
expect_exit 1 "$CHECK" "$TMP/t"
expect_out 'module "vision" is not in tools/layers.txt'

tree src/base/a.c '#include "../image/frame.h"' src/base/b.c '#include "err.h"' src/base/c.c '#include "nowhere/x.h"'
expect_exit 1 "$CHECK" "$TMP/t"
expect_out '^src/base/a.c:1: .* is a relative path'
expect_out '^src/base/b.c:1: .* does not say its module'
expect_out '^src/base/c.c:1: .* is of no module'
expect_out '^failed: 3 breaks'

expect_exit 3 "$CHECK" "$TMP"
expect_exit 0 "$CHECK" "$SOURCE"
finish
