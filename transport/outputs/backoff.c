#include "transport/outputs/backoff.h"

/* SplitMix64 (prng.di.unimi.it/splitmix64.c, public domain algorithm): any seed is a good one. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

void backoff_reset(struct backoff *backoff, uint64_t seed)
{
    backoff->tries = 0;
    backoff->random = seed;
}

void backoff_success(struct backoff *backoff)
{
    backoff->tries = 0;
}

unsigned backoff_failure_ms(struct backoff *backoff, unsigned retry_after_ms)
{
    unsigned ceiling = BACKOFF_FIRST_MS;
    for (unsigned i = 0; i < backoff->tries && ceiling < BACKOFF_MAX_MS; i++)
        ceiling *= 2;
    if (ceiling > BACKOFF_MAX_MS)
        ceiling = BACKOFF_MAX_MS;
    else
        backoff->tries++; /* no further than the ceiling needs: it can't overflow */
    unsigned jitter = backoff_random(backoff, ceiling);
    if (retry_after_ms <= jitter)
        return jitter;
    unsigned more = backoff_random(backoff, retry_after_ms / 10);
    return retry_after_ms > UINT32_MAX - more ? UINT32_MAX : retry_after_ms + more;
}

unsigned backoff_random(struct backoff *backoff, unsigned most)
{
    return (unsigned)(next_random(&backoff->random) % ((uint64_t)most + 1u));
}
