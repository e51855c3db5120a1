#include "agent/run/selftest.h"

#include <errno.h>

int selftest_program(char to[SELFTEST_COMMAND_SIZE / 2], struct fault *fault)
{
    (void)to;
    fault_set(fault, "selftest", ENOTSUP, text_from(NULL), "this system has no Windows Event Log to see a process in");
    return -ENOTSUP;
}

int selftest_start(unsigned *pid, const char *program, const char *command_line, struct fault *fault)
{
    (void)pid;
    (void)program;
    (void)command_line;
    fault_set(fault, "selftest", ENOTSUP, text_from(NULL), "this system has no Windows Event Log to see a process in");
    return -ENOTSUP;
}
