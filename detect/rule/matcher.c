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
    const struct rule_set *set; /* loaded rules; NULL: none */
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
    return matcher_new_with(out, rules, count, NULL);
}

int matcher_new_with(struct matcher **out, const struct rule *const *rules, size_t count, const struct rule_set *set)
{
    struct matcher *m = calloc(1, sizeof(*m) + count * sizeof(m->rules[0]));
    if (m == NULL)
        return -ENOMEM;
    m->set = set;
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
            out[found++] = (struct match){.rule = rule, .branches = matched};
    }
    return found;
}

struct matcher_scratch {
    struct rule_scratch *set; /* NULL: there are no loaded rules */
    struct match matches[];
};

int matcher_scratch_new(struct matcher_scratch **out, const struct matcher *m)
{
    size_t count = m->count + (m->set == NULL ? 0 : rule_set_count(m->set));
    struct matcher_scratch *s = calloc(1, sizeof(*s) + count * sizeof(s->matches[0]));
    if (s == NULL)
        return -ENOMEM;
    int rc = m->set == NULL ? 0 : rule_scratch_new(&s->set, m->set);
    if (rc < 0)
        free(s);
    else
        *out = s;
    return rc;
}

void matcher_scratch_free(struct matcher_scratch *s)
{
    if (s == NULL)
        return;
    rule_scratch_free(s->set);
    free(s);
}

size_t matcher_match_all(const struct matcher *m, const struct event *event, uint64_t now,
                         struct matcher_scratch *scratch, const struct match **out)
{
    const struct rule_match *loaded = NULL;
    size_t found = matcher_match(m, event, scratch->matches);
    size_t more = m->set == NULL ? 0 : rule_set_match(m->set, event, now, scratch->set, &loaded);
    for (size_t i = 0; i < more; i++)
        scratch->matches[found + i] =
            (struct match){.rule = loaded[i].rule, .set = m->set, .legs = loaded[i].legs, .failed = loaded[i].failed};
    *out = scratch->matches;
    return found + more;
}

bool matcher_wants(const struct matcher *m, const struct event *event)
{
    return event_kind_is_process(event->kind) || (m->set != NULL && rule_set_wants(m->set, event));
}

const struct rule_set *matcher_set(const struct matcher *m)
{
    return m->set;
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
    size_t found = m->longest == NULL ? from : scan_many_find(m->longest, bytes, from);
    if (m->set == NULL || found == from)
        return found;
    bytes.len = found; /* what comes after it matters no more */
    return rule_set_bytes_find(m->set, bytes, from);
}

bool matcher_bytes_may_match(const struct matcher *m, struct text bytes)
{
    return m->longest == NULL || matcher_bytes_find(m, bytes, 0) < bytes.len;
}
