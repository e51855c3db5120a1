/*
 * taxonomy: what a field's name in a Sigma rule means in the events of its log source.
 *
 * For process creations the names are those of Sysmon's event 1, and mean the same in Security 4688 and ETW as far as
 * these have it: Image is NewProcessName, User the account that the new process runs as, IntegrityLevel is spelt as
 * Sysmon does. Names of the System part (EventID, Channel, Provider_Name ...) are the event's. Every other name is that
 * of the event's own data; an event without such data lacks the field. Source: Sigma specification 2.1, "Field Usage",
 * and taxonomy appendix 2.1.0, "Process Creation Events".
 */
#ifndef DETECT_SIGMA_TAXONOMY_H
#define DETECT_SIGMA_TAXONOMY_H

#include "detect/sigma/piece.h"

/*
 * The field as an expression of type string. Letter case of the name counts.
 * Returns 0; -EINVAL: refused, the mistake is in job->notes; -ENOMEM.
 */
int taxonomy_field(struct expr **out, struct job *job, struct text name, struct expr_place place);

#endif
