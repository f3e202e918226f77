/*
 * Loading: each way in which a file is no module has one clear line of its own and never a crash.
 * Runs in the build tree, where tests/apps/ holds the fixtures.
 */
#include "app/elf.h"
#include "app/module.h"
#include "base/mem.h"
#include "unit.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define GOOD "tests/apps/load_frozen.so"

static const char *const good[] = {GOOD, "modules/hello.so", "modules/files.so"};

static char folder[] = "/tmp/check_module.XXXXXX";
static char file[sizeof folder + 8];

static void set_up(void)
{
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/m.so", folder);
}

static void tear_down(void)
{
    unlink(file);
    rmdir(file);
    rmdir(folder);
}

static unsigned char *slurp(const char *path, size_t *ret_size)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
    ck_assert_int_eq(fstat(fd, &st), 0);
    unsigned char *bytes = malloc((size_t)st.st_size);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_int_eq(read(fd, bytes, (size_t)st.st_size), st.st_size);
    close(fd);
    *ret_size = (size_t)st.st_size;
    return bytes;
}

static void spill(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
    close(fd);
}

/* One line, that starts with the path and holds the text. */
static void assert_refused(const char *path, int wanted, const char *text)
{
    const struct cgw_app *app = (const struct cgw_app *)&folder;
    char *error = NULL;
    int status = module_load(path, NULL, &app, &error);
    ck_assert_msg(status == wanted, "%s: %d, wanted %d: %s", path, status, wanted, error);
    ck_assert_ptr_nonnull(error);
    ck_assert_msg(strstr(error, path) && strstr(error, text), "'%s' lacks '%s'", error, text);
    ck_assert_ptr_null(strchr(error, '\n'));
    ck_assert_ptr_eq(app, &folder);
    mem_free(error);
}

/* ---- fixtures that load or not ---- */

static const struct {
    const char *path;
    int status;
    const char *text;
} refusals[] = {
    {"tests/apps/load_magic.so", -EINVAL, "starts with 0x12345678, wanted 0x31574743"},
    {"tests/apps/load_major.so", -EINVAL,
     "built against interface 2.3, this host speaks 1.0: rebuild it with this cgw's header"},
    {"tests/apps/load_larger_tail.so", -EINVAL, "uses byte 72 of a cgw_app of interface 1.1"},
    {"tests/apps/load_symbol.so", -EINVAL, "exports no symbol cgw_app: it has no route"},
    {"tests/apps/load_function.so", -EINVAL, "cgw_app is no data"},
    {"tests/apps/load_short.so", -EINVAL, "says it has 4096 bytes, its symbol has 56"},
    {"tests/apps/load_undefined.so", -ENOEXEC,
     "cannot be loaded: undefined symbol: cgw_nobody_defines_this (link it with -Wl,-z,defs"},
    {"tests/apps/load_kind.so", -EINVAL, "cgw_app.kind is 7, wanted CGW_ASYNC (0) or CGW_SYNC (1)"},
    {"tests/apps/load_flags.so", -EINVAL, "cgw_app.flags is 0x11, this host knows 0xf"},
    {"tests/apps/load_call.so", -EINVAL, "cgw_app.call is NULL, wanted a function"},
    {"tests/apps/load_size.so", -EINVAL, "says it has 55 bytes, wanted 56 to 65536"},
    {"tests/apps", -EINVAL, "a folder, wanted a shared object"},
    {"/dev/null", -EINVAL, "a device, wanted a shared object"},
    {"tests/apps/none.so", -ENOENT, "cannot be found: No such file or directory"},
    {"/proc/self/environ/x.so", -ENOTDIR, "cannot be opened: Not a directory"},
};

START_TEST(is_refused)
{
    assert_refused(refusals[_i].path, refusals[_i].status, refusals[_i].text);
}
END_TEST

static const char *const accepted[] = {GOOD, "tests/apps/load_larger.so", "modules/hello.so"};

START_TEST(is_accepted)
{
    const struct cgw_app *app = NULL;
    char *error = NULL;
    int status = module_load(accepted[_i], NULL, &app, &error);
    ck_assert_msg(status == 0, "%s", error);
    ck_assert_ptr_null(error);
    ck_assert_uint_eq(app->magic, CGW_MAGIC);
    ck_assert_ptr_nonnull(app->call);
}
END_TEST

START_TEST(a_path_without_slash_is_of_the_current_folder)
{
    const struct cgw_app *app = NULL;
    char *error = NULL;
    assert_refused("libc.so.6", -ENOENT, "./libc.so.6: cannot be found");
    ck_assert_int_eq(chdir("tests/apps"), 0);
    ck_assert_int_eq(module_load("load_frozen.so", NULL, &app, &error), 0);
    ck_assert_str_eq(app->name, "frozen");
    ck_assert_uint_eq(app->flags, CGW_WEBSOCKET);
}
END_TEST

/* ---- descriptors ---- */

static void call(struct cgw_call *unused)
{
    (void)unused;
}

#define APP(...)                                                                          \
    {                                                                                     \
        .magic = CGW_MAGIC, .abi_major = 1, .size = sizeof(struct cgw_app), .call = call, \
        __VA_ARGS__                                                                       \
    }

static const struct {
    struct cgw_app app;
    const char *text; /* NULL: fine */
} descriptors[] = {
    {APP(.kind = CGW_SYNC), NULL},
    {APP(.flags = CGW_LIFESPAN | CGW_WEBSOCKET), NULL},
    {APP(.abi_minor = 9), NULL},
    {APP(.stack_size = 1u << 20), NULL},
    {{.magic = 0}, "starts with 0x00000000"},
    /* The order: magic, major, size, tail, kind, flags, call. */
    {{.magic = 1, .abi_major = 2}, "starts with 0x00000001"},
    {{.magic = CGW_MAGIC, .abi_major = 0, .abi_minor = 7}, "interface 0.7, this host speaks 1.0"},
    {{.magic = CGW_MAGIC, .abi_major = 1, .kind = 9}, "says it has 0 bytes"},
    {{.magic = CGW_MAGIC, .abi_major = 1, .size = 65537}, "says it has 65537 bytes"},
    {{.magic = CGW_MAGIC, .abi_major = 1, .size = 56, .kind = 2, .flags = 16}, "kind is 2"},
    {{.magic = CGW_MAGIC, .abi_major = 1, .size = 56, .flags = 16}, "flags is 0x10"},
    {{.magic = CGW_MAGIC, .abi_major = 1, .size = 56}, "call is NULL"},
};

START_TEST(descriptor)
{
    char *error = NULL;
    int status = module_check_descriptor("x.so", &descriptors[_i].app, &error);
    ck_assert_int_eq(status, descriptors[_i].text ? -EINVAL : 0);
    if (!descriptors[_i].text)
        return;
    ck_assert_int_eq(strncmp(error, "x.so: ", 6), 0);
    ck_assert_msg(strstr(error, descriptors[_i].text) != NULL, "%s", error);
    mem_free(error);
}
END_TEST

START_TEST(each_byte_of_an_unknown_tail_counts)
{
    struct {
        struct cgw_app app;
        unsigned char tail[24];
    } newer = {.app = APP(.abi_minor = 1)};
    newer.app.size = sizeof newer;
    char *error = NULL;
    ck_assert_int_eq(module_check_descriptor("x.so", &newer.app, &error), 0);
    for (size_t i = 0; i < sizeof newer.tail; i++) {
        newer.tail[i] = 1;
        ck_assert_int_eq(module_check_descriptor("x.so", &newer.app, &error), -EINVAL);
        mem_free(error);
        newer.tail[i] = 0;
    }
}
END_TEST

/* ---- files ---- */

START_TEST(a_text_is_no_module)
{
    spill(file, "#!/bin/sh\necho hello\n", 21);
    assert_refused(file, -ENOEXEC, "no ELF file, wanted a shared object (.so)");
    spill(file, "", 0);
    assert_refused(file, -ENOEXEC, "empty, wanted a shared object (.so)");
    spill(file, "\177", 1);
    assert_refused(file, -ENOEXEC, "truncated: its ELF header ends at byte 64, the file has 1");
}
END_TEST

START_TEST(a_pipe_or_a_socket_is_no_module)
{
    ck_assert_int_eq(mkfifo(file, 0600), 0);
    assert_refused(file, -EINVAL, "a pipe, wanted a shared object");
    unlink(file);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", file);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_refused(file, -ENXIO, "cannot be opened");
    close(fd);
}
END_TEST

/* dlopen() would look for another file than the one that was checked. */
START_TEST(a_path_that_the_loader_would_expand_is_refused)
{
    static const char *const names[] = {"$LIB.so", "${ORIGIN}.so", "$ORIGIN/m.so", "a$b"};
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_refused(path, -EINVAL, "has a $ in its path");
    }
    assert_refused("$LIB.so", -EINVAL, "has a $ in its path");
}
END_TEST

START_TEST(an_unreadable_file_is_said_to_be)
{
    spill(file, "x", 1);
    ck_assert_int_eq(chmod(file, 0), 0);
    if (geteuid() != 0)
        assert_refused(file, -EACCES, "cannot be opened: Permission denied");
    else
        assert_refused(file, -ENOEXEC, "no ELF file");
}
END_TEST

/* Cutting a module at every length but its whole one; dlopen() alone crashes on most of these. */
START_TEST(every_truncation_is_refused)
{
    size_t size;
    unsigned char *bytes = slurp(GOOD, &size);
    spill(file, bytes, size);
    char *error = NULL;
    ck_assert_int_eq(module_check_file(file, &error), 0);
    for (size_t cut = size; cut-- > 0;) {
        ck_assert_int_eq(truncate(file, (off_t)cut), 0);
        int status = module_check_file(file, &error);
        ck_assert_msg(status == -ENOEXEC, "cut at %zu of %zu: %d", cut, size, status);
        ck_assert_msg(strstr(error, cut ? "truncated: its" : "empty") != NULL, "%zu: %s", cut,
                      error);
        mem_free(error);
    }
    free(bytes);
}
END_TEST

/* The whole way through module_load(), by a step that shares no factor with any alignment. */
START_TEST(a_truncation_never_reaches_the_loader)
{
    size_t size;
    unsigned char *bytes = slurp(GOOD, &size);
    for (size_t cut = 1; cut < size; cut += 101) {
        spill(file, bytes, cut);
        assert_refused(file, -ENOEXEC, "truncated: its");
    }
    free(bytes);
}
END_TEST

/* A copy that is under way into a file of its full size: zeros from some page, or place, on. */
START_TEST(a_missing_end_is_refused)
{
    size_t size;
    unsigned char *bytes = slurp(good[_i], &size);
    for (size_t keep = (size - sizeof(Elf64_Shdr)) / 4096 * 4096; keep > 0; keep -= 4096) {
        memset(bytes + keep, 0, size - keep);
        spill(file, bytes, size);
        assert_refused(file, -ENOEXEC, "copy or build it again");
    }
    free(bytes);
}
END_TEST

START_TEST(a_missing_part_never_reaches_the_loader)
{
    size_t size;
    unsigned char *bytes = slurp(GOOD, &size);
    for (size_t keep = size - 64; keep >= sizeof(Elf64_Ehdr); keep -= 24) {
        memset(bytes + keep, 0, size - keep);
        spill(file, bytes, size);
        assert_refused(file, -ENOEXEC, "damaged: ");
    }
    free(bytes);
}
END_TEST

#if defined __x86_64__
#define OTHER_MACHINE EM_AARCH64
#define OTHER_NAME    "built for aarch64 (ELF machine 183), this host runs on x86-64"
#else
#define OTHER_MACHINE EM_X86_64
#define OTHER_NAME    "built for x86-64 (ELF machine 62), this host runs on aarch64"
#endif

#define AT(member) offsetof(Elf64_Ehdr, member), sizeof(((Elf64_Ehdr *)0)->member)

static const struct {
    size_t offset, bytes;
    uint64_t value;
    const char *text;
} patches[] = {
    {AT(e_machine), OTHER_MACHINE, OTHER_NAME},
    {AT(e_machine), 0xfff0, "built for an unknown machine (ELF machine 65520)"},
    {EI_CLASS, 1, ELFCLASS32, "made for another word size (ELF class 1), wanted 64 bits"},
    {EI_DATA, 1, ELFDATA2MSB, "made for the other byte order"},
    {AT(e_type), ET_REL, "an object file (ELF type 1), wanted a shared object: link it with"},
    {AT(e_type), ET_EXEC, "a program (ELF type 2), wanted a shared object"},
    {AT(e_type), ET_CORE, "a core dump"},
    {AT(e_version), 2, "of ELF version 2, wanted 1"},
    {AT(e_phentsize), 55, "program headers have 55 bytes each"},
    {AT(e_phnum), 0, "0 loaded segments and 0 dynamic sections"},
    {AT(e_phnum), 0xfffe, "truncated: its program headers"},
    {AT(e_phoff), UINT64_MAX - 8, "damaged: its program headers has no possible extent"},
    {AT(e_shoff), UINT64_MAX / 2, "truncated: its section headers"},
    {AT(e_ident), 0, "no ELF file"},
};

START_TEST(a_patched_header_is_refused)
{
    size_t size;
    unsigned char *bytes = slurp(GOOD, &size);
    memcpy(bytes + patches[_i].offset, &patches[_i].value,
           patches[_i].bytes < 8 ? patches[_i].bytes : 8);
    spill(file, bytes, size);
    assert_refused(file, -ENOEXEC, patches[_i].text);
    free(bytes);
}
END_TEST

/* The first segment of the type, patched; not every linker makes a note. */
static void patch_segment(uint32_t type, size_t offset, uint64_t value, const char *text)
{
    size_t size;
    bool is_there = false;
    unsigned char *bytes = slurp(GOOD, &size);
    Elf64_Ehdr head;
    memcpy(&head, bytes, sizeof head);
    for (unsigned i = 0; i < head.e_phnum; i++) {
        unsigned char *segment = bytes + head.e_phoff + i * sizeof(Elf64_Phdr);
        if (memcmp(segment, &type, sizeof type) != 0)
            continue;
        memcpy(segment + offset, &value, sizeof value);
        is_there = true;
        break;
    }
    ck_assert(is_there || type == PT_NOTE);
    spill(file, bytes, size);
    if (is_there)
        assert_refused(file, -ENOEXEC, text);
    free(bytes);
}

START_TEST(a_patched_segment_is_refused)
{
    const size_t offset = offsetof(Elf64_Phdr, p_offset), align = offsetof(Elf64_Phdr, p_align),
                 filesz = offsetof(Elf64_Phdr, p_filesz), type = offsetof(Elf64_Phdr, p_type);
    patch_segment(PT_LOAD, offset, 1u << 30, "truncated: its loaded segment");
    patch_segment(PT_DYNAMIC, offset, 1u << 30, "truncated: its dynamic section");
    patch_segment(PT_LOAD, offset, UINT64_MAX, "has no possible extent");
    patch_segment(PT_LOAD, align, 3, "aligned to no power of two");
    patch_segment(PT_LOAD, filesz, 1u << 30, "larger in the file than in memory");
    patch_segment(PT_DYNAMIC, type, PT_NULL, "0 dynamic sections");
}
END_TEST

START_TEST(a_file_that_shrinks_while_it_is_read_is_refused)
{
    size_t size;
    unsigned char *bytes = slurp(GOOD, &size);
    char *why = NULL;
    spill(file, bytes, 40);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(elf_check(fd, size, &why), -ENOEXEC);
    ck_assert_ptr_nonnull(strstr(why, "truncated: its content"));
    mem_free(why);
    close(fd);
    ck_assert_int_eq(elf_check(fd, size, &why), -EBADF);
    free(bytes);
}
END_TEST

/* The entry with this tag in the dynamic section, patched into another tag or to another value. */
static void patch_dynamic(int64_t tag, int64_t new_tag, uint64_t value, const char *text)
{
    size_t size;
    unsigned char *bytes = slurp(GOOD, &size);
    Elf64_Ehdr head;
    memcpy(&head, bytes, sizeof head);
    for (unsigned i = 0; i < head.e_phnum; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, bytes + head.e_phoff + i * sizeof segment, sizeof segment);
        for (size_t at = 0; segment.p_type == PT_DYNAMIC && at < segment.p_filesz; at += 16) {
            Elf64_Dyn entry;
            memcpy(&entry, bytes + segment.p_offset + at, sizeof entry);
            bool is_other_hash = tag == DT_GNU_HASH && entry.d_tag == DT_HASH;
            if (entry.d_tag != tag && !is_other_hash) /* some have both kinds */
                continue;
            entry = (Elf64_Dyn){new_tag, {value}};
            memcpy(bytes + segment.p_offset + at, &entry, sizeof entry);
        }
    }
    spill(file, bytes, size);
    assert_refused(file, -ENOEXEC, text);
    free(bytes);
}

START_TEST(a_patched_dynamic_section_is_refused)
{
    const size_t vaddr = offsetof(Elf64_Phdr, p_vaddr), filesz = offsetof(Elf64_Phdr, p_filesz);
    patch_dynamic(DT_STRTAB, DT_DEBUG, 0, "names no string table");
    patch_dynamic(DT_SYMTAB, DT_DEBUG, 0, "names no symbol table");
    patch_dynamic(DT_GNU_HASH, DT_DEBUG, 0, "names no hash table");
    patch_dynamic(DT_STRTAB, DT_STRTAB, 1u << 30, "string table lies in no loaded segment");
    patch_dynamic(DT_STRSZ, DT_STRSZ, UINT64_MAX, "string table lies in no loaded segment");
    patch_dynamic(DT_SYMTAB, DT_SYMTAB, UINT64_MAX - 8, "symbol table lies in no loaded segment");
    patch_dynamic(DT_GNU_HASH, DT_GNU_HASH, 1u << 30, "hash table lies in no loaded segment");
    patch_dynamic(DT_RELASZ, DT_RELASZ, 1u << 30, "relocation table lies in no loaded segment");
    patch_dynamic(DT_NULL, DT_DEBUG, 0, "dynamic section does not end");
    patch_segment(PT_DYNAMIC, vaddr, 1u << 30, "dynamic section lies in no loaded segment");
    patch_segment(PT_DYNAMIC, vaddr, 0, "dynamic section lies in no loaded segment");
    patch_segment(PT_DYNAMIC, filesz, 0, "dynamic section does not end");
    patch_segment(PT_LOAD, vaddr, UINT64_MAX, "no possible address");
    patch_segment(PT_GNU_RELRO, vaddr, 1u << 30, "what it protects lies in no loaded segment");
    patch_segment(PT_GNU_RELRO, offsetof(Elf64_Phdr, p_memsz), 1u << 30, "what it protects");
    patch_segment(PT_NOTE, vaddr, 1u << 30, "note lies in no loaded segment");
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof(array)[0])

static Suite *make_suite(void)
{
    Suite *suite = suite_create("module");
    TCase *tests = tcase_create("load");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, is_refused, 0, COUNT(refusals));
    tcase_add_loop_test(tests, is_accepted, 0, COUNT(accepted));
    tcase_add_test(tests, a_path_without_slash_is_of_the_current_folder);
    tcase_add_loop_test(tests, descriptor, 0, COUNT(descriptors));
    tcase_add_test(tests, each_byte_of_an_unknown_tail_counts);
    tcase_add_test(tests, a_text_is_no_module);
    tcase_add_test(tests, a_pipe_or_a_socket_is_no_module);
    tcase_add_test(tests, an_unreadable_file_is_said_to_be);
    tcase_add_test(tests, a_path_that_the_loader_would_expand_is_refused);
    tcase_add_test(tests, every_truncation_is_refused);
    tcase_add_test(tests, a_truncation_never_reaches_the_loader);
    tcase_add_loop_test(tests, a_missing_end_is_refused, 0, COUNT(good));
    tcase_add_test(tests, a_missing_part_never_reaches_the_loader);
    tcase_add_test(tests, a_patched_dynamic_section_is_refused);
    tcase_add_loop_test(tests, a_patched_header_is_refused, 0, COUNT(patches));
    tcase_add_test(tests, a_patched_segment_is_refused);
    tcase_add_test(tests, a_file_that_shrinks_while_it_is_read_is_refused);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
