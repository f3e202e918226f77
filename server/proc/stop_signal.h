/*
 * Stop signals as they are counted: by the handler, not by the loop, which may be held up by the
 * application. Those of the parent process and those of all others are counted apart: what reached
 * the whole group and is then said again by the parent is one. From the second on, a loop that does
 * not end the process within a second is ended with it.
 */
#ifndef PROC_STOP_SIGNAL_H
#define PROC_STOP_SIGNAL_H

/* Take the signal over from the loop's watcher, which still hears of it by tell_loop(), an
   async-signal-safe function. */
void stop_signal_install(int signal, void (*tell_loop)(int signal));
/* How many there were: of the parent, or of others, whoever has sent more. */
int stop_signal_count(void);
#endif
