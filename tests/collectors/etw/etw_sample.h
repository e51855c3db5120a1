/* etw_sample: payloads of ETW events for tests, made field by field as the documents have them. */
#ifndef TESTS_COLLECTORS_ETW_ETW_SAMPLE_H
#define TESTS_COLLECTORS_ETW_ETW_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct etw_sample {
    unsigned char bytes[4096];
    size_t size;
};

void etw_sample_number(struct etw_sample *s, uint64_t value, size_t size);
void etw_sample_units(struct etw_sample *s, const char *ascii);
void etw_sample_guid(struct etw_sample *s, unsigned char first);

/* S-1-5-21-1-2-1104 */
void etw_sample_sid(struct etw_sample *s);

/* A start of the class Process: pid 4242, parent 77, powershell.exe with command_line; user: with a SID (as above). */
void etw_sample_process(struct etw_sample *s, unsigned version, unsigned pointer_size, bool user,
                        const char *command_line);

/* Sysmon 1: pid 4242, parent 77, as user CONTOSO\dadmin; and 4688 of the same. */
void etw_sample_sysmon(struct etw_sample *s, bool has_original_name, bool has_parent_user, const char *command_line,
                       const char *parent_command_line);
void etw_sample_4688(struct etw_sample *s, unsigned version, unsigned pointer_size, const char *command_line);

#endif
