/* The answer that a function in a helper writes: in memory, up to a limit. */
#ifndef PROCESS_OUTPUT_H
#define PROCESS_OUTPUT_H
#include "base/buffer.h"
#include <cgw/process.h>

struct cgw_output {
    struct arena arena;
    struct buffer buffer;
    uint64_t max_bytes;
    int status; /* CGW_OK, or CGW_ETOOBIG */
};
void output_init(struct cgw_output *output, uint64_t max_bytes);
void output_fini(struct cgw_output *output);
/* What is in it; a code: it is not whole. */
int output_text(struct cgw_output *output, cgw_str *ret_text);
#endif
