/*
 * etw: Event Tracing for Windows as a source of process creations (etw_win.c; Windows only). Which rights each kind
 * needs and what happens without them: docs/etw.md. Contracts: learn.microsoft.com/windows/win32/etw.
 *
 * Two threads for each: the caller's (etw_run: session, losses, handing over) and one of its own, on which Windows
 * delivers the events. The second never waits for a disk, a network or an account's name.
 */
#ifndef COLLECTORS_ETW_ETW_H
#define COLLECTORS_ETW_ETW_H

#include "collectors/collector.h"
#include "detect/rule/rule_set.h"

enum etw_kind {
    ETW_KERNEL,  /* the kernel's class Process, in a system logger session of our own */
    ETW_SYSMON,  /* Sysmon's event 1, in a session of our own */
    ETW_SECURITY /* 4688, read along in Windows' session EventLog-Security, which is never started, changed or stopped
                  */
};

/* Size of a session's buffers, KB: larger events would be lost, and none is larger than 64 KB in all. */
#define ETW_BUFFER_KB 64u

struct etw_settings {
    enum etw_kind kind;
    unsigned min_buffers, max_buffers; /* of ETW_BUFFER_KB; Windows may take others */
    unsigned flush_ms;                 /* 5 to 1000: events are delivered at least this often */
    const struct rule_set *rules;      /* must outlive it */
    struct collector_sink sink;        /* called on etw_run's thread; the bookmark of its checkpoints is absent */
};

struct etw;

/* The name in reports and checkpoints. Static. */
const char *etw_source_name(enum etw_kind kind);

/* Returns 0, -ENOMEM, or -EIO with fault. */
int etw_new(struct etw **out, const struct etw_settings *settings, struct fault *fault);

/*
 * Reads until etw_stop(). What fails (rights, no free session, a session stopped by somebody) is reported and tried
 * again, never returned.
 */
void etw_run(struct etw *etw);

/* Makes etw_run return soon, with what was delivered by then handed over. Any thread, any number of times. */
void etw_stop(struct etw *etw);

/* Only after etw_run has returned. NULL is allowed. */
void etw_free(struct etw *etw);

#endif
