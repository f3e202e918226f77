/*
 * Forms over any bytes, cut anywhere: the parsers make the same of them as a whole and in pieces,
 * and end in an error or at the end.
 *
 * The first byte says which parser, and how long the pieces are; the second, how long the first is.
 */
#include "../unit/form_play.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct play whole, cut;
    if (size < 2)
        return 0;
    const char *boundary = data[0] & 1 ? NULL : "B";
    cgw_str body = {(const char *)data + 2, size - 2};
    size_t len = (size_t)(data[0] >> 1) + 1;
    play_form(&whole, boundary, body, body.len + 1, 1);
    play_form(&cut, boundary, body, data[1], len);
    if (whole.len != cut.len || memcmp(whole.trace, cut.trace, whole.len) != 0)
        abort();
    return 0;
}
