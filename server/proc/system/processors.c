/* The affinity mask, and cpu.max of each control group from ours up to the root. */
#include "proc/system/processors.h"
#include "proc/system/small_file.h"
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4200 };

static uint32_t allowed(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return (uint32_t)CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN); /* more than a mask of that size holds */
    return online > 0 ? (uint32_t)online : 1;
}

uint32_t processors_of_quota(const char *text)
{
    unsigned long long quota, period;
    if (sscanf(text, "%llu %llu", &quota, &period) != 2 || period == 0)
        return 0;
    return (uint32_t)((quota + period - 1) / period);
}

/* The least quota on the way from our group to the root; 0: none. */
static uint32_t quota(void)
{
    char groups[4096], path[PATH_BYTES], text[64];
    uint32_t least = 0;
    if (!small_file_read("/proc/self/cgroup", groups, sizeof groups))
        return 0;
    char *own = strstr(groups, "0::");
    if (!own)
        return 0;
    own += 3;
    own[strcspn(own, "\n")] = '\0';
    for (char *end = own + strlen(own); end; end = strrchr(own, '/')) {
        *end = '\0';
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", own);
        uint32_t n = small_file_read(path, text, sizeof text) ? processors_of_quota(text) : 0;
        least = n && (!least || n < least) ? n : least;
    }
    return least;
}

uint32_t processors_count(void)
{
    uint32_t n = allowed(), most = quota();
    n = most && most < n ? most : n;
    return n ? n : 1;
}
