/*
 * alert_id: the same event and rule always give the same id, whatever is read again and wherever.
 */
#ifndef TRANSPORT_DOCUMENT_ALERT_ID_H
#define TRANSPORT_DOCUMENT_ALERT_ID_H

#include "detect/alert/alert.h"
#include "transport/document/sha256.h"

/* 64 hexadecimal digits and a NUL. */
#define ALERT_ID_SIZE 65

/*
 * SHA-256, lower-case hexadecimal, over rule id, rule version, Computer, Channel, EventRecordID and event time (100 ns
 * since 1601), each as its length in 8 bytes (little-endian) and its bytes, numbers as decimal text. An event without a
 * record id has its pid (empty where not known) and its command line in that place. sha256: the caller's, kept for the
 * next alert. Returns 0, or -EIO when OpenSSL fails.
 */
int alert_id(char id[ALERT_ID_SIZE], struct sha256 *sha256, const struct alert *alert);

#endif
