/* https_internal: what https_probe.c needs of https.c. */
#ifndef TRANSPORT_HTTPS_INTERNAL_H
#define TRANSPORT_HTTPS_INTERNAL_H

#include "transport/https.h"

#include <curl/curl.h>

/* The handle with all settings made; still https's own. */
CURL *https_easy(struct https *https);

/* A failure of curl as an errno value, with fault in words. */
int https_failure(const struct https *https, CURLcode code, struct fault *fault);

#endif
