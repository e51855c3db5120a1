/* event_time: the SystemTime of an event as 100 ns units since 1601 (FILETIME). */
#ifndef TESTS_WINSIM_EVENT_TIME_H
#define TESTS_WINSIM_EVENT_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* Reads "2024-05-01T12:34:56.1234567Z" (0 to 9 decimals; more than 7 are cut). Returns whether text is one. */
bool event_time_parse(uint64_t *out, const char *text);

#endif
