/*
 * What check_watch and check_watch_tree have in common: app.so, app.c, app.h, src/a.c, src/deep/
 * and build/ in a folder that is the current one, and a watch whose reports are counted. They run
 * in the build tree, where modules/ ($MODULES then) holds real ones.
 */
#ifndef WATCH_PLAY_H
#define WATCH_PLAY_H
#include "proc/dev/watch.h"
#include "unit.h"
#include <stdbool.h>

#define COUNT(array) (int)(sizeof(array) / sizeof(array)[0])

extern struct settings settings;
extern struct ev_loop *loop;
extern struct watch *watch;
extern int n_reports;
extern char reported[4096]; /* the last one's path */
extern bool was_whole;      /* the module, at the last report */
/* How many watches the system has left, and why it has no instance of inotify; 0: it has. */
extern int watches, instances_error;

void watch_play_setup(void);
void watch_play_teardown(void);

/* In a shell, with success. */
void run(const char *command);
/* Watch app.c in place of app.so; the folder src, too. Before begin(). */
void use_source(void);
void use_folder(void);
void changed(void *arg, const char *path);
void begin(void);
/* Turn the loop for so long. */
void turn(double seconds);
/* Wait for the next report, and that no second one comes of the same. */
void await_report(const char *path);
void assert_quiet(void);
#endif
