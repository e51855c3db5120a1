/*
 * https_probe: what a server says of itself when it is asked for nothing: a HEAD request, which leaves nothing behind.
 */
#ifndef TRANSPORT_HTTPS_HTTPS_PROBE_H
#define TRANSPORT_HTTPS_HTTPS_PROBE_H

#include "transport/https/https.h"
#include <stdatomic.h>

struct https_facts {
    long status;     /* of the answer: any is a sign that HTTP works */
    char tls[32];    /* "TLSv1.3" */
    char cipher[64]; /* as OpenSSL names it */
    bool has_expiry, has_clock;
    long expiry_days; /* until the server's certificate ends */
    long clock_s;     /* the server's Date less our clock, seconds; within the time that the request took */
    unsigned took_ms; /* name, connection, TLS, answer */
};

/* https is used up: only https_close() afterwards. cancel (may be NULL): becomes true when it is to end within a
 * second, with -EIO. Returns 0, or as https_post() with fault. */
int https_probe(struct https *https, struct https_facts *facts, const atomic_bool *cancel, struct fault *fault);

#endif
