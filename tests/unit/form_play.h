/* What the parsers of forms make of bytes, as one line of text; cut at will, as a network cuts. */
#ifndef FORM_PLAY_H
#define FORM_PLAY_H
#include "web/multipart.h"
#include "web/multipart_head.h"
#include "web/urlencoded.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLAY_HEAD = 300, PLAY_TRACE = 4096 };

struct play {
    char trace[PLAY_TRACE];
    size_t len;
    char head[2 * PLAY_HEAD];
    bool is_over; /* nothing more is to be fed */
};

static inline void play_add(struct play *play, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len && play->len < PLAY_TRACE - 8; i++) {
        unsigned char c = (unsigned char)bytes[i];
        bool is_plain = c >= 0x20 && c < 0x7f;
        play->len += (size_t)snprintf(play->trace + play->len, 8, is_plain ? "%c" : "<%02x>", c);
    }
}

static inline void play_say(struct play *play, const char *text)
{
    play_add(play, text, strlen(text));
}

/* "name=", or "@name(filename,type)=". */
static inline void play_part(struct play *play, cgw_str lines)
{
    char text[PLAY_HEAD], spare[PLAY_HEAD];
    struct multipart_head head;
    memcpy(text, lines.ptr, lines.len);
    const char *error = multipart_head_read(&head, text, lines.len, spare);
    if (error) {
        play_say(play, "!");
        play_say(play, error);
        play->is_over = true;
        return;
    }
    play_say(play, head.is_file ? "@" : "");
    play_add(play, head.name.ptr, head.name.len);
    if (head.is_file || head.content_type.ptr) {
        play_say(play, "(");
        play_add(play, head.filename.ptr, head.filename.len);
        play_say(play, ",");
        play_add(play, head.content_type.ptr, head.content_type.len);
        play_say(play, head.is_latin1 ? ",latin1)" : ")");
    }
    play_say(play, "=");
}

static inline void play_multipart(struct play *play, struct multipart *multipart, cgw_str input)
{
    cgw_str data;
    while (!play->is_over) {
        switch (multipart_next(multipart, &input, &data)) {
        case MULTIPART_PART:
            play_part(play, data);
            break;
        case MULTIPART_DATA:
            play_add(play, data.ptr, data.len);
            break;
        case MULTIPART_OVER:
            play_say(play, "|");
            break;
        case MULTIPART_BAD:
            play_say(play, "!");
            play_say(play, multipart->error);
            play->is_over = true;
            break;
        case MULTIPART_MORE:
        case MULTIPART_END:
        default:
            return;
        }
    }
}

static inline void play_urlencoded(struct play *play, struct urlencoded *urlencoded, cgw_str input,
                                   bool is_last)
{
    cgw_str data;
    while (!play->is_over) {
        enum urlencoded_event event = urlencoded_next(urlencoded, &input, is_last, &data);
        switch (event) {
        case URLENCODED_FIELD:
            play_add(play, data.ptr, data.len);
            play_say(play, "=");
            break;
        case URLENCODED_DATA:
            play_add(play, data.ptr, data.len);
            break;
        case URLENCODED_OVER:
            play_say(play, "|");
            break;
        case URLENCODED_END:
        case URLENCODED_BAD:
            play_say(play, event == URLENCODED_BAD ? "!" : ".");
            play->is_over = true;
            break;
        case URLENCODED_MORE:
        default:
            return;
        }
    }
}

/* A copy of its own, so that AddressSanitizer sees who reads too far, or too late. */
static inline cgw_str play_copy(const char *bytes, size_t len)
{
    char *copy = malloc(len ? len : 1);
    if (!copy)
        abort();
    memcpy(copy, bytes, len);
    return (cgw_str){copy, len};
}

/* All of a body, in pieces of len bytes, the first one first bytes long. */
static inline void play_form(struct play *play, const char *boundary, cgw_str body, size_t first,
                             size_t len)
{
    struct multipart multipart;
    struct urlencoded urlencoded;
    memset(play, 0, sizeof(*play));
    if (boundary)
        multipart_init(&multipart, (cgw_str){boundary, strlen(boundary)}, play->head, PLAY_HEAD);
    else
        urlencoded_init(&urlencoded, play->head, PLAY_HEAD);
    for (size_t at = 0, n = first; at < body.len; at += n, n = len) {
        n = n < body.len - at ? n : body.len - at;
        cgw_str piece = play_copy(body.ptr + at, n);
        if (boundary)
            play_multipart(play, &multipart, piece);
        else
            play_urlencoded(play, &urlencoded, piece, false);
        free((void *)(uintptr_t)piece.ptr);
    }
    if (!boundary)
        play_urlencoded(play, &urlencoded, (cgw_str){"", 0}, true);
    else if (!play->is_over && multipart_end(&multipart)) {
        play_say(play, "!");
        play_say(play, multipart_end(&multipart));
    } else if (!play->is_over) {
        play_say(play, ".");
    }
}
#endif
