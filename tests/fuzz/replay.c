/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c - runs a fuzz target over its corpus, so that an ordinary build without libFuzzer tests it too. */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#define MAX_INPUT_BYTES (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        fprintf(stderr, "cannot open '%s': %s\n", path, strerror(errno));
        return false;
    }
    struct stat st;
    if (fstat(fileno(f), &st) != 0 || st.st_size < 0 || st.st_size > MAX_INPUT_BYTES) {
        fprintf(stderr, "cannot use '%s': not a file of at most %u bytes\n", path, MAX_INPUT_BYTES);
        fclose(f);
        return false;
    }
    size_t   size = (size_t)st.st_size;
    uint8_t *data = malloc(size ? size : 1); /* exactly its size, so that a read past the end is seen */
    bool     ok = data && fread(data, 1, size, f) == size;
    fclose(f);
    if (ok)
        LLVMFuzzerTestOneInput(data, size);
    else
        fprintf(stderr, "cannot read '%s'\n", path);
    free(data);
    return ok;
}

/* argv: the corpus folder (made of plain files), or files. */
int main(int argc, char **argv)
{
    size_t      n = 0;
    bool        ok = true;
    struct stat st;
    for (int i = 1; i < argc; i++) {
        if (stat(argv[i], &st) != 0 || !S_ISDIR(st.st_mode)) {
            ok = replay_file(argv[i]) && ok;
            n++;
            continue;
        }
        struct dirent **names;
        int             n_names = scandir(argv[i], &names, NULL, alphasort);
        for (int k = 0; k < n_names; k++) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[i], names[k]->d_name);
            if (names[k]->d_name[0] != '.') {
                ok = replay_file(path) && ok;
                n++;
            }
            free(names[k]);
        }
        if (n_names >= 0)
            free(names);
    }
    if (n == 0) {
        fprintf(stderr, "no input in the corpus: add at least one file to '%s'\n", argc > 1 ? argv[1] : "");
        return 1;
    }
    printf("%zu inputs\n", n);
    return ok ? 0 : 1;
}
