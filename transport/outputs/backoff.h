/*
 * backoff: how long to wait before the next try. Full jitter: evenly anywhere between 0 and a ceiling that starts at
 * 1 s and doubles up to 60 s, so that a thousand agents do not come back together.
 * Source: "Exponential Backoff And Jitter", aws.amazon.com/blogs/architecture.
 */
#ifndef TRANSPORT_OUTPUTS_BACKOFF_H
#define TRANSPORT_OUTPUTS_BACKOFF_H

#include <stdint.h>

#define BACKOFF_FIRST_MS 1000u
#define BACKOFF_MAX_MS 60000u

struct backoff {
    unsigned tries;  /* failures in a row */
    uint64_t random; /* state of the generator; not for secrets */
};

/* seed: anything that differs between hosts and starts. */
void backoff_reset(struct backoff *backoff, uint64_t seed);

/* After a success: the next failure waits for the shortest time again. */
void backoff_success(struct backoff *backoff);

/* After a failure: ms to wait: the jitter, or retry_after_ms where that is longer (what the other side asked for, 0:
 * nothing). It asks all agents at once, so up to a tenth of it is added then. */
unsigned backoff_failure_ms(struct backoff *backoff, unsigned retry_after_ms);

/* Evenly anywhere between 0 and most. */
unsigned backoff_random(struct backoff *backoff, unsigned most);

#endif
