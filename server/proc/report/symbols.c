/* All of libdw is here. Its modules are the objects of the process, loaded where they were. */
#include "proc/report/symbols.h"
#include "base/mem.h"
#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int print_object(const struct trace *trace, const struct trace_frame *frame, char *dst,
                        size_t room)
{
    if (frame->object >= trace->n_objects)
        return snprintf(dst, room, "0x%llx", (unsigned long long)frame->address);
    return snprintf(dst, room, "%s+0x%llx", base_name(trace->objects[frame->object]),
                    (unsigned long long)frame->offset);
}

char *symbols_print(const struct trace *trace, const struct trace_frame *frame,
                    const struct symbol *symbol, char *dst, size_t room)
{
    int n = 0;
    dst[0] = '\0';
    if (symbol && symbol->function[0])
        n = snprintf(dst, room, "%s ", symbol->function);
    if (n < 0 || (size_t)n >= room)
        return dst;
    if (symbol && symbol->line)
        snprintf(dst + n, room - (size_t)n, "%s:%u", symbol->file, symbol->line);
    else
        print_object(trace, frame, dst + n, room - (size_t)n);
    return dst;
}

#ifdef HAVE_LIBDW
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>

struct symbols {
    Dwfl *dwfl;
};

static char *debug_path; /* NULL: the usual places */
static const Dwfl_Callbacks of_files = {.find_elf = dwfl_build_id_find_elf,
                                        .find_debuginfo = dwfl_standard_find_debuginfo,
                                        .section_address = dwfl_offline_section_address,
                                        .debuginfo_path = &debug_path};
static const Dwfl_Callbacks of_process = {.find_elf = dwfl_linux_proc_find_elf,
                                          .find_debuginfo = dwfl_standard_find_debuginfo,
                                          .debuginfo_path = &debug_path};

static int begin(const Dwfl_Callbacks *callbacks, struct symbols **ret)
{
    struct symbols *symbols = mem_zalloc(sizeof *symbols);
    if (!symbols)
        return -ENOMEM;
    symbols->dwfl = dwfl_begin(callbacks);
    if (!symbols->dwfl) {
        mem_free(symbols);
        return -ENOMEM;
    }
    dwfl_report_begin(symbols->dwfl);
    *ret = symbols;
    return 0;
}

void symbols_free(struct symbols *symbols)
{
    if (!symbols)
        return;
    dwfl_end(symbols->dwfl);
    mem_free(symbols);
}

/* Where an object was loaded, by any frame in it. An object that is no file any more has no names.
 */
static void report_object(Dwfl *dwfl, const struct trace *trace, uint32_t object)
{
    const char *path = trace->objects[object];
    for (uint32_t i = 0; i < trace->n_frames; i++) {
        const struct trace_frame *frame = &trace->frames[i];
        if (frame->object != object)
            continue;
        if (path[0] == '/')
            dwfl_report_elf(dwfl, base_name(path), path, -1, frame->address - frame->offset, true);
        return;
    }
}

int symbols_of_trace(const struct trace *trace, struct symbols **ret)
{
    int rc = begin(&of_files, ret);
    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < trace->n_objects && i < TRACE_OBJECTS; i++)
        report_object((*ret)->dwfl, trace, i);
    dwfl_report_end((*ret)->dwfl, NULL, NULL);
    return 0;
}

int symbols_of_process(pid_t pid, struct symbols **ret)
{
    struct symbols *symbols;
    int rc = begin(&of_process, &symbols);
    if (rc < 0)
        return rc;
    int error = dwfl_linux_proc_report(symbols->dwfl, pid);
    if (error || dwfl_report_end(symbols->dwfl, NULL, NULL) < 0) {
        symbols_free(symbols);
        return error > 0 ? -error : -EIO;
    }
    *ret = symbols;
    return 0;
}

/* ---- frames of a process ---- */

/* While the thread is stopped nothing shall have to be read from disk. */
static int prepare(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr start, void *arg)
{
    GElf_Addr bias;
    (void)user, (void)name, (void)start, (void)arg;
    dwfl_module_getelf(module, &bias);
    dwfl_module_eh_cfi(module, &bias);
    return DWARF_CB_OK;
}

static const char *path_of(Dwfl_Module *module)
{
    const char *file = NULL;
    const char *name = dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, &file, NULL);
    return file ? file : name;
}

/* What the object was moved by when it was loaded: offsets are addresses in its file. */
static uint64_t base_of(Dwfl_Module *module)
{
    GElf_Addr bias = 0;
    return dwfl_module_getelf(module, &bias) ? bias : 0;
}

struct walk {
    Dwfl *dwfl;
    struct trace *trace;
};

static int on_frame(Dwfl_Frame *frame, void *arg)
{
    struct walk *walk = arg;
    Dwarf_Addr address;
    bool is_exact = false;
    if (!dwfl_frame_pc(frame, &address, &is_exact) || address == 0)
        return DWARF_CB_ABORT;
    address -= is_exact ? 0 : 1;
    Dwfl_Module *module = dwfl_addrmodule(walk->dwfl, address);
    bool has_room = trace_add(walk->trace, address, module ? base_of(module) : 0,
                              module ? path_of(module) : NULL);
    return has_room ? DWARF_CB_OK : DWARF_CB_ABORT;
}

int symbols_frames(struct symbols *symbols, pid_t tid, struct trace *ret)
{
    struct walk walk = {symbols->dwfl, ret};
    ret->n_frames = ret->n_objects = 0;
    ret->application = TRACE_OBJECTS;
    dwfl_getmodules(symbols->dwfl, prepare, NULL, 0);
    int error = dwfl_pid(symbols->dwfl) > 0 ? 0 : dwfl_linux_proc_attach(symbols->dwfl, tid, false);
    if (error)
        return error > 0 ? -error : -EIO;
    /* an error behind the first frame is the end of a stack that is no thread's own */
    dwfl_getthread_frames(symbols->dwfl, tid, on_frame, &walk);
    return ret->n_frames ? 0 : -EPERM;
}

int symbols_object(struct symbols *symbols, const struct trace *trace, uint64_t address)
{
    Dwfl_Module *module = address ? dwfl_addrmodule(symbols->dwfl, address) : NULL;
    const char *path = module ? path_of(module) : NULL;
    for (uint32_t i = 0; path && i < trace->n_objects; i++) {
        size_t len = strlen(trace->objects[i]), whole = strlen(path);
        if (len <= whole && strcmp(trace->objects[i], path + whole - len) == 0)
            return (int)i;
    }
    return -1;
}

/* ---- names ---- */

static void set_text(char *dst, size_t room, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    if (len >= room)
        text += len - room + 1;
    snprintf(dst, room, "%s", len ? text : "");
}

/* As it was named on the compiler's command line, where the rest is the folder it ran in. */
static void set_file(struct symbol *symbol, const char *file, const char *folder)
{
    size_t n = folder ? strlen(folder) : 0;
    if (file && n && strncmp(file, folder, n) == 0 && file[n] == '/')
        file += n + 1;
    set_text(symbol->file, sizeof symbol->file, file);
}

static const char *folder_of(Dwarf_Die *unit)
{
    Dwarf_Attribute attribute;
    return unit ? dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute)) : NULL;
}

/* The place of a call that was inlined, for the function around it. */
static void set_call_site(struct symbol *symbol, Dwarf_Die *inlined, Dwarf_Die *unit)
{
    Dwarf_Attribute attribute;
    Dwarf_Word file = 0, line = 0;
    Dwarf_Files *files;
    if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line) == 0)
        symbol->line = (unsigned)line;
    if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &file) == 0 &&
        dwarf_getsrcfiles(unit, &files, NULL) == 0)
        set_file(symbol, dwarf_filesrc(files, (size_t)file, NULL, NULL), folder_of(unit));
}

static bool is_function(Dwarf_Die *die)
{
    return dwarf_tag(die) == DW_TAG_subprogram || dwarf_tag(die) == DW_TAG_inlined_subroutine;
}

/*
 * The scopes around an address go, behind an inlined function, to where that was defined; the way
 * to where it was called from is another question.
 */
static int scopes_at(Dwarf_Die *unit, Dwarf_Addr address, Dwarf_Die **ret)
{
    Dwarf_Die *scopes = NULL;
    int n = dwarf_getscopes(unit, address, &scopes), first = 0;
    while (first < n && !is_function(&scopes[first]))
        first++;
    if (first >= n || dwarf_tag(&scopes[first]) == DW_TAG_subprogram) {
        *ret = scopes;
        return n;
    }
    Dwarf_Die inlined = scopes[first];
    mem_free(scopes);
    *ret = NULL;
    return dwarf_getscopes_die(&inlined, ret);
}

/* Functions of the debug information, the innermost first; its line is in ret[0] already. */
static size_t name_by_scopes(Dwarf_Die *unit, Dwarf_Addr address, struct symbol ret[SYMBOLS_DEPTH])
{
    Dwarf_Die *scopes = NULL;
    size_t depth = 0;
    int n = scopes_at(unit, address, &scopes);
    for (int i = 0; i < n && depth < SYMBOLS_DEPTH; i++) {
        if (!is_function(&scopes[i]))
            continue;
        const char *name = dwarf_diename(&scopes[i]);
        set_text(ret[depth].function, sizeof ret->function, name ? name : "?");
        depth++;
        if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram)
            break;
        if (depth < SYMBOLS_DEPTH)
            set_call_site(&ret[depth], &scopes[i], unit);
    }
    mem_free(scopes);
    return depth;
}

static void set_line(Dwarf_Die *unit, Dwarf_Addr address, struct symbol *symbol)
{
    int number = 0;
    Dwarf_Line *line = dwarf_getsrc_die(unit, address);
    const char *file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
    if (!file || dwarf_lineno(line, &number) < 0 || number <= 0)
        return;
    symbol->line = (unsigned)number;
    set_file(symbol, file, folder_of(unit));
}

/* Not all compilers write the table that says which unit an address is in; and libdw takes what
   lies between two units, as the C runtime's own code, for part of the first. */
static Dwarf_Die *unit_at(Dwfl_Module *module, Dwarf_Addr address, Dwarf_Addr *ret_bias)
{
    Dwarf_Die *unit = dwfl_module_addrdie(module, address, ret_bias);
    if (unit && dwarf_haspc(unit, address - *ret_bias) == 1)
        return unit;
    unit = NULL;
    while ((unit = dwfl_module_nextcu(module, unit, ret_bias)))
        if (dwarf_haspc(unit, address - *ret_bias) == 1)
            return unit;
    return NULL;
}

size_t symbols_name(struct symbols *symbols, const struct trace_frame *frame,
                    struct symbol ret[SYMBOLS_DEPTH])
{
    Dwarf_Addr bias = 0, address = frame->address;
    Dwfl_Module *module = symbols ? dwfl_addrmodule(symbols->dwfl, address) : NULL;
    memset(ret, 0, SYMBOLS_DEPTH * sizeof *ret);
    if (!module)
        return 0;
    Dwarf_Die *unit = unit_at(module, address, &bias);
    if (unit)
        set_line(unit, address - bias, &ret[0]);
    size_t depth = unit ? name_by_scopes(unit, address - bias, ret) : 0;
    if (depth)
        return depth;
    const char *name = dwfl_module_addrname(module, address);
    set_text(ret[0].function, sizeof ret->function, name);
    return name || ret[0].line ? 1 : 0;
}

#else
int symbols_of_trace(const struct trace *trace, struct symbols **ret)
{
    (void)trace, (void)ret;
    return -ENOSYS;
}

int symbols_of_process(pid_t pid, struct symbols **ret)
{
    (void)pid, (void)ret;
    return -ENOSYS;
}

void symbols_free(struct symbols *symbols)
{
    (void)symbols;
}

int symbols_frames(struct symbols *symbols, pid_t tid, struct trace *ret)
{
    (void)symbols, (void)tid, (void)ret;
    return -ENOSYS;
}

size_t symbols_name(struct symbols *symbols, const struct trace_frame *frame,
                    struct symbol ret[SYMBOLS_DEPTH])
{
    (void)symbols, (void)frame, (void)ret;
    return 0;
}

int symbols_object(struct symbols *symbols, const struct trace *trace, uint64_t address)
{
    (void)symbols, (void)trace, (void)address;
    return -1;
}
#endif
