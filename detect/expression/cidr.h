/*
 * cidr: networks of IP addresses, version 4 and 6, as "10.0.0.0/8" and "fe80::/10".
 *
 * An IPv4 address that is written as IPv6 (::ffff:10.1.2.3, as Windows logs it now and then) is an IPv4 address.
 * Source of the forms: RFC 4632 section 3.1; RFC 4291 sections 2.2, 2.3 and 2.5.5.2.
 */
#ifndef DETECT_RULE_CIDR_H
#define DETECT_RULE_CIDR_H

#include "detect/base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct cidr {
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
    unsigned prefix;     /* bits of address that count, 0 to 128 */
    bool is_ip4;
};

/*
 * Reads a network; an address alone is a network of one. Sets *out and returns true; false: not a network, or bits
 * stand after the prefix ("10.1.0.0/8").
 */
bool cidr_parse(struct cidr *out, struct text text);

/* Is the text an address (a zone after % does not count) in the network? */
bool cidr_holds(const struct cidr *network, struct text address);

#endif
