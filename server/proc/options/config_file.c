/* A config file is small: it is read whole, then cut in place into keys and values. */
#include "proc/options/config_file.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS 1000 /* for what a pipe's other end writes */

/* What is in fd, at most one byte more than is allowed. The bytes, or a negative errno. */
static ssize_t read_all(int fd, char *dst, size_t room)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    size_t n = 0;
    while (n < room) {
        int ready = poll(&readable, 1, WAIT_MS);
        if (ready == 0)
            return -ETIMEDOUT;
        ssize_t got = read(fd, dst + n, room - n);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

int config_file_open(struct config_file *file, const char *path)
{
    static const char mark[] = "\xef\xbb\xbf"; /* some editors begin UTF-8 so */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    char *text = mem_alloc(CONFIG_FILE_BYTES + 1);
    ssize_t n = text ? read_all(fd, text, CONFIG_FILE_BYTES + 1) : -ENOMEM;
    close(fd);
    if (n < 0 || n > CONFIG_FILE_BYTES) {
        mem_free(text);
        return n < 0 ? (int)n : -EFBIG;
    }
    bool has_mark = n >= 3 && memcmp(text, mark, 3) == 0;
    *file = (struct config_file){text, text + (has_mark ? 3 : 0), text + n, 0};
    return 0;
}

void config_file_close(struct config_file *file)
{
    mem_free(file->text);
    *file = (struct config_file){NULL, NULL, NULL, 0};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char *skip_blanks(char *s)
{
    while (is_blank(*s))
        s++;
    return s;
}

/* Bytes of the UTF-8 character at s, before end; 0: it is none (RFC 3629 4). */
static size_t utf8_bytes(const unsigned char *s, const unsigned char *end)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = *s < 0x80 ? 1 : *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : 2;
    if (n == 1)
        return 1;
    if (*s < 0xc2 || *s > 0xf4 || (size_t)(end - s) < n)
        return 0;
    uint32_t code = *s & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3fu);
    }
    bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    return code >= least[n] && code <= 0x10ffff && !is_surrogate ? n : 0;
}

/* What is wrong with the bytes of a line, or NULL. */
static const char *bytes_error(const char *line, size_t len)
{
    const unsigned char *s = (const unsigned char *)line, *end = s + len;
    if (len > CONFIG_LINE_BYTES)
        return "the line is longer than 4096 bytes";
    while (s < end) {
        size_t n = utf8_bytes(s, end);
        if (n == 0)
            return "the line is not UTF-8";
        if ((*s < ' ' && !is_blank((char)*s)) || *s == 0x7f)
            return "the line has a control character";
        s += n;
    }
    return NULL;
}

/* Cut the line's end off; its length. */
static size_t take_line(struct config_file *file, char **ret_line)
{
    char *line = file->next;
    char *newline = memchr(line, '\n', (size_t)(file->end - line));
    char *stop = newline ? newline : file->end;
    file->next = newline ? newline + 1 : file->end;
    file->line++;
    stop -= stop > line && stop[-1] == '\r';
    *stop = '\0'; /* one byte is there behind the end */
    *ret_line = line;
    return (size_t)(stop - line);
}

/* Take the quotes off value, in place. What is wrong with it, or NULL. */
static const char *unquote(char *value)
{
    char *from = value + 1, *to = value;
    for (; *from != '"'; from++) {
        if (*from == '\\' && from[1] != '"' && from[1] != '\\')
            return "a backslash in quotes takes a quote or a backslash behind it";
        from += *from == '\\';
        if (*from == '\0')
            return "the quote is not closed";
        *to++ = *from;
    }
    *to = '\0';
    from = skip_blanks(from + 1);
    return *from == '\0' || *from == '#' ? NULL : "something stands behind the closing quote";
}

/* Cut a comment, which has a blank before its '#', and blanks off the end. */
static void trim_end(char *value)
{
    char *end = value;
    for (; *end && !(*end == '#' && (end == value || is_blank(end[-1]))); end++)
        ;
    while (end > value && is_blank(end[-1]))
        end--;
    *end = '\0';
}

/* key = value. What is wrong with it, or NULL. */
static const char *cut_entry(char *line, struct config_entry *entry)
{
    char *equals = strchr(line, '=');
    if (!equals)
        return "the line is not of the form: key = value";
    char *key_end = equals;
    while (key_end > line && is_blank(key_end[-1]))
        key_end--;
    *key_end = '\0';
    if (key_end == line || strpbrk(line, " \t\"#"))
        return "there is no key before the equals sign";
    entry->key = line;
    entry->value = skip_blanks(equals + 1);
    if (*entry->value == '"')
        return unquote(entry->value);
    trim_end(entry->value);
    return NULL;
}

int config_file_next(struct config_file *file, struct config_entry *ret_entry,
                     const char **ret_error)
{
    while (file->next < file->end) {
        char *line;
        struct config_entry entry = {NULL, NULL};
        size_t len = take_line(file, &line);
        const char *error = bytes_error(line, len);
        line = skip_blanks(line);
        if (!error && (*line == '\0' || *line == '#'))
            continue;
        if (!error)
            error = cut_entry(line, &entry);
        if (error) {
            *ret_error = error;
            return -EINVAL;
        }
        *ret_entry = entry;
        return 1;
    }
    return 0;
}
