/* An error sticks, so that a function may write on and look once, or never. */
#include "process/output.h"

void output_init(struct cgw_output *output, uint64_t max_bytes)
{
    arena_init(&output->arena, NULL, 0);
    output->buffer = BUFFER_IN(&output->arena);
    output->max_bytes = max_bytes;
    output->status = CGW_OK;
}

void output_fini(struct cgw_output *output)
{
    arena_fini(&output->arena);
}

static int status_of(const struct cgw_output *output)
{
    return output->status != CGW_OK ? output->status : output->buffer.status;
}

int cgw_output_add(cgw_output *out, const void *ptr, size_t len)
{
    if (len > out->max_bytes - out->buffer.len)
        out->status = CGW_ETOOBIG;
    if (status_of(out) == CGW_OK)
        buffer_add(&out->buffer, ptr, len);
    return status_of(out);
}

int cgw_output_printf(cgw_output *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (status_of(out) == CGW_OK)
        buffer_vprintf(&out->buffer, format, args);
    va_end(args);
    if (out->buffer.len > out->max_bytes)
        out->status = CGW_ETOOBIG;
    return status_of(out);
}

int output_text(struct cgw_output *output, cgw_str *ret_text)
{
    *ret_text = (cgw_str){output->buffer.ptr, output->buffer.len};
    return status_of(output);
}
