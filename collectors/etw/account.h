/*
 * account: SID -> "DOMAIN\name", remembered. Asking Windows can take seconds (a domain controller is far), so it is
 * asked once for each account, and never on a thread that events arrive on.
 */
#ifndef COLLECTORS_ETW_ACCOUNT_H
#define COLLECTORS_ETW_ACCOUNT_H

#include "detect/base/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Accounts remembered; beyond, the one asked for longest ago goes. */
#define ACCOUNT_MAX_NAMES 256

/* Names stay this long (accounts are renamed), SIDs without a name this long (an account may be new), ms. */
#define ACCOUNT_KEEP_MS 3600000u
#define ACCOUNT_KEEP_UNKNOWN_MS 60000u

/* Room for "DOMAIN\name": DNS names have at most 255 characters, account names 256
 * (learn.microsoft.com/windows/win32/secauthn/user-name-formats), 3 bytes a UTF-16 unit. */
#define ACCOUNT_NAME_SIZE (3u * (255u + 1u + 256u) + 1u)

struct account_names;

/* look_up writes the name of sid ("S-1-5-18", NUL-terminated) and returns true; false: it has none. */
int account_names_new(struct account_names **out, bool (*look_up)(char name[ACCOUNT_NAME_SIZE], const char *sid));

/* NULL is allowed. */
void account_names_free(struct account_names *names);

/* The name of sid, absent where it has none (or sid is absent). now_ms: any steady clock. Valid until the next call.
 * One thread at a time. */
struct text account_name(struct account_names *names, struct text sid, uint64_t now_ms);

/* What Windows says (account_win.c). */
bool account_look_up(char name[ACCOUNT_NAME_SIZE], const char *sid);

#endif
