/* url: URLs made of parts, each escaped as its place demands (RFC 3986). By libcurl. */
#ifndef TRANSPORT_HTTPS_URL_H
#define TRANSPORT_HTTPS_URL_H

/*
 * base, with path after its own path (NULL: none), unless that ends so already, as where somebody has written the whole
 * address of an interface; and query's pairs "name=value" (ends with NULL; NULL: none) after
 * its own query; path and values are escaped, but for / in path. *out: the caller frees it. Returns 0; -EINVAL: base is
 * no URL; -ENOMEM.
 */
int url_make(char **out, const char *base, const char *path, const char *const *query);

/* text as one piece of a path or query, which the caller frees; NULL: no memory. */
char *url_escape(const char *text);

#endif
