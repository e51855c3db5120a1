/*
 * messages: the stable ids of the agent's log lines; docs/operations.md has the table. An id never changes its meaning
 * and is never used again.
 */
#ifndef AGENT_MESSAGES_H
#define AGENT_MESSAGES_H

enum message {
    /* 1xxx: the agent itself; 1000 is the log's own: lines that could not be written */
    MESSAGE_STARTED = 1001,
    MESSAGE_STOPPED = 1002,
    MESSAGE_START_FAILED = 1003,
    MESSAGE_CONFIG_BAD = 1004,
    MESSAGE_NO_SOURCES = 1005,
    /* 12xx: living with it */
    MESSAGE_STATUS_FAILED = 1201,
    MESSAGE_DOCTOR_FOUND = 1202,
    MESSAGE_DOCTOR_GOOD = 1203,
    MESSAGE_CONFIG_TAKEN = 1204,
    MESSAGE_CONFIG_KEPT = 1205,
    MESSAGE_THREAD_STUCK = 1206,
    MESSAGE_THREAD_WORKS = 1207,
    MESSAGE_STUCK_END = 1208,
    MESSAGE_SLOWED = 1209,
    MESSAGE_HEARTBEAT_FAILED = 1210,
    MESSAGE_METRICS_FAILED = 1211,
    /* 2xxx: reading */
    MESSAGE_SOURCE_OPENED = 2001,
    MESSAGE_SOURCE_ABSENT = 2002,
    MESSAGE_SOURCE_DENIED = 2003,
    MESSAGE_SOURCE_BROKEN = 2004,
    MESSAGE_BAD_EVENT = 2005,
    MESSAGE_GAP = 2006,
    MESSAGE_RESUMED = 2007,
    /* 3xxx: matching and keeping */
    MESSAGE_MATCH = 3001,
    MESSAGE_STORE_FULL = 3002,
    MESSAGE_STORE_FAILED = 3003,
    MESSAGE_STORE_WORKS = 3004,
    MESSAGE_EVENT_FAILED = 3005,
    /* 4xxx: delivering */
    MESSAGE_DELIVERED = 4001,
    MESSAGE_RETRY = 4002,
    MESSAGE_REFUSED = 4003,
    MESSAGE_SENDER_STORE = 4004
};

#endif
