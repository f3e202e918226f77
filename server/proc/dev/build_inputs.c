/* The few quotes of make's that compilers write: "\ " and "\#", "$$", and a backslash at line ends.
 */
#include "proc/dev/build_inputs.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RULE_BYTES_MAX = 1 << 20, INPUTS_MAX = 10000 };

bool build_inputs_add(struct build_inputs *inputs, const char *path)
{
    for (size_t i = 0; i < inputs->n; i++)
        if (strcmp(inputs->paths[i], path) == 0)
            return true;
    char **paths = mem_realloc(inputs->paths, (inputs->n + 1) * sizeof *paths);
    char *copy = paths ? mem_strdup(path) : NULL;
    if (paths)
        inputs->paths = paths;
    if (!copy)
        return false;
    inputs->paths[inputs->n++] = copy;
    return true;
}

void build_inputs_fini(struct build_inputs *inputs)
{
    for (size_t i = 0; i < inputs->n; i++)
        mem_free(inputs->paths[i]);
    mem_free(inputs->paths);
    *inputs = (struct build_inputs){NULL, 0};
}

/* name, in the folder of the file beside; nothing is added where that has none. */
static bool add_beside(struct build_inputs *inputs, const char *beside, const char *name)
{
    const char *slash = strrchr(beside, '/');
    if (!slash)
        return true;
    char *path = mem_printf("%.*s/%s", (int)(slash - beside), beside, name);
    bool is_added = path && build_inputs_add(inputs, path);
    mem_free(path);
    return is_added;
}

bool build_inputs_guess(struct build_inputs *inputs)
{
    size_t n = inputs->n;
    for (size_t i = 0; i < n; i++) {
        if (inputs->paths[i][0] == '/' || access(inputs->paths[i], F_OK) == 0)
            continue;
        for (size_t j = 0; j < n && inputs->n < INPUTS_MAX; j++)
            if (access(inputs->paths[j], F_OK) == 0 &&
                !add_beside(inputs, inputs->paths[j], inputs->paths[i]))
                return false;
    }
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Unquote the word at *at in place, end it with NUL, and move *at behind it. NULL: no word left. */
static char *next_word(char **at)
{
    char *from = *at;
    while (is_blank(*from) || (*from == '\\' && (from[1] == '\n' || from[1] == '\r')))
        from += *from == '\\' ? 2 : 1;
    if (!*from)
        return NULL;
    char *word = from, *to = from;
    while (*from && !is_blank(*from)) {
        if (*from == '\\' && (from[1] == '\n' || from[1] == '\r'))
            break;
        if ((*from == '\\' && (from[1] == ' ' || from[1] == '#')) ||
            (*from == '$' && from[1] == '$'))
            from++;
        *to++ = *from++;
    }
    *at = *from ? from + 1 : from;
    *to = '\0';
    return word;
}

static int parse(struct build_inputs *inputs, char *rule)
{
    char *colon = strstr(rule, ": ");
    if (!colon)
        return -EINVAL;
    char *at = colon + 1;
    for (char *word; (word = next_word(&at)) && inputs->n < INPUTS_MAX;)
        if (!build_inputs_add(inputs, word))
            return -ENOMEM;
    return 0;
}

static int read_rule(int fd, char *rule, size_t size)
{
    size_t n = 0;
    while (n < size) {
        ssize_t got = read(fd, rule + n, size - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    rule[n] = '\0';
    return 0;
}

int build_inputs_read(struct build_inputs *inputs, const char *file)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int status = fstat(fd, &st) < 0 ? -errno : st.st_size > RULE_BYTES_MAX ? -EFBIG : 0;
    char *rule = status == 0 ? mem_alloc((size_t)st.st_size + 1) : NULL;
    if (status == 0)
        status = rule ? read_rule(fd, rule, (size_t)st.st_size) : -ENOMEM;
    close(fd);
    if (status == 0)
        status = parse(inputs, rule);
    mem_free(rule);
    return status;
}
