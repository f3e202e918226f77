/*
 * Days are counted in years that begin in March, so that the leap day is the last of its year and
 * the lengths of months follow a line; see datetime.h for what is taken and what is written.
 */
#include "model/datetime.h"
#include <string.h>

#define DAYS_OF_400_YEARS 146097
#define DAYS_TO_1970      719468 /* from 0000-03-01 */
#define US_OF_SECOND      INT64_C(1000000)
#define US_OF_MINUTE      (60 * US_OF_SECOND)
#define US_OF_DAY         (1440 * US_OF_MINUTE)
#define FIRST_US          (INT64_C(-62135596800) * US_OF_SECOND) /* of 0001-01-01 */
#define END_US            (INT64_C(253402300800) * US_OF_SECOND) /* of 10000-01-01 */
#define YEAR_0_MS         INT64_C(-62167219200000)               /* of 0000-01-01 */
#define SECONDS_MAX       INT64_C(20000000000) /* beyond this a number means milliseconds */

static const char too_short[] = "input is too short";
static const char extra[] = "unexpected extra characters at the end of the input";
static const char bad_separator[] = "invalid date separator, expected `-`";
static const char year_0[] = "year 0 is out of range";
static const char too_late[] = "dates after 9999 are not supported as unix timestamps";
static const char too_early[] = "dates before 0000 are not supported as unix timestamps";

struct civil {
    int64_t year;
    int month, day;
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Days since 1970-01-01 of the Gregorian calendar, also before it was one. */
static int64_t days_of(const struct civil *date)
{
    int64_t year = date->year - (date->month <= 2);
    int64_t era = floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * ((date->month + 9) % 12) + 2) / 5 + date->day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_OF_400_YEARS + day_of_era - DAYS_TO_1970;
}

static struct civil civil_of(int64_t days)
{
    days += DAYS_TO_1970;
    int64_t era = floor_div(days, DAYS_OF_400_YEARS);
    int64_t day_of_era = days - era * DAYS_OF_400_YEARS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    struct civil date = {
        .year = era * 400 + year_of_era + (month_from_march >= 10),
        .month = (int)((month_from_march + 2) % 12 + 1),
        .day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
    };
    return date;
}

static int days_in_month(int64_t year, int month)
{
    static const signed char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && is_leap ? 29 : days[month - 1];
}

/* ---- reading ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* n digits as a number, or -1. */
static int digits(const char *ptr, size_t n)
{
    int value = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(ptr[i]))
            return -1;
        value = value * 10 + (ptr[i] - '0');
    }
    return value;
}

/* The first ten bytes; NULL, or what is wrong with them. */
static const char *read_date(cgw_str text, struct civil *date)
{
    if (text.len < 10)
        return too_short;
    int year = digits(text.ptr, 4), month = digits(text.ptr + 5, 2), day = digits(text.ptr + 8, 2);
    if (year < 0)
        return "invalid character in year";
    if (text.ptr[4] != '-')
        return bad_separator;
    if (month < 0)
        return "invalid character in month";
    if (text.ptr[7] != '-')
        return bad_separator;
    if (day < 0)
        return "invalid character in day";
    if (month < 1 || month > 12)
        return "month value is outside expected range of 1-12";
    if (day < 1 || day > days_in_month(year, month))
        return "day value is outside expected range";
    *date = (struct civil){.year = year, .month = month, .day = day};
    return NULL;
}

/* Behind a '.' or ',': the fraction of a second; what it is long, or 0. */
static size_t read_fraction(const char *ptr, size_t len, int64_t *us)
{
    size_t n = 0;
    int64_t unit = US_OF_SECOND / 10;
    for (; n < len && is_digit(ptr[n]); n++, unit /= 10)
        *us += (ptr[n] - '0') * unit;
    return n;
}

/* HH:MM[:SS[.fraction]]; what it is long, or 0. */
static size_t read_time(const char *ptr, size_t len, int64_t *us)
{
    if (len < 5 || ptr[2] != ':')
        return 0;
    int hour = digits(ptr, 2), minute = digits(ptr + 3, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
        return 0;
    *us = (hour * 60 + minute) * US_OF_MINUTE;
    if (len == 5 || ptr[5] != ':')
        return 5;
    int second = len >= 8 ? digits(ptr + 6, 2) : -1;
    if (second < 0 || second > 59)
        return 0;
    *us += second * US_OF_SECOND;
    if (len == 8 || (ptr[8] != '.' && ptr[8] != ','))
        return 8;
    size_t n = read_fraction(ptr + 9, len - 9, us);
    return n ? 9 + n : 0;
}

/* A whole zone. */
static bool read_zone(const char *ptr, size_t len, cgw_datetime *when)
{
    static const char minus[] = "\xe2\x88\x92"; /* U+2212 */
    when->has_offset = true;
    if (len == 1)
        return *ptr == 'Z' || *ptr == 'z';
    size_t sign = len > 3 && !memcmp(ptr, minus, 3) ? 3 : 1;
    bool is_west = sign == 3 || *ptr == '-';
    if (!is_west && *ptr != '+')
        return false;
    ptr += sign;
    len -= sign;
    size_t colon = len == 5 && ptr[2] == ':';
    if (len - colon != 4)
        return false;
    int hours = digits(ptr, 2), minutes = digits(ptr + 2 + colon, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    int offset = hours * 60 + minutes;
    when->offset_min = (int16_t)(is_west ? -offset : offset);
    return true;
}

/* What stands behind the date. */
static bool read_rest(cgw_str text, cgw_datetime *when)
{
    if (text.len == 10)
        return true;
    int64_t us = 0;
    size_t n = strchr("Tt _", text.ptr[10]) && text.ptr[10]
                   ? read_time(text.ptr + 11, text.len - 11, &us)
                   : 0;
    if (!n)
        return false;
    size_t end = 11 + n;
    if (end < text.len && !read_zone(text.ptr + end, text.len - end, when))
        return false;
    when->unix_us += us - when->offset_min * US_OF_MINUTE;
    return true;
}

/* whole seconds or milliseconds, and a part of one in 1/1000000. */
static const char *from_number(int64_t whole, int64_t part, bool is_ms, cgw_datetime *ret_when)
{
    int64_t ms = is_ms ? whole : whole * 1000; /* seconds are below 2e10 */
    if (ms >= END_US / 1000)
        return too_late;
    if (ms < YEAR_0_MS)
        return too_early;
    int64_t us = is_ms ? whole * 1000 + (part + 500) / 1000 : whole * US_OF_SECOND + part;
    if (us >= END_US)
        return too_late;
    if (us < FIRST_US)
        return year_0;
    *ret_when = (cgw_datetime){.unix_us = us, .has_offset = true};
    return NULL;
}

/* A decimal number without exponent. false: it is not one, or beyond 64 bits. */
static bool read_number(cgw_str text, int64_t *whole, int64_t *part)
{
    const char *ptr = text.ptr, *end = ptr + text.len;
    bool is_negative = ptr < end && *ptr == '-';
    if (ptr < end && (*ptr == '-' || *ptr == '+'))
        ptr++;
    const char *begin = ptr;
    *whole = *part = 0;
    for (; ptr < end && is_digit(*ptr); ptr++)
        if (__builtin_mul_overflow(*whole, 10, whole) ||
            __builtin_add_overflow(*whole, *ptr - '0', whole))
            return false;
    bool has_digits = ptr > begin;
    if (ptr < end && *ptr == '.') {
        size_t n = read_fraction(ptr + 1, (size_t)(end - ptr - 1), part);
        has_digits |= n > 0;
        *part += n > 6 && ptr[7] >= '5';
        ptr += 1 + n;
    }
    if (is_negative) {
        *whole = -*whole - (*part > 0);
        *part = *part > 0 ? US_OF_SECOND - *part : 0;
    }
    return has_digits && ptr == end;
}

static bool is_ms(int64_t whole, int64_t part)
{
    return whole > SECONDS_MAX || (whole == SECONDS_MAX && part > 0) || whole < -SECONDS_MAX;
}

int datetime_read(cgw_str text, cgw_datetime *ret_when, const char **ret_error)
{
    struct civil date;
    int64_t whole, part;
    const char *error = read_date(text, &date);
    cgw_datetime when = {0};
    if (!error) {
        when.unix_us = days_of(&date) * US_OF_DAY;
        error = !read_rest(text, &when) ? extra : date.year == 0 ? year_0 : NULL;
    } else if (read_number(text, &whole, &part)) {
        error = from_number(whole, part, is_ms(whole, part), &when);
    }
    if (error) {
        *ret_error = error;
        return CGW_EINVALID;
    }
    *ret_when = when;
    return CGW_OK;
}

bool datetime_is_range_error(const char *error)
{
    return error == year_0;
}

int datetime_from_i64(int64_t number, cgw_datetime *ret_when, const char **ret_error)
{
    const char *error = from_number(number, 0, is_ms(number, 0), ret_when);
    if (error)
        *ret_error = error;
    return error ? CGW_EINVALID : CGW_OK;
}

int datetime_from_f64(double number, cgw_datetime *ret_when, const char **ret_error)
{
    const char *error = number < 0 ? too_early : too_late; /* NaN and what is beyond 64 bits */
    if (number > -9e18 && number < 9e18) {
        int64_t whole = (int64_t)number;
        whole -= (double)whole > number;
        int64_t part = (int64_t)((number - (double)whole) * 1e6 + 0.5);
        error = from_number(whole, part, __builtin_fabs(number) > (double)SECONDS_MAX, ret_when);
    }
    if (error)
        *ret_error = error;
    return error ? CGW_EINVALID : CGW_OK;
}

int cgw_datetime_parse(cgw_str text, cgw_datetime *out)
{
    const char *error;
    return datetime_read(text, out, &error);
}

/* ---- writing ---- */

static char *put_digits(char *dst, int n, int64_t value)
{
    for (int i = n; i-- > 0; value /= 10)
        dst[i] = (char)('0' + value % 10);
    return dst + n;
}

static char *put_zone(char *dst, int offset)
{
    if (offset == 0) {
        *dst++ = 'Z';
        return dst;
    }
    int minutes = offset < 0 ? -offset : offset;
    *dst++ = offset < 0 ? '-' : '+';
    dst = put_digits(dst, 2, minutes / 60);
    *dst++ = ':';
    return put_digits(dst, 2, minutes % 60);
}

static char *put_time(char *dst, int64_t us)
{
    dst = put_digits(dst, 2, us / (60 * US_OF_MINUTE));
    *dst++ = ':';
    dst = put_digits(dst, 2, us / US_OF_MINUTE % 60);
    *dst++ = ':';
    dst = put_digits(dst, 2, us / US_OF_SECOND % 60);
    if (us % US_OF_SECOND == 0)
        return dst;
    *dst++ = '.';
    return put_digits(dst, 6, us % US_OF_SECOND);
}

size_t cgw_datetime_format(const cgw_datetime *when, char dst[CGW_DATETIME_LEN + 1])
{
    *dst = '\0';
    int offset = when->has_offset ? when->offset_min : 0;
    if (offset <= -1440 || offset >= 1440)
        return 0;
    int64_t local = when->unix_us;
    if (__builtin_add_overflow(local, offset * US_OF_MINUTE, &local) || local < FIRST_US ||
        local >= END_US)
        return 0;
    int64_t days = floor_div(local, US_OF_DAY);
    struct civil date = civil_of(days);
    char *end = put_digits(dst, 4, date.year);
    *end++ = '-';
    end = put_digits(end, 2, date.month);
    *end++ = '-';
    end = put_digits(end, 2, date.day);
    *end++ = 'T';
    end = put_time(end, local - days * US_OF_DAY);
    if (when->has_offset)
        end = put_zone(end, offset);
    *end = '\0';
    return (size_t)(end - dst);
}
