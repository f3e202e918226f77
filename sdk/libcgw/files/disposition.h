/* Content-Disposition: what a browser does with a reply, and how it is to save it (RFC 6266). */
#ifndef FILES_DISPOSITION_H
#define FILES_DISPOSITION_H
#include "base/arena.h"

/* filename: UTF-8, of any bytes. The field's value, in the arena; NULL: out of memory. */
const char *disposition_write(struct arena *arena, const char *filename, bool is_inline);
#endif
