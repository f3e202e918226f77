/* The content-type that a file's name suggests. */
#ifndef FILES_MIME_H
#define FILES_MIME_H
#include <cgw/abi.h>

/* By the extension behind the last dot, in any case; application/octet-stream where it says
   nothing. Text carries its charset, UTF-8. The bytes are static. */
struct cgw_str mime_of(const char *name);
#endif
