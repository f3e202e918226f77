/* Which bytes of a file a Range field asks for (RFC 9110, section 14). */
#ifndef FILES_RANGE_H
#define FILES_RANGE_H
#include <cgw/abi.h>

enum { RANGES_MAX = 100 }; /* more of them are somebody who makes a server work: the whole file */

enum range_answer {
    RANGE_WHOLE, /* an empty file, or more than RANGES_MAX: send everything, 200 */
    RANGE_PARTS, /* send ranges, 206 */
    RANGE_NONE,  /* nothing of it lies in the file, 416 */
    RANGE_BAD    /* no list of ranges of bytes, 400 */
};

struct range {
    uint64_t first, count; /* bytes; count > 0 */
};

/* In the order asked for; none touches another. */
struct ranges {
    struct range items[RANGES_MAX];
    size_t n;
};

/* *ret_ranges is filled for RANGE_PARTS only. */
enum range_answer range_parse(struct cgw_str value, uint64_t size, struct ranges *ret_ranges);
#endif
