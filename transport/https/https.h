/*
 * https: one POST over verified TLS 1.2 or later, by libcurl with OpenSSL. Certificate and host name are always
 * checked; no setting turns that off. Redirects are not followed. TLS 1.3 with X25519MLKEM768 is preferred where both
 * sides have it; keys below RSA 2048 and SHA-1 are refused (OpenSSL's security level 2), renegotiation is too.
 */
#ifndef TRANSPORT_HTTPS_HTTPS_H
#define TRANSPORT_HTTPS_HTTPS_H

#include "detect/base/fault.h"
#include <stdbool.h>
#include <stddef.h>

/* Most bytes kept of an answer's body; the rest is read and dropped. */
#define HTTPS_MAX_REPLY 65536

/* An answer whose body is longer than this is broken off, and is none. */
#define HTTPS_MAX_ANSWER (8u * 1024u * 1024u)

enum https_proxy_login {
    HTTPS_PROXY_NO_LOGIN,
    HTTPS_PROXY_BASIC, /* proxy_user and proxy_password */
    HTTPS_PROXY_SYSTEM /* as the account that the program runs as: Negotiate or NTLM, by SSPI; Windows only */
};

/* Everything is copied by https_open; secrets rest covered (https_cover.h). PEM texts, not paths: the caller reads the
 * files. */
struct https_settings {
    const char *url;    /* https://host[:port]/path */
    bool allows_http;   /* http:// too, but only to localhost, 127.x.x.x and [::1] */
    const char *ca_pem; /* the only authorities trusted; NULL: the system's (Windows' ROOT store, or OpenSSL's) */
    size_t ca_pem_size;
    const char *pins[2]; /* base64 of the SHA-256 of a server's public key (RFC 7469 section 2.4), NULL: none. With any,
                            one must be the server's, besides all that is checked otherwise */
    bool wants_staple;   /* the server must staple an OCSP answer that says its certificate is good, and send the
                            certificate of its issuer too, which libcurl looks for there */
    const char *certificate_pem; /* the client's, with its chain; or a whole .p12 with its key; NULL: none */
    size_t certificate_pem_size;
    const char *key_pem; /* its private key; NULL with a .p12 */
    size_t key_pem_size;
    const char *key_password;   /* of key_pem or the .p12; NULL: none */
    const char *const *headers; /* "Name: value", sent with each request; may hold secrets, never logged */
    size_t header_count;
    const char
        *proxy; /* "http://host[:port]", through which CONNECT goes; "": none; NULL: HTTPS_PROXY of the environment */
    const char
        *no_proxy; /* hosts and domains reached without it, with commas between; NULL: NO_PROXY of the environment */
    enum https_proxy_login proxy_login;
    const char *proxy_user, *proxy_password;
    bool keeps_cookies; /* what the server sets (RFC 6265) goes back to it with later requests: a balancer in front of
                           several servers knows by it which one it was */
    const char *user_agent;
    unsigned connect_timeout_ms;
    unsigned timeout_ms; /* of a whole request */
    /* Called before each wait, on the thread that waits: https_post() and https_pause() return, or call it again,
     * within wait_ms and what the machine needs. So whoever watches that thread knows how long it may be silent,
     * however many requests an output makes of one delivery. NULL: not wanted. */
    void (*alive)(void *context, unsigned wait_ms);
    void *alive_context;
};

struct https_request {
    const char *body;
    size_t size;
    const char *content_type;
    const char *content_encoding; /* "gzip", or NULL */
    const char *idempotency_key;  /* or NULL */
    const char *url;              /* another one of the same server; NULL: that of the settings */
    const char *const *headers;   /* more "Name: value" of this request; may hold secrets */
    size_t header_count;
};

struct https_reply {
    long status;                    /* HTTP status; 0: no answer came */
    unsigned retry_after_ms;        /* of 408, 425, 429, 5xx: Retry-After (seconds or a date), at most 1 h; 0: none */
    char body[HTTPS_MAX_REPLY + 1]; /* NUL-terminated, cut */
    size_t size;
};

struct https;

/* Returns 0; -EINVAL (URL, certificate, key, proxy's login: fault says which); -ENOMEM. Call https_start_up() once
 * before. */
int https_open(struct https **out, const struct https_settings *settings, struct fault *fault);
void https_close(struct https *https);

/* Once per process, before any thread; returns 0 or -EIO. https_clean_up() last. */
int https_start_up(void);
void https_clean_up(void);

/*
 * Posts request and fills *reply. Returns 0 when an answer with a status came, whatever it says.
 * -ECONNREFUSED, -EHOSTUNREACH (name not found), -ETIMEDOUT, -EACCES (TLS: certificate not trusted, wrong host, no
 * client certificate; a proxy that refuses us), -EPIPE (connection broke), -ECANCELED (https_cancel), -EINVAL (the
 * request's URL is of another server), -ENOMEM, -EIO: fault has curl's code and text. One thread at a time per handle.
 */
int https_post(struct https *https, const struct https_request *request, struct https_reply *reply,
               struct fault *fault);

/* Waits ms between two requests. Returns 0, or -ECANCELED as soon as https_cancel() was called. */
int https_pause(struct https *https, unsigned ms);

/* Makes a running https_post or https_pause return soon, and each later one at once. Any thread. */
void https_cancel(struct https *https);

#endif
