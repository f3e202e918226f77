/* A table of extensions in alphabetical order, searched by halves. */
#include "files/mime.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct type {
    const char *extension;
    struct cgw_str name;
};

#define TEXT(type) CGW_STR("text/" type "; charset=utf-8")

static const struct type types[] = {
    {"7z", CGW_STR("application/x-7z-compressed")},
    {"aac", CGW_STR("audio/aac")},
    {"apng", CGW_STR("image/apng")},
    {"atom", CGW_STR("application/atom+xml")},
    {"avif", CGW_STR("image/avif")},
    {"bin", CGW_STR("application/octet-stream")},
    {"bmp", CGW_STR("image/bmp")},
    {"br", CGW_STR("application/octet-stream")},
    {"bz2", CGW_STR("application/x-bzip2")},
    {"c", TEXT("plain")},
    {"cjs", TEXT("javascript")},
    {"conf", TEXT("plain")},
    {"cpp", TEXT("plain")},
    {"css", TEXT("css")},
    {"csv", TEXT("csv")},
    {"doc", CGW_STR("application/msword")},
    {"docx", CGW_STR("application/vnd.openxmlformats-officedocument.wordprocessingml.document")},
    {"eot", CGW_STR("application/vnd.ms-fontobject")},
    {"epub", CGW_STR("application/epub+zip")},
    {"flac", CGW_STR("audio/flac")},
    {"gif", CGW_STR("image/gif")},
    {"gz", CGW_STR("application/gzip")},
    {"h", TEXT("plain")},
    {"htm", TEXT("html")},
    {"html", TEXT("html")},
    {"ico", CGW_STR("image/x-icon")},
    {"ics", TEXT("calendar")},
    {"jpeg", CGW_STR("image/jpeg")},
    {"jpg", CGW_STR("image/jpeg")},
    {"js", TEXT("javascript")},
    {"json", CGW_STR("application/json")},
    {"jsonld", CGW_STR("application/ld+json")},
    {"jxl", CGW_STR("image/jxl")},
    {"log", TEXT("plain")},
    {"m3u8", CGW_STR("application/vnd.apple.mpegurl")},
    {"m4a", CGW_STR("audio/mp4")},
    {"m4v", CGW_STR("video/mp4")},
    {"map", CGW_STR("application/json")},
    {"md", TEXT("markdown")},
    {"mid", CGW_STR("audio/midi")},
    {"mjs", TEXT("javascript")},
    {"mkv", CGW_STR("video/x-matroska")},
    {"mov", CGW_STR("video/quicktime")},
    {"mp3", CGW_STR("audio/mpeg")},
    {"mp4", CGW_STR("video/mp4")},
    {"mpeg", CGW_STR("video/mpeg")},
    {"odp", CGW_STR("application/vnd.oasis.opendocument.presentation")},
    {"ods", CGW_STR("application/vnd.oasis.opendocument.spreadsheet")},
    {"odt", CGW_STR("application/vnd.oasis.opendocument.text")},
    {"oga", CGW_STR("audio/ogg")},
    {"ogg", CGW_STR("audio/ogg")},
    {"ogv", CGW_STR("video/ogg")},
    {"opus", CGW_STR("audio/ogg")},
    {"otf", CGW_STR("font/otf")},
    {"pdf", CGW_STR("application/pdf")},
    {"png", CGW_STR("image/png")},
    {"ppt", CGW_STR("application/vnd.ms-powerpoint")},
    {"pptx", CGW_STR("application/vnd.openxmlformats-officedocument.presentationml.presentation")},
    {"ps", CGW_STR("application/postscript")},
    {"rss", CGW_STR("application/rss+xml")},
    {"rtf", CGW_STR("application/rtf")},
    {"svg", CGW_STR("image/svg+xml")},
    {"tar", CGW_STR("application/x-tar")},
    {"tif", CGW_STR("image/tiff")},
    {"tiff", CGW_STR("image/tiff")},
    {"ts", CGW_STR("video/mp2t")},
    {"ttf", CGW_STR("font/ttf")},
    {"txt", TEXT("plain")},
    {"vtt", TEXT("vtt")},
    {"wasm", CGW_STR("application/wasm")},
    {"wav", CGW_STR("audio/wav")},
    {"weba", CGW_STR("audio/webm")},
    {"webm", CGW_STR("video/webm")},
    {"webmanifest", CGW_STR("application/manifest+json")},
    {"webp", CGW_STR("image/webp")},
    {"woff", CGW_STR("font/woff")},
    {"woff2", CGW_STR("font/woff2")},
    {"xhtml", CGW_STR("application/xhtml+xml")},
    {"xls", CGW_STR("application/vnd.ms-excel")},
    {"xlsx", CGW_STR("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")},
    {"xml", CGW_STR("application/xml")},
    {"xz", CGW_STR("application/x-xz")},
    {"yaml", CGW_STR("application/yaml")},
    {"yml", CGW_STR("application/yaml")},
    {"zip", CGW_STR("application/zip")},
    {"zst", CGW_STR("application/zstd")},
};

static int compare(const void *extension, const void *type)
{
    return strcasecmp(extension, ((const struct type *)type)->extension);
}

struct cgw_str mime_of(const char *name)
{
    static const struct cgw_str bytes = CGW_STR("application/octet-stream");
    const char *slash = strrchr(name, '/');
    const char *dot = strrchr(slash ? slash : name, '.');
    if (!dot)
        return bytes;
    const struct type *type =
        bsearch(dot + 1, types, sizeof(types) / sizeof(types[0]), sizeof(types[0]), compare);
    return type ? type->name : bytes;
}
