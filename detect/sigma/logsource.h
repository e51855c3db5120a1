/*
 * logsource: which events a Sigma log source (category, product, service) means.
 * Source: Sigma specification 2.1, taxonomy appendix 2.1.0, "Windows Folder"; the services and channels that SigmaHQ's
 * rules use beyond it.
 */
#ifndef DETECT_SIGMA_LOGSOURCE_H
#define DETECT_SIGMA_LOGSOURCE_H

#include "detect/rule/leg.h"
#include "detect/rule/node.h"

/* Most channels of a service. */
#define LOGSOURCE_MAX_CHANNELS 4

struct logsource {
    struct text name; /* for messages and as the leg's table: the category, else the service, else the product */
    bool is_served;   /* false: no event of this agent is meant */
    bool is_process;  /* process creations, whose fields have canonical names */
    bool has_blanks;  /* its events' data have names of several words, which Sigma writes as one */
    uint64_t kinds;   /* bit 1 << enum event_kind */
    const char *channels[LOGSOURCE_MAX_CHANNELS]; /* any of them; none: any channel */
    size_t channel_count;
    const uint32_t *event_ids; /* one of these; NULL: any */
    size_t event_id_count;
};

/*
 * Reads the map logsource of a document. What no kind of event serves is a warning; a misspelt key is a mistake.
 * Returns 0; -EINVAL: the mistakes are in notes.
 */
int logsource_read(struct logsource *out, const struct node *map, struct notes *notes);

/* Does a rule's log source lie within a filter's: what the filter names, the rule names too? */
bool logsource_lies_within(const struct node *rule, const struct node *filter);

#endif
