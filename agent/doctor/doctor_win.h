/* doctor_win: what doctor_win.c and doctor_channel_win.c share; Windows only. */
#ifndef AGENT_DOCTOR_DOCTOR_WIN_H
#define AGENT_DOCTOR_DOCTOR_WIN_H

#include "agent/doctor/doctor.h"
#include <stddef.h>
#include <wchar.h>

/* Fills *channel for the channel of that name. */
void doctor_ask_channel(struct doctor_channel *channel, const char *name);

#endif
