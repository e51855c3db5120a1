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
    /* 11xx: installation and rights */
    MESSAGE_RIGHTS = 1101,
    MESSAGE_NOT_HARDENED = 1102,
    MESSAGE_UNSAFE = 1103,
    /* 2xxx: reading */
    MESSAGE_SOURCE_OPENED = 2001,
    MESSAGE_SOURCE_ABSENT = 2002,
    MESSAGE_SOURCE_DENIED = 2003,
    MESSAGE_SOURCE_BROKEN = 2004,
    MESSAGE_BAD_EVENT = 2005,
    MESSAGE_GAP = 2006,
    MESSAGE_RESUMED = 2007,
    /* 21xx: of the Event Log */
    MESSAGE_SMALLER_BATCH = 2101,
    MESSAGE_LOG_CLEARED = 2102,
    MESSAGE_CHANNEL_DISABLED = 2103,
    MESSAGE_CHANNEL_ENABLED = 2104,
    MESSAGE_LOG_SHRUNK = 2105,
    MESSAGE_IDS_RESTARTED = 2106,
    MESSAGE_LOG_WRAPPING = 2107,
    /* 22xx: ETW and the join of witnesses */
    MESSAGE_ETW_LOST = 2201,
    MESSAGE_ETW_STOPPED = 2202,
    MESSAGE_ETW_NO_SLOT = 2203,
    MESSAGE_ETW_FOREIGN = 2204,
    MESSAGE_WITNESS = 2210,
    MESSAGE_WITNESS_MISSED = 2211,
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
    MESSAGE_SENDER_STORE = 4004,
    /* 41xx: delivering, what is rare */
    MESSAGE_FORBIDDEN = 4101,
    MESSAGE_EXPIRED = 4102,
    MESSAGE_RENEWED = 4103,
    MESSAGE_NOT_RENEWED = 4104,
    MESSAGE_STORE_FILLING = 4105,
    MESSAGE_STORE_RESCUED = 4106
};

#endif
