/* Every play of fiber_play.c, or those that are named, in a program that needs nothing but the C
   library: for other processors and for what watches programs. */
#include "fiber_play.h"
#include <string.h>

static int is_wanted(const char *name, char **names)
{
    if (!*names)
        return 1;
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    (void)argc;
    for (const struct fiber_play *play = fiber_plays; play->name; play++)
        if (is_wanted(play->name, argv + 1)) {
            play->run();
            printf("ok %s\n", play->name);
        }
    return EXIT_SUCCESS;
}
