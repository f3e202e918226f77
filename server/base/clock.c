/* The two clocks, and the date as HTTP writes it: English whatever the locale. */
#include "base/clock.h"
#include <string.h>

static uint64_t read_us(clockid_t id)
{
    struct timespec now;
    if (clock_gettime(id, &now) != 0)
        return 0; /* cannot happen with these two clocks on Linux */
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_now_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

uint64_t clock_wall_us(void)
{
    return read_us(CLOCK_REALTIME);
}

static void put_digits(char *dst, int value, int n)
{
    for (int i = n; i-- > 0; value /= 10)
        dst[i] = (char)('0' + value % 10);
}

void clock_date_print(char *dst, time_t second)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    /* Four digits hold the years 0 to 9999: a clock outside says the nearest end. */
    static const time_t first = -62167219200, last = 253402300799;
    struct tm tm;
    second = second < first ? first : second > last ? last : second;
    gmtime_r(&second, &tm);
    memcpy(dst, "Day, 00 Mon 0000 00:00:00 GMT", CLOCK_DATE_BYTES + 1);
    memcpy(dst, days + (size_t)tm.tm_wday * 3, 3);
    put_digits(dst + 5, tm.tm_mday, 2);
    memcpy(dst + 8, months + (size_t)tm.tm_mon * 3, 3);
    put_digits(dst + 12, tm.tm_year + 1900, 4);
    put_digits(dst + 17, tm.tm_hour, 2);
    put_digits(dst + 20, tm.tm_min, 2);
    put_digits(dst + 23, tm.tm_sec, 2);
}

const char *clock_date(time_t second)
{
    static _Thread_local char text[CLOCK_DATE_BYTES + 1];
    static _Thread_local time_t of;
    if (text[0] == '\0' || of != second) {
        clock_date_print(text, second);
        of = second;
    }
    return text;
}
