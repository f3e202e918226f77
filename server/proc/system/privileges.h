/*
 * Whom the workers become: --user and --group, looked up by the supervisor while names can still be
 * resolved, taken on by each worker before it loads the module. A worker never gains privileges by
 * exec, whatever its user. The supervisor stays who it is: it binds, logs and upgrades.
 */
#ifndef PROC_SYSTEM_PRIVILEGES_H
#define PROC_SYSTEM_PRIVILEGES_H
#include "base/settings.h"
#include <sys/types.h>

enum { PRIVILEGES_GROUPS = 64 };

struct privileges {
    bool has_user, has_group; /* to be changed at all */
    uid_t uid;                /* of the workers, changed or not */
    gid_t gid;
    gid_t groups[PRIVILEGES_GROUPS]; /* supplementary, gid among them */
    size_t n_groups;
};

/*
 * Look the names up; numbers are taken without a look. 0; or a negative errno with *ret_error a
 * line (mem_free(); NULL: out of memory): there is no such user, or this process cannot become it.
 */
int privileges_find(const struct settings *settings, struct privileges *ret, char **ret_error);
/*
 * Become that user, for good, and set "no new privileges" in any case. The process stays dumpable:
 * cores are written, and the supervisor's reporters may look into it. 0 or a negative errno as
 * above: the worker must not go on. [worker, before other threads of the application's exist]
 */
int privileges_drop(const struct privileges *privileges, char **ret_error);
/*
 * Make the log files that options name, where they are not there, and give them to the workers'
 * user, who is to open them anew after a rotation. Files of others, and what is no plain file, stay
 * as they are. Before the first worker and at each rotation. 0 or a negative errno as above.
 */
int privileges_give_logs(const struct privileges *privileges, const struct settings *settings,
                         char **ret_error);
#endif
