/* https_internal: what https.c (requests), https_settings.c (what a handle is made of) and https_fault.c (what failed,
 * in words) share. */
#ifndef TRANSPORT_HTTPS_HTTPS_INTERNAL_H
#define TRANSPORT_HTTPS_HTTPS_INTERNAL_H

#include "transport/https/https.h"
#include "transport/https/https_check.h"
#include "transport/https/https_cover.h"

#include <curl/curl.h>
#include <stdatomic.h>

/* Most bytes of cookies, with a NUL; what comes beyond is not kept. */
#define HTTPS_COOKIES_SIZE 2048

struct https {
    CURL *prepared; /* has all that the settings say, and never runs */
    CURL
        *easy; /* of the request that runs: a copy, since what was sent stays in a handle's buffers until it is freed */
    CURLM *multi; /* runs easy, and can be woken from another thread; keeps the connection */
    char *url;
    char *ca, *certificate;
    size_t ca_size, certificate_size;
    /* Uncovered only while a request runs. */
    struct https_cover *headers;     /* those of the settings: each with its NUL, one after the other */
    struct https_cover *key;         /* PEM without a password, which curl reads at each new connection */
    struct https_cover *proxy_login; /* a header */
    char origin[HTTPS_ORIGIN_SIZE];
    char error[CURL_ERROR_SIZE];
    struct https_reply *reply; /* of the request that runs */
    size_t received;           /* bytes of its body, with those that were dropped */
    bool keeps_cookies;
    char cookies[HTTPS_COOKIES_SIZE]; /* that the server has set: "name=value; name=value" */
    atomic_bool is_cancelled;
    void (*alive)(void *context, unsigned wait_ms); /* as in the settings */
    void *alive_context;
    unsigned timeout_ms;
};

/* Tells whoever watches this thread that it may be silent for wait_ms. */
void https_alive(const struct https *https, unsigned wait_ms);

/* Makes https->easy for one request; https_end_request() afterwards. Returns 0 or -ENOMEM. */
int https_begin_request(struct https *https);
void https_end_request(struct https *https);

/* Copies what the handle keeps and sets all options of https->easy. Returns 0; -EINVAL with fault; -ENOMEM; -EIO. */
int https_settings_apply(struct https *https, const struct https_settings *settings, struct fault *fault);

/* Sets an option and notes its first failure in code. */
#define HTTPS_SET(code, https, option, value)                                                                          \
    do {                                                                                                               \
        if ((code) == CURLE_OK)                                                                                        \
            (code) = curl_easy_setopt((https)->easy, option, value);                                                   \
    } while (0)

/* What the failed request's code means: an errno value as https_post() returns it, and in fault. */
int https_fault(const struct https *https, CURLcode code, struct fault *fault);

/* curl's memory: what it frees is overwritten first, so that no copy of a header's value stays behind. */
CURLcode https_memory_start_up(void);

#endif
