/*
 * oauth: access tokens by OAuth 2.0 client credentials (RFC 6749 section 4.4) with a secret or a signed assertion
 * (RFC 7523), kept until shortly before they end. One thread at a time, but for oauth_cancel().
 */
#ifndef TRANSPORT_HTTPS_OAUTH_H
#define TRANSPORT_HTTPS_OAUTH_H

#include "detect/base/fault.h"
#include "transport/https/https.h"
#include "transport/https/jwt.h"

struct oauth_settings {
    struct https_settings https; /* url: the token endpoint */
    const char *client_id, *scope;
    const char *client_secret; /* or NULL and key */
    struct jwt_key *key;       /* outlives it */
};

struct oauth;

/* Everything but key is copied. Returns 0; -EINVAL with fault; -ENOMEM. */
int oauth_open(struct oauth **out, const struct oauth_settings *settings, struct fault *fault);
void oauth_close(struct oauth *oauth); /* NULL is allowed */

/*
 * *token: borrowed until the next call. It has at least a tenth of its life, or 5 minutes, before it. Asks for one
 * where that is needed. Returns 0; as https_post(); -EACCES: refused, or no token in the answer, *status says more.
 */
int oauth_token(const char **token, struct oauth *oauth, long *status, unsigned *retry_after_ms, struct fault *fault);

/* The token did not do: the next call asks for a new one. */
void oauth_forget(struct oauth *oauth);

void oauth_cancel(struct oauth *oauth);

#endif
