/* doctor_win: what doctor_win.c and doctor_channel_win.c share; Windows only. */
#ifndef AGENT_DOCTOR_DOCTOR_WIN_H
#define AGENT_DOCTOR_DOCTOR_WIN_H

#include "agent/doctor/doctor.h"
#include <stddef.h>
#include <wchar.h>

/* wide as UTF-8, cut at a character where longer. */
void doctor_narrow(char *to, size_t size, const wchar_t *wide);

/* The caller frees it; NULL when memory is short. */
wchar_t *doctor_wide(const char *text);

/* Fills *channel for the channel of that name. */
void doctor_ask_channel(struct doctor_channel *channel, const char *name);

#endif
