/* Playing one request by one scenario: what a child does from its first breath to its end. */
#ifndef VALIDATE_PLAY_H
#define VALIDATE_PLAY_H
#include "validate/request.h"
#include "validate/script.h"

/* Load the module, say what it is, and end. */
_Noreturn void play_load(const char *module);
/* Load it, start it, play the request at each step of the script's mishap, stop it, and end. */
_Noreturn void play_run(const char *module, const struct script *script,
                        const struct request *request);
#endif
