/* receiver: tests/end_to_end/receiver.py as a child process of a test, on a free port of 127.0.0.1. Not for Windows. */
#ifndef TESTS_TRANSPORT_HTTPS_RECEIVER_H
#define TESTS_TRANSPORT_HTTPS_RECEIVER_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

struct receiver {
    pid_t pid;
    int port;
    char url[64]; /* https://localhost:port/alerts */
    char out[64]; /* file of what it takes */
};

/* Starts it with the certificate named (certificates.sh) and more options, which end with NULL; waits until it listens.
 * Fails the test if it does not. */
void receiver_start(struct receiver *receiver, const char *certificate, const char *const *options);

/* Ends it, and gives what it has written down: an array of its lines, which the caller releases. */
json_t *receiver_stop(struct receiver *receiver);

/* A whole file of TEST_CERTIFICATES, NUL-terminated; the caller frees it. */
char *receiver_file(const char *name, size_t *size);

#endif
