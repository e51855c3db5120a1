/*
 * https_check: are the settings of an HTTPS client good? Used by https.c before anything is sent. What is wrong goes
 * into the fault in words for the operator, without any secret.
 */
#ifndef TRANSPORT_HTTPS_HTTPS_CHECK_H
#define TRANSPORT_HTTPS_HTTPS_CHECK_H

#include "detect/base/fault.h"
#include "transport/https/https.h"

/* Room for "https://host:port": a DNS name has at most 253 bytes (RFC 1035 section 2.3.4). */
#define HTTPS_ORIGIN_SIZE 300

/*
 * Writes the URL without what may be secret (user, password, path, query) into origin, for messages.
 * Returns 0; -EINVAL with fault: no URL, or not https, nor http to this very host where that is allowed.
 */
int https_check_url(char origin[HTTPS_ORIGIN_SIZE], const char *url, bool allows_http, struct fault *fault);

/* Are the authorities PEM certificates? Returns 0; -EINVAL with fault. */
int https_check_authorities(const struct https_settings *settings, const char *origin, struct fault *fault);

/* "Name: value", no line break in it, and no header that https.c sets itself. Returns 0; -EINVAL with fault, which
 * names the header and never its value. */
int https_check_header(const char *header, struct fault *fault);

#endif
