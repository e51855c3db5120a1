/*
 * selftest: is the road open from a process on this host to every output's 2xx? A harmless child is started whose
 * command line holds the rule's terms and a nonce; the running agent must see it, and each output must take its alert.
 *
 * Its alert says "test". So that nobody hides behind that word, an alert is a test only when the event's command line
 * is exactly the one that stands in selftest.txt of the state directory, where only administrators can write.
 */
#ifndef AGENT_RUN_SELFTEST_H
#define AGENT_RUN_SELFTEST_H

#include "detect/base/fault.h"
#include "detect/base/text.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SELFTEST_FILE_NAME "selftest.txt"

/* Room for a whole command line of a test, with the NUL. */
#define SELFTEST_COMMAND_SIZE 300

/* Writes the command line: program, then what makes its shell do nothing, the terms of the first rule, the nonce.
 * Returns 0 or -EMSGSIZE. */
int selftest_command(char to[SELFTEST_COMMAND_SIZE], const char *program, const char *nonce);

/* Is command_line the one announced in the file at path? */
bool selftest_is_ours(const char *path, struct text command_line);

/* The system's half (selftest_win.c, selftest_posix.c). */

/* The path of the program that a test starts. Returns 0, or -ENOTSUP with fault: this system sees no processes. */
int selftest_program(char to[SELFTEST_COMMAND_SIZE / 2], struct fault *fault);

/* Starts it, and waits until it has ended. Returns 0 and its pid, or a negative errno value with fault. */
int selftest_start(unsigned *pid, const char *program, const char *command_line, struct fault *fault);

enum selftest_verdict { SELFTEST_WAITS, SELFTEST_PASSED, SELFTEST_FAILED };

/*
 * What the status document says of the test of this command line, which began at the time started; prints the steps
 * to text (jansson array of strings, appended to; may be NULL). PASSED: an alert of it was taken by every output.
 */
enum selftest_verdict selftest_judge(const json_t *status, const char *command_line, uint64_t started, json_t *steps);

#endif
