#include "agent/doctor/doctor.h"

#include "agent/outputs/outputs.h"

void doctor_ask_outputs(struct doctor_answers *answers, const struct config *config, const atomic_bool *cancel)
{
    for (size_t i = 0; i < config->output_count && (cancel == NULL || !atomic_load(cancel)); i++) {
        if (config->outputs[i].url == NULL)
            continue; /* a file on this host's own disk */
        struct doctor_output *o = &answers->outputs[answers->output_count++];
        struct fault fault = {0};
        char text[512];
        *o = (struct doctor_output){.is_reachable = false};
        (void)text_copy(o->name, sizeof(o->name), text_from(config->outputs[i].name)); /* at most 64 bytes */
        if (outputs_probe(&o->facts, config, i, cancel, &fault) == 0)
            o->is_reachable = true;
        else
            (void)text_copy(o->trouble, sizeof(o->trouble),
                            text_from(fault_text(&fault, text, sizeof(text)))); /* cut */
    }
}
