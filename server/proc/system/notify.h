/*
 * What a service manager is told: sd_notify(3)'s protocol, datagrams to the socket that
 * NOTIFY_SOCKET names. Without one nothing happens; a manager that does not listen is no error.
 */
#ifndef PROC_SYSTEM_NOTIFY_H
#define PROC_SYSTEM_NOTIFY_H
#include <stdint.h>

/* Send lines of NAME=VALUE: "READY=1", "RELOADING=1\nMONOTONIC_USEC=…". Never blocks. [supervisor]
 */
void notify_send(const char *text);
/* How often "WATCHDOG=1" is expected at the latest, from WATCHDOG_USEC, if it is meant for this
   process; send it at half of that. 0: never. */
uint64_t notify_watchdog_us(void);
/* "RELOADING=1" with the time that Type=notify-reload wants. */
void notify_reloading(void);
#endif
