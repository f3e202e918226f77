/*
 * What the JSON reader says of texts, for tests/unit/check_json_python: standard input is texts,
 * each behind its length (decimal, and a newline); a line comes out for each: "ok", or the position
 * and why.
 */
#include "model/json_read.h"
#include <stdio.h>
#include <stdlib.h>

static bool judge(size_t len)
{
    struct json_reader reader;
    struct json_value value;
    char *text = malloc(len ? len : 1);
    bool is_whole = text && fread(text, 1, len, stdin) == len;
    if (is_whole) {
        json_read_init(&reader, (cgw_str){text, len});
        if (json_read_value(&reader, &value) && json_read_rest(&reader, &value) &&
            json_read_end(&reader))
            puts("ok");
        else
            printf("%zu %s\n", json_read_position(&reader), reader.why);
    }
    free(text);
    return is_whole;
}

int main(void)
{
    char line[32];
    while (fgets(line, sizeof line, stdin))
        if (!judge(strtoul(line, NULL, 10)))
            return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
