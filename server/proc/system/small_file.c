/* Reading what the kernel prints. */
#include "proc/system/small_file.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

size_t small_file_read(const char *path, char *dst, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, dst, room - 1);
    if (fd >= 0)
        close(fd);
    dst[n < 0 ? 0 : n] = '\0';
    return n < 0 ? 0 : (size_t)n;
}

size_t small_file_of_process(pid_t pid, const char *name, char *dst, size_t room)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return small_file_read(path, dst, room);
}

void small_file_status(pid_t pid, char *ret_state, pid_t *ret_tracer)
{
    char text[4096], state = 'R';
    int tracer = 0;
    small_file_of_process(pid, "status", text, sizeof text);
    const char *line = strstr(text, "\nState:");
    if (line)
        sscanf(line, "\nState: %c", &state);
    line = strstr(text, "\nTracerPid:");
    if (line)
        sscanf(line, "\nTracerPid: %d", &tracer);
    *ret_state = state;
    *ret_tracer = tracer;
}
