/*
 * The zygote hears orders and tells of ends. Both are packets on one socket, and orders are obeyed
 * in their turn, so who is ordered to be killed is so before the next one is forked. Should the
 * zygote itself be killed, its helpers are, too, and the next job forks another.
 */
#include "process/staff.h"
#include "base/memory.h"
#include "process/frame.h"
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HELPERS_MAX = 64 };

struct staff {
    struct runtime *runtime;
    struct cgw_processes options; /* with the defaults put in */
    struct zygote zygote;         /* fd -1: there is none */
    struct cgw_watch watch;
    cgw_sem places; /* of those that may work at once */
    struct list all, idle;
    size_t n_working;
    bool is_watched; /* the zygote's socket is */
    uint32_t last_id;
    struct task *closer; /* waits for the zygote's end, or NULL */
};

const struct cgw_processes *staff_options(const struct staff *staff)
{
    return &staff->options;
}

/* ---- members ---- */

static void free_member(struct staff_member *member)
{
    list_remove(&member->link);
    list_remove(&member->rest);
    timer_stop(&member->staff->runtime->timers, &member->idle);
    close(member->fd);
    memory_free(member);
}

/* One that works is its task's to free. */
static void has_ended(struct staff_member *member, int status, int error)
{
    if (!list_is_empty(&member->rest)) {
        free_member(member);
        return;
    }
    member->has_ended = true;
    member->status = status;
    member->error = error;
    if (member->waiter)
        task_wake(member->waiter, CGW_OK);
}

static struct staff_member *find(struct staff *staff, uint32_t id)
{
    list_each (node, &staff->all) {
        struct staff_member *member = list_owner(node, struct staff_member, link);
        if (member->id == id)
            return member;
    }
    return NULL;
}

/* ---- the zygote ---- */

static void forget_zygote(struct staff *staff)
{
    struct runtime *runtime = staff->runtime;
    if (staff->is_watched)
        runtime->loop->watch_stop(runtime->home, &staff->watch);
    staff->is_watched = false;
}

/* Who has SIGCHLD ignored has it waited for already, and its number may be another's. */
static void bury_zygote(struct staff *staff)
{
    pid_t pid = staff->zygote.pid;
    forget_zygote(staff);
    close(staff->zygote.fd);
    staff->zygote.fd = -1;
    if (waitpid(pid, NULL, WNOHANG) == 0) {
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (staff->closer)
        task_wake(staff->closer, CGW_OK);
}

static void zygote_has_ended(struct staff *staff)
{
    for (struct list *node = staff->all.next, *next; node != &staff->all; node = next) {
        next = node->next;
        has_ended(list_owner(node, struct staff_member, link), -1, 0);
    }
    bury_zygote(staff);
}

/* What the zygote has told by now. */
static void hear(struct staff *staff)
{
    struct frame_ended frame;
    while (staff->zygote.fd >= 0) {
        ssize_t n = recv(staff->zygote.fd, &frame, sizeof(frame), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n != (ssize_t)sizeof(frame)) {
            zygote_has_ended(staff);
            return;
        }
        struct staff_member *member = find(staff, frame.id);
        if (member)
            has_ended(member, frame.status, frame.error);
    }
}

static void zygote_tells(struct cgw_call *call, struct cgw_watch *watch, uint32_t ready, void *arg)
{
    struct staff *staff = arg;
    struct runtime *runtime = staff->runtime;
    (void)watch, (void)ready;
    runtime_enter(runtime, call);
    hear(staff);
    runtime_run(runtime);
}

static int watch_zygote(struct staff *staff)
{
    struct runtime *runtime = staff->runtime;
    if (!staff->is_watched &&
        runtime->loop->watch_start(runtime->home, &staff->watch, staff->zygote.fd, CGW_READABLE,
                                   zygote_tells, staff) == CGW_OK)
        staff->is_watched = true;
    return staff->is_watched ? CGW_OK : CGW_ENOMEM;
}

static int start_zygote(struct staff *staff)
{
    int status = zygote_start(task_here()->fiber, &staff->options, &staff->zygote);
    if (status != CGW_OK)
        staff->zygote.fd = -1;
    return status;
}

/* fd: the helper's end of its socket, or -1. Few orders are ever under way, so one that does not
   fit means that nobody hears them: then it has to go. */
static void order(struct staff *staff, uint32_t kind, uint32_t id, int fd)
{
    struct frame_order frame = {kind, id};
    struct iovec part = {&frame, sizeof(frame)};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        control.head = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
    }
    if (staff->zygote.fd >= 0 &&
        sendmsg(staff->zygote.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EPIPE &&
        errno != ECONNRESET) /* it has gone, and its number may be another's */
        kill(staff->zygote.pid, SIGKILL);
}

/* ---- begin and end ---- */

static uint32_t processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 0 ? (uint32_t)n : 1;
}

static struct cgw_processes with_defaults(const struct cgw_processes *options)
{
    struct cgw_processes all = *options;
    uint32_t helpers = all.helpers ? all.helpers : processors();
    all.helpers = helpers < HELPERS_MAX ? helpers : HELPERS_MAX;
    all.idle = all.idle > 0 ? all.idle : 60;
    all.acquire_timeout = all.acquire_timeout > 0 ? all.acquire_timeout : 30;
    all.max_bytes = all.max_bytes ? all.max_bytes : (uint64_t)16 << 20;
    return all;
}

int staff_new(const struct cgw_processes *options, struct staff **ret_staff)
{
    struct staff *staff = memory_zalloc(sizeof(*staff));
    if (!staff)
        return CGW_ENOMEM;
    staff->runtime = task_here()->runtime;
    staff->options = with_defaults(options);
    staff->places.n = (int)staff->options.helpers;
    list_init(&staff->all);
    list_init(&staff->idle);
    int status = start_zygote(staff);
    if (status != CGW_OK) {
        memory_free(staff);
        return status;
    }
    *ret_staff = staff;
    return CGW_OK;
}

static void stay(struct task *task)
{
    (void)task;
}

/* Closing our end would do, but then nobody would say that the last one has ended. */
static void wait_for_end(struct staff *staff)
{
    struct task *task = task_here();
    shutdown(staff->zygote.fd, SHUT_WR);
    CGW_TIMEOUT(1)
    {
        staff->closer = task;
        if (watch_zygote(staff) == CGW_OK && !task_reason(task))
            (void)task_park(task, "ending helper processes", NULL, stay, NULL);
        staff->closer = NULL;
    }
    if (staff->zygote.fd < 0)
        return;
    bury_zygote(staff);
}

void staff_free(struct staff *staff)
{
    if (!staff)
        return;
    while (!list_is_empty(&staff->all))
        free_member(list_owner(staff->all.next, struct staff_member, link));
    hear(staff);
    if (staff->zygote.fd >= 0)
        wait_for_end(staff);
    memory_free(staff);
}

/* ---- take and give ---- */

/* Its own timeout is told from those around it. */
static int take_place(struct staff *staff, const struct cgw_site *site)
{
    struct task *task = task_here();
    if (task_reason(task))
        return task_reason(task);
    if (cgw_sem_try(&staff->places))
        return CGW_OK;
    int status = CGW_ETIMEDOUT;
    CGW_TIMEOUT(staff->options.acquire_timeout)
    {
        status = cgw__sem_get(&staff->places, site);
    }
    return status == CGW_ETIMEDOUT && !task_reason(task) ? CGW_EBUSY : status;
}

static void idle_is_over(struct timer *timer)
{
    free_member(list_owner(timer, struct staff_member, idle));
}

static struct staff_member *new_member(struct staff *staff, int *ret_other)
{
    int ends[2];
    struct staff_member *member = memory_zalloc(sizeof(*member));
    if (!member || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        memory_free(member);
        return NULL;
    }
    member->staff = staff;
    member->fd = ends[0];
    member->id = ++staff->last_id;
    member->idle.fn = idle_is_over;
    list_init(&member->rest);
    list_append(&staff->all, &member->link);
    *ret_other = ends[1];
    return member;
}

static int start_member(struct staff *staff, struct staff_member **ret_member)
{
    int other;
    if (staff->zygote.fd < 0) {
        runtime_log(staff->runtime, NULL, CGW_LOG_WARNING,
                    "the process that forks helper processes has ended, by whatever hand; another "
                    "one is forked");
        int status = start_zygote(staff);
        if (status != CGW_OK)
            return status == -ENOMEM ? CGW_ENOMEM : CGW_EBUSY;
    }
    struct staff_member *member = new_member(staff, &other);
    if (!member)
        return errno == EMFILE || errno == ENFILE ? CGW_EBUSY : CGW_ENOMEM;
    order(staff, FRAME_START, member->id, other);
    close(other);
    *ret_member = member;
    return CGW_OK;
}

static struct staff_member *wake_member(struct staff *staff)
{
    struct staff_member *member = list_owner(staff->idle.next, struct staff_member, rest);
    list_remove(&member->rest);
    timer_stop(&staff->runtime->timers, &member->idle);
    return member;
}

static void one_works_less(struct staff *staff)
{
    if (--staff->n_working == 0)
        forget_zygote(staff);
    cgw_sem_put(&staff->places);
}

static int find_or_start(struct staff *staff, struct staff_member **ret_member)
{
    hear(staff);
    if (list_is_empty(&staff->idle))
        return start_member(staff, ret_member);
    *ret_member = wake_member(staff);
    return CGW_OK;
}

int staff_take(struct staff *staff, const struct cgw_site *site, struct staff_member **ret_member)
{
    struct staff_member *member;
    int status = take_place(staff, site);
    if (status != CGW_OK)
        return status;
    staff->n_working++;
    status = find_or_start(staff, &member);
    if (status != CGW_OK) {
        one_works_less(staff);
        return status;
    }
    if (watch_zygote(staff) != CGW_OK) {
        staff_dismiss(member);
        return CGW_ENOMEM;
    }
    *ret_member = member;
    return CGW_OK;
}

void staff_give(struct staff_member *member)
{
    struct staff *staff = member->staff;
    struct timer_heap *timers = &staff->runtime->timers;
    uint64_t over_us = runtime_now_us(staff->runtime) + runtime_us(staff->options.idle);
    if (member->has_ended || timer_start(timers, &member->idle, over_us) != CGW_OK)
        free_member(member); /* it ends when it sees that its socket is closed */
    else
        list_append(staff->idle.next, &member->rest);
    one_works_less(staff);
}

void staff_dismiss(struct staff_member *member)
{
    struct staff *staff = member->staff;
    if (!member->has_ended)
        order(staff, FRAME_KILL, member->id, -1);
    free_member(member);
    one_works_less(staff);
}

/* ---- while it works ---- */

static void is_ready(struct cgw_call *call, struct cgw_watch *watch, uint32_t ready, void *arg)
{
    struct staff_member *member = arg;
    struct runtime *runtime = member->staff->runtime;
    (void)watch, (void)ready;
    runtime_enter(runtime, call);
    if (member->waiter)
        task_wake(member->waiter, CGW_OK);
    runtime_run(runtime);
}

static int park(struct staff_member *member, const struct cgw_site *site)
{
    member->waiter = task_here();
    int status = task_park(member->waiter, "in a helper process", site, stay, NULL);
    member->waiter = NULL;
    return status;
}

int staff_wait(struct staff_member *member, uint32_t events, const struct cgw_site *site)
{
    struct runtime *runtime = member->staff->runtime;
    int reason = task_reason(task_here());
    if (reason || member->has_ended)
        return reason;
    int status = runtime->loop->watch_start(runtime->home, &member->watch, member->fd, events,
                                            is_ready, member);
    if (status != CGW_OK)
        return status;
    status = park(member, site);
    runtime->loop->watch_stop(runtime->home, &member->watch);
    return status;
}

int staff_end(struct staff_member *member, const struct cgw_site *site)
{
    int status = CGW_OK;
    if (!member->has_ended)
        order(member->staff, FRAME_KILL, member->id, -1);
    while (!member->has_ended && status == CGW_OK) {
        status = task_reason(task_here());
        if (status == CGW_OK)
            status = park(member, site);
    }
    return status;
}
