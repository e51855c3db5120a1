#include "detect/rule/matcher.h"

#include "detect/search/has.h"
#include "detect/search/scan_many.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A rule and its terms, ready to match. */
struct prepared {
    const struct rule *rule;
    struct has_all *terms;
};

struct matcher {
    size_t count;
    struct scan_many *longest; /* each rule's longest term; NULL where one has none that can be scanned for: everything
                                 may match then */
    struct prepared rules[];
};

/* Sets *longest to the longest term that can be scanned for; false: there is none. */
static bool find_longest(struct scan *longest, const struct rule *rule)
{
    bool is_found = false;
    for (size_t i = 0; i < rule->term_count; i++) {
        struct scan scan;
        if (strpbrk(rule->terms[i], "<>&\"'") != NULL) /* may be written "&lt;" and so on */
            continue;
        if (scan_set(&scan, text_from(rule->terms[i])) && (!is_found || scan.length > longest->length)) {
            *longest = scan;
            is_found = true;
        }
    }
    return is_found;
}

static int prepare(struct prepared *out, const struct rule *rule)
{
    struct text terms[HAS_MAX_TERMS];
    if (rule->term_count > HAS_MAX_TERMS || rule->branch_count > RULE_MAX_BRANCHES)
        return -EINVAL;
    out->rule = rule;
    for (size_t i = 0; i < rule->term_count; i++)
        terms[i] = text_from(rule->terms[i]);
    return has_all_new(&out->terms, terms, rule->term_count);
}

static int prepare_scan(struct matcher *m)
{
    struct scan *longest = calloc(m->count + 1, sizeof(*longest));
    if (longest == NULL)
        return -ENOMEM;
    size_t found = 0;
    while (found < m->count && find_longest(&longest[found], m->rules[found].rule))
        found++;
    int rc = found < m->count ? 0 : scan_many_new(&m->longest, longest, found);
    free(longest);
    return rc;
}

int matcher_new(struct matcher **out, const struct rule *const *rules, size_t count)
{
    struct matcher *m = calloc(1, sizeof(*m) + count * sizeof(m->rules[0]));
    if (m == NULL)
        return -ENOMEM;
    int rc = 0;
    for (; rc == 0 && m->count < count; m->count += rc == 0)
        rc = prepare(&m->rules[m->count], rules[m->count]);
    if (rc == 0)
        rc = prepare_scan(m);
    if (rc < 0) {
        matcher_free(m);
        return rc;
    }
    *out = m;
    return 0;
}

void matcher_free(struct matcher *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->count; i++)
        has_all_free(m->rules[i].terms);
    scan_many_free(m->longest);
    free(m);
}

size_t matcher_rule_count(const struct matcher *m)
{
    return m->count;
}

size_t matcher_match(const struct matcher *m, const struct event *event, struct match *out)
{
    size_t found = 0;
    for (size_t i = 0; i < m->count; i++) {
        const struct rule *rule = m->rules[i].rule;
        unsigned matched = 0;
        for (size_t b = 0; b < rule->branch_count; b++) {
            const struct rule_branch *branch = &rule->branches[b];
            struct text text = event->field[branch->field];
            if ((branch->kinds & 1u << event->kind) != 0 && has_all_match(m->rules[i].terms, text))
                matched |= 1u << b;
        }
        if (matched != 0)
            out[found++] = (struct match){rule, matched};
    }
    return found;
}

/* With one rule, the scan would only look for the term that has_all looks for first. */
static bool is_scan_worth_it(const struct matcher *m)
{
    return m->longest != NULL && m->count > 1;
}

bool matcher_text_matches_utf16(const struct matcher *m, const uint16_t *units, size_t count)
{
    if (is_scan_worth_it(m) && !scan_many_in_utf16(m->longest, units, count))
        return false;
    for (size_t i = 0; i < m->count; i++)
        if (has_all_match_utf16(m->rules[i].terms, units, count))
            return true;
    return false;
}

bool matcher_text_matches(const struct matcher *m, struct text text)
{
    if (is_scan_worth_it(m) && scan_many_find(m->longest, text, 0) == text.len)
        return false;
    for (size_t i = 0; i < m->count; i++)
        if (has_all_match(m->rules[i].terms, text))
            return true;
    return false;
}

size_t matcher_bytes_find(const struct matcher *m, struct text bytes, size_t from)
{
    return m->longest == NULL ? from : scan_many_find(m->longest, bytes, from);
}

bool matcher_bytes_may_match(const struct matcher *m, struct text bytes)
{
    return m->longest == NULL || scan_many_find(m->longest, bytes, 0) < bytes.len;
}
