/* sample: a whole alert of each row, for the tests of the encoder and of what carries its documents. */
#ifndef TESTS_TRANSPORT_DOCUMENT_SAMPLE_H
#define TESTS_TRANSPORT_DOCUMENT_SAMPLE_H

#include "detect/alert/alert.h"
#include "transport/document/alert_id.h"

struct sample {
    struct event event;
    struct rule_match match; /* of sample_rules() */
    struct alert alert;
    char id[ALERT_ID_SIZE];
};

/* The built-in rules, as long as the program runs. */
const struct rule_set *sample_rules(void);

/* Legs of the first of them, as bits of match.legs; leg 5 mends leg 3. */
#define SAMPLE_LEG(number) (UINT64_C(1) << ((number)-1))

/* Makes sample->alert and its id of sample->event and sample->match; ends the program if it can't. alert_clear() when
 * done. */
void sample_alert(struct sample *sample);

/* A 4688 as Microsoft's documentation of the event shows it, with the rule's terms; branch 1. */
void sample_4688(struct sample *sample);

/* A Sysmon event 1; branch 4. */
void sample_sysmon(struct sample *sample);

/* A Sysmon event 1 whose creator's command line matches; branch 3. */
void sample_device_process(struct sample *sample);

/* ETW's event of a process whose own and whose creator's command line match; branch 3, twice. */
void sample_etw(struct sample *sample);

#endif
