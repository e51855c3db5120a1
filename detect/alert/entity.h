/*
 * entity: who and where, out of the texts that a log gives: the host's and the account's name.
 *
 * Twice: as the rule's own last stage does it, faults included ("faithful"), and as it should be ("corrected").
 * Source: docs/rule-semantics.md, "The rule's last stage" and "Quirks" (Q3 to Q7).
 */
#ifndef DETECT_ALERT_ENTITY_H
#define DETECT_ALERT_ENTITY_H

#include "detect/base/text.h"

/* Borrows from the two texts that it was made of. */
struct entity {
    struct text host_name;      /* HostName */
    struct text host_domain;    /* HostNameDomain */
    long domain_index;          /* DomainIndex: code points before the first dot, or -1 */
    struct text account_name;   /* AccountName */
    struct text account_domain; /* AccountDomain */
};

/* The rule's last stage over HostEntity and AccountEntity. */
struct entity entity_faithful(struct text host, struct text account);

/*
 * Corrected: an address is not cut at its dots and has no domain; a host without a dot has no domain; an account
 * without a backslash is a name (a UPN splits at its last '@'); the first backslash alone splits; "-" and "" mean
 * absent.
 */
struct entity entity_corrected(struct text host, struct text account);

#endif
