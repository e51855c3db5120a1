/*
 * document: facts of an alert's ECS document (docs/alert-format.md), for those who send them in another shape.
 */
#ifndef TRANSPORT_DOCUMENT_DOCUMENT_H
#define TRANSPORT_DOCUMENT_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The document of size bytes, which the caller releases; NULL: no JSON object, or no memory. NUL in texts is allowed.
 */
json_t *document_parse(const char *json, size_t size);

/* What stands at path ("process.parent.pid"), borrowed; NULL: nothing. A name in path has at most 63 bytes. */
json_t *document_at(const json_t *ecs, const char *path);

/* The text at path, borrowed, up to its first NUL; "" where there is none. */
const char *document_text(const json_t *ecs, const char *path);

/* A time as the documents write it ("2022-08-10T12:27:14.8726726Z"), in 100 ns since 1970-01-01 UTC; 0: none, or before
 * then. */
uint64_t document_time(const json_t *ecs, const char *path);

/* Is it no alert but the agent's account of itself (docs/heartbeat.md)? */
bool document_is_heartbeat(const json_t *ecs);

/* The same of a document's compact text, NUL-terminated, without parsing it. */
bool document_text_is_heartbeat(const char *json);

/* Does it add to an alert that was told before (docs/etw.md, "One process, one story")? */
bool document_is_follow_up(const json_t *ecs);

/* What it is, for receivers that tell messages by a type: "tripline.alert", "tripline.follow-up" or
 * "tripline.heartbeat". */
const char *document_type(const json_t *ecs);

/* "domain\name" of the account that did it, or the name alone, into to, cut at a character
 * where it does not fit; "" if not known. Returns to. */
const char *document_account(char *to, size_t size, const json_t *ecs);

/* Cuts each text of ecs that is longer than max_bytes (64 or more) at a character, and says so of command lines as
 * encode_ecs() does. *is_shorter: there was one. Returns 0, -ENOMEM or -EIO. */
int document_shorten(bool *is_shorter, json_t *ecs, size_t max_bytes);

/* Puts the value at path, if there is one, as key into object. Returns 0 or -ENOMEM. */
int document_copy(json_t *object, const char *key, const json_t *ecs, const char *path);

#endif
