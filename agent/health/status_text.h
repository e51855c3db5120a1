/* status_text: a status document for people: at most 80 columns, plain text. */
#ifndef AGENT_HEALTH_STATUS_TEXT_H
#define AGENT_HEALTH_STATUS_TEXT_H

#include "agent/health/status_file.h"
#include <stdio.h>

/* now: time, as in health.h, that ages are counted to. */
void status_print(FILE *to, const json_t *document, const struct status_judgement *judgement, uint64_t now);

/* Prints text in lines of at most width bytes, broken at blanks; the first begins with first, the others with rest. */
void status_print_wrapped(FILE *to, const char *first, const char *rest, const char *text, size_t width);

#endif
