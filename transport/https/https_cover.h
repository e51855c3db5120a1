/*
 * https_cover: a secret that rests in memory under a random pad, so that a crash dump, a swap file or a search of
 * memory does not show it while nothing is sent. It stops whoever looks for text; who has the whole memory and this
 * program can put the two together.
 */
#ifndef TRANSPORT_HTTPS_HTTPS_COVER_H
#define TRANSPORT_HTTPS_HTTPS_COVER_H

#include <stddef.h>

struct https_cover;

/* Copies size bytes and covers the copy. Returns 0, -ENOMEM, or -EIO (no random numbers). */
int https_cover_new(struct https_cover **out, const void *secret, size_t size);

/* Overwrites before it frees; NULL is allowed. */
void https_cover_free(struct https_cover *cover);

/* The secret's bytes, with a NUL after them, until https_cover_close(). NULL gives NULL. Each open has its close. */
char *https_cover_open(struct https_cover *cover);
void https_cover_close(struct https_cover *cover);

size_t https_cover_size(const struct https_cover *cover); /* 0 for NULL */

#endif
