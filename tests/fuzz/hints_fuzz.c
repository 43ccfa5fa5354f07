/* SPDX-License-Identifier: Apache-2.0 */
/* Any metadata in a model: lines of a key, a tab and its value. What is read is bounded. */
#include <stdlib.h>
#include <string.h>

#include "graph/build.h"
#include "task/hints.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_hints  hints;
    as_graph *graph = as_graph_new("fuzz", NULL);
    char     *text = strndup((const char *)data, size);
    for (char *line = text, *rest = NULL; graph && line && *line; line = rest) {
        rest = line + strcspn(line, "\n");
        if (*rest)
            *rest++ = '\0';
        char *value = strchr(line, '\t');
        if (value && value > line) {
            *value++ = '\0';
            if (!as_graph_set_meta(graph, line, value, NULL))
                break;
        }
    }
    if (graph && as_hints_read(graph, &hints, NULL)) {
        for (size_t i = 0; i < hints.labels.names.n; i++)
            if (strlen(hints.labels.names.at[i]) > 255)
                abort();
        as_hints_done(&hints);
    }
    as_graph_free(graph);
    free(text);
    return 0;
}
