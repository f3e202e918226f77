/*
 * Runs a fuzz target over the files of its corpus where libFuzzer is not there to do it, so that
 * every compiler's check replays what was ever found. Arguments: files or folders; without any, the
 * corpus that is named at compile time, in the source folder.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An exact copy, so that AddressSanitizer sees a read past its end. */
static int replay_bytes(const char *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        return -1;
    memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    return 1;
}

static int replay_file(const char *path)
{
    static char bytes[1 << 20];
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return replay_bytes(bytes, size);
}

/* The number of inputs, or -1. */
static int replay(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder)
        return replay_file(path);
    int n = 0;
    for (struct dirent *entry; n >= 0 && (entry = readdir(folder));) {
        char name[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        n = replay_file(name) < 0 ? -1 : n + 1;
    }
    closedir(folder);
    return n;
}

int main(int argc, char **argv)
{
    char path[4096];
    const char *source = getenv("srcdir");
    int total = 0;
    snprintf(path, sizeof path, "%s/tests/fuzz/corpus/%s", source ? source : ".", FUZZ_CORPUS);
    char *own[] = {argv[0], path};
    if (argc < 2) {
        argc = 2;
        argv = own;
    }
    for (int i = 1; i < argc; i++) {
        int n = replay(argv[i]);
        if (n <= 0)
            return EXIT_FAILURE;
        total += n;
    }
    printf("%d inputs replayed\n", total);
    return EXIT_SUCCESS;
}
