/*
 * The pulse of a worker's loop, on the board: that it turns, how long its turns take, and what it
 * has in hand. The supervisor tells by it a loop that hangs from one that has nothing to do.
 */
#ifndef NET_PULSE_H
#define NET_PULSE_H
#include "base/board.h"
#include "net/net.h"

/*
 * Keep the slot's pulse and gauges from now on; both outlive the loop, or pulse_stop(). One in a
 * process. Takes the loop's release callback. Begin before the worker is forbidden to read /proc,
 * else rss_bytes stays 0. 0: there is no failure. Loop thread.
 */
int pulse_start(struct net *net, struct board_slot *slot);
/* Before the loop is destroyed; without effect where none was started. */
void pulse_stop(void);
#endif
