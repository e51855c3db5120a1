/* What the url of an output may be. */
#include "agent/config/config_internal.h"

#include <string.h>

#define PORT_MAX 65535u

static bool is_host_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
}

static bool is_address_character(char c)
{
    return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}

/* The end of the host that begins at *at: a name, an IPv4 address, or an IPv6 address in brackets. NULL: no host. */
static const char *host_end(const char *at)
{
    const char *begin = at;
    if (*at == '[') {
        for (at++; is_address_character(*at); at++)
            ;
        return *at == ']' && at > begin + 2 ? at + 1 : NULL;
    }
    while (is_host_character(*at))
        at++;
    return at > begin && *begin != '.' && *begin != '-' ? at : NULL;
}

/* "" or ":port" at *at, which moves after it. */
static bool port_at(const char **at)
{
    unsigned port = 0;
    if (**at != ':')
        return true;
    const char *begin = ++*at;
    for (; **at >= '0' && **at <= '9' && port <= PORT_MAX; ++*at)
        port = port * 10 + (unsigned)(**at - '0');
    return *at > begin && port >= 1 && port <= PORT_MAX;
}

/* localhost, 127.x.x.x or [::1], up to a port, path or query. */
static bool is_loopback(const char *host)
{
    size_t size = strcspn(host, "/?#:");
    if (*host == '[')
        size = strcspn(host, "]") + 1;
    return (size == 9 && memcmp(host, "localhost", 9) == 0) || (size == 5 && memcmp(host, "[::1]", 5) == 0) ||
           (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == size);
}

const char *config_url_fault(const char *value)
{
    const char *scheme = strncmp(value, "http://", 7) == 0 && is_loopback(value + 7) ? "http://" : "https://";
    for (const char *c = value; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~') /* bytes above ASCII are negative or above '~' */
            return "holds a space or a character that is not ASCII; write it as %XX, a host's name in its xn-- form";
    if (strncmp(value, "http://", 7) == 0 && !is_loopback(value + 7))
        return "begins with http://, which nobody would protect on its way; write https://";
    if (strncmp(value, scheme, strlen(scheme)) != 0)
        return "does not begin with https://; write https://host[:port][/path][?query]";
    const char *at = value + strlen(scheme), *authority_end = at + strcspn(at, "/?#");
    if (memchr(at, '@', (size_t)(authority_end - at)) != NULL)
        return "holds a user's name or password; leave it out and write <header name=\"Authorization\" value=\"...\"/>";
    at = host_end(at);
    if (at == NULL)
        return "has no host that makes sense; write https://host[:port][/path][?query]";
    if (!port_at(&at))
        return "has a port that is none; write one from 1 to 65535, or none for 443";
    if (*at != '\0' && *at != '/' && *at != '?' && *at != '#')
        return "has a host with a character that none may have; write https://host[:port][/path][?query]";
    if (strstr(at, "dpapi:") != NULL || strstr(at, "file:") != NULL || strstr(at, "env:") != NULL)
        return "has a reference to a secret, and would be sent with it as it stands; write the URL itself";
    if (strchr(at, '#') != NULL)
        return "has a part after #, which is never sent; leave it out";
    return NULL;
}
