/* Which bytes of a file a Range field asks for (RFC 9110, section 14). */
#ifndef FILES_RANGE_H
#define FILES_RANGE_H
#include <cgw/abi.h>

enum range_answer {
    RANGE_WHOLE, /* no range, one we do not understand, or several: send everything, 200 */
    RANGE_PART,  /* send part, 206 */
    RANGE_NONE   /* nothing of it lies in the file, 416 */
};

struct range {
    uint64_t first, count; /* bytes; count > 0 */
};

/* *ret_part is set for RANGE_PART only. */
enum range_answer range_parse(struct cgw_str value, uint64_t size, struct range *ret_part);
#endif
