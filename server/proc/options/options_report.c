/* Where every complaint about options passes. */
#include "proc/options/options_report.h"
#include "base/log.h"
#include <stdarg.h>

void options_report_error(struct options_report *report, const char *format, ...)
{
    va_list args;
    if (++report->n_errors > OPTIONS_REPORT_LINES)
        return;
    va_start(args, format);
    fputs("cgw-serve: ", report->err);
    vfprintf(report->err, format, args);
    fputc('\n', report->err);
    va_end(args);
}

void options_report_end(const struct options_report *report)
{
    if (report->n_errors > OPTIONS_REPORT_LINES)
        fprintf(report->err, "cgw-serve: and %u more errors\n",
                report->n_errors - OPTIONS_REPORT_LINES);
}

const char *options_report_text(char *dst, struct str text)
{
    log_escape(dst, OPTIONS_TEXT_BYTES, text);
    return dst;
}
