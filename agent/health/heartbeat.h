/*
 * heartbeat: a document that says what this host has been watching since the last one: figures, and for each source a
 * receipt. Each is chained to the one before by its hash (docs/heartbeat.md), so that the central side sees when one is
 * missing, when a host's state was set back, and when there are two hosts of one identity.
 *
 * It goes through the store's outbox like an alert. Document and chain are kept in one transaction, the chain as the
 * "bookmark" of the source HEARTBEAT_SOURCE: neither can be there without the other.
 */
#ifndef AGENT_HEALTH_HEARTBEAT_H
#define AGENT_HEALTH_HEARTBEAT_H

#include "agent/health/status_file.h"
#include "transport/document/sha256.h"
#include "transport/outbox/store.h"

#define HEARTBEAT_SOURCE "tripline:heartbeat"

/* The place reached in the chain, as the store keeps it. */
struct heartbeat_chain {
    uint64_t sequence;          /* of the last heartbeat kept; 0: none yet */
    char hash[SHA256_HEX_SIZE]; /* its hash; 64 zeros: none yet */
};

/* Reads what heartbeat_chain_text() wrote; NULL: none yet. False: it is something else. */
bool heartbeat_chain_parse(struct heartbeat_chain *chain, const char *text);
void heartbeat_chain_text(char to[SHA256_HEX_SIZE + 24], const struct heartbeat_chain *chain);

/*
 * Makes the heartbeat that follows *chain. boot: of this run of the agent, so that a restart shows. skipped: heartbeats
 * left out since the last one. *id and *document (the caller frees it) are what store_keep() wants; *next is the chain
 * with it. Returns 0, -ENOMEM or -EIO.
 */
int heartbeat_make(char id[ALERT_ID_SIZE], char **document, struct heartbeat_chain *next,
                   const struct heartbeat_chain *chain, const struct status_about *about, const struct status_now *now,
                   const char *boot, uint64_t skipped);

#endif
