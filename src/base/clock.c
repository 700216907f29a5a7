/* The time, and times as text. */
#include "base/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

static _Atomic int64_t held = TIME_UNKNOWN;

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * SECOND + now.tv_nsec / 1000000;
}

int64_t clock_now(void)
{
	int64_t time = atomic_load_explicit(&held, memory_order_relaxed);

	return time != TIME_UNKNOWN ? time : read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void clock_hold(int64_t time)
{
	atomic_store(&held, time);
}

/* Days from 1970-01-01 to a date of the Gregorian calendar: years counted from March, so that the
 * leap day is the last of its year. */
static int64_t days_from_date(int64_t year, int month, int day)
{
	int64_t shifted = month <= 2 ? year - 1 : year;
	int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
	int64_t year_of_era = shifted - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

/* Reads exactly `count` digits at *at and advances it; -1 when they are not there. */
static int digits(const char **at, int count)
{
	int value = 0;

	for (int i = 0; i < count; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return -1;
		value = value * 10 + (**at - '0');
	}
	return value;
}

static bool step_over(const char **at, char character)
{
	if (**at != character)
		return false;
	(*at)++;
	return true;
}

/* A fraction of a second in milliseconds; further digits are truncated. */
static int milliseconds(const char **at)
{
	int value = 0;
	int count = 0;

	if (!step_over(at, '.') && !step_over(at, ','))
		return 0;
	for (; **at >= '0' && **at <= '9'; (*at)++, count++)
		if (count < 3)
			value = value * 10 + (**at - '0');
	for (; count > 0 && count < 3; count++)
		value *= 10;
	return count > 0 ? value : -1;
}

/* The zone in milliseconds east of UTC; TIME_UNKNOWN when absent. */
static bool zone(const char **at, int64_t *offset)
{
	int sign = **at == '-' ? -1 : 1;
	int hours;
	int minutes = 0;

	*offset = **at == '\0' ? TIME_UNKNOWN : 0;
	if (**at == '\0' || step_over(at, 'Z') || step_over(at, 'z'))
		return true;
	if (!step_over(at, '+') && !step_over(at, '-'))
		return false;
	hours = digits(at, 2);
	(void)step_over(at, ':');
	if (**at != '\0')
		minutes = digits(at, 2);
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return false;
	*offset = (int64_t)sign * (hours * HOUR + minutes * MINUTE);
	return true;
}

static bool date(const char **at, int64_t *days)
{
	static const int longest[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = digits(at, 4);
	int month = step_over(at, '-') ? digits(at, 2) : -1;
	int day = step_over(at, '-') ? digits(at, 2) : -1;

	if (year < 0 || month < 1 || month > 12 || day < 1 || day > longest[month - 1])
		return false;
	*days = days_from_date(year, month, day);
	return true;
}

/* The time without its zone; *offset is the zone, TIME_UNKNOWN when absent. */
static int64_t written(const char *string, int64_t *offset)
{
	const char *at = string;
	int64_t days;
	int hour;
	int minute;
	int second;
	int fraction;

	if (string == NULL || !date(&at, &days) || (*at != 'T' && *at != 't' && *at != ' '))
		return TIME_UNKNOWN;
	at++;
	hour = digits(&at, 2);
	minute = step_over(&at, ':') ? digits(&at, 2) : -1;
	second = step_over(&at, ':') ? digits(&at, 2) : 0;
	fraction = milliseconds(&at);
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
		return TIME_UNKNOWN;
	if (fraction < 0 || !zone(&at, offset) || *at != '\0')
		return TIME_UNKNOWN;
	return days * DAY + hour * HOUR + minute * MINUTE + second * SECOND + fraction;
}

/* A time that the zone moves before year 0000 or after 9999 is not valid. */
static int64_t within_years(int64_t time)
{
	return time >= days_from_date(0, 1, 1) * DAY && time < days_from_date(10000, 1, 1) * DAY
		       ? time
		       : TIME_UNKNOWN;
}

int64_t time_parse(const char *string)
{
	int64_t offset;
	int64_t time = written(string, &offset);

	if (time == TIME_UNKNOWN)
		return TIME_UNKNOWN;
	return within_years(offset != TIME_UNKNOWN ? time - offset : time);
}

/* ---- New York ---- */

/* The n-th Sunday of a month, in days since 1970; 1970-01-04 was one. */
static int64_t sunday(int64_t year, int month, int n)
{
	int64_t first = days_from_date(year, month, 1);
	int64_t wait = ((3 - first) % 7 + 7) % 7;

	return first + wait + (int64_t)(n - 1) * 7;
}

/* Daylight time lasts from 2:00 standard time of the second Sunday of March to 2:00 daylight time
 * of the first Sunday of November (the law since 2007). The hour that occurs twice counts as the
 * first; the hour that does not exist counts as standard time. */
static bool is_daylight_time(int64_t wall, int64_t year)
{
	return wall >= sunday(year, 3, 2) * DAY + 3 * HOUR &&
	       wall < sunday(year, 11, 1) * DAY + 2 * HOUR;
}

int64_t time_parse_new_york(const char *string)
{
	const char *at = string;
	int64_t offset;
	int64_t time = written(string, &offset);

	if (time == TIME_UNKNOWN)
		return TIME_UNKNOWN;
	if (offset == TIME_UNKNOWN)
		offset = is_daylight_time(time, digits(&at, 4)) ? -4 * HOUR : -5 * HOUR;
	return within_years(time - offset);
}

/* Writes a number with `count` digits and a character; returns the position after them. */
static char *write_part(char *at, int number, int count, char after)
{
	for (int i = count - 1; i >= 0; i--, number /= 10)
		at[i] = (char)('0' + number % 10);
	at[count] = after;
	return at + count + 1;
}

/* Without printf: every message has several times, and printf would take a twentieth of the time to
 * make one. */
void time_format(int64_t time, char text[TIME_TEXT])
{
	char *at = text;
	int64_t millisecond = ((time % SECOND) + SECOND) % SECOND;
	time_t seconds = (time_t)((time - millisecond) / SECOND);
	struct tm utc;

	if (gmtime_r(&seconds, &utc) == NULL || utc.tm_year > 9999 - 1900 || utc.tm_year < -1900)
		utc = (struct tm){.tm_year = 70, .tm_mday = 1};
	at = write_part(at, utc.tm_year + 1900, 4, '-');
	at = write_part(at, utc.tm_mon + 1, 2, '-');
	at = write_part(at, utc.tm_mday, 2, 'T');
	at = write_part(at, utc.tm_hour, 2, ':');
	at = write_part(at, utc.tm_min, 2, ':');
	at = write_part(at, utc.tm_sec, 2, '.');
	at = write_part(at, (int)millisecond, 3, 'Z');
	*at = '\0';
}
