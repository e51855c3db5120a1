/* doctor_win: what doctor_win.c and doctor_channel_win.c share; Windows only. */
#ifndef AGENT_DOCTOR_DOCTOR_WIN_H
#define AGENT_DOCTOR_DOCTOR_WIN_H

#include "agent/doctor/doctor.h"
#include <stddef.h>
#include <wchar.h>

/*
 * The newest event of channel that query selects: its time, 0 where there is none or it can't be told, and what its
 * data called name (ASCII) say, cut where longer.
 */
uint64_t doctor_newest(char *to, size_t size, const wchar_t *channel, const wchar_t *query, const wchar_t *name);

void doctor_ask_sysmon(struct doctor_sysmon *sysmon);
void doctor_ask_rights(struct doctor_answers *answers);

/* Fills *channel for the channel of that name. */
void doctor_ask_channel(struct doctor_channel *channel, const char *name);

#endif
