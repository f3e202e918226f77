/* The worker's life: the folder is opened at startup, so that a wrong one is a message and not a
   server of 404s, and closed at shutdown. scope.state of every call is the struct root. */
#ifndef FILES_LIFE_H
#define FILES_LIFE_H
#include <cgw/abi.h>

void life_begin(struct cgw_call *call);
#endif
