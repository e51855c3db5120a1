#include "detect/matcher.h"

#include "detect/has.h"
#include "detect/scan.h"
#include <errno.h>
#include <stdlib.h>

/* A rule and its terms, ready to match. */
struct prepared {
    const struct rule *rule;
    struct has_all *terms;
    struct scan rarest; /* for its longest term */
    bool has_rarest;    /* false where no term can be scanned for: everything may match then */
};

struct matcher {
    size_t count;
    struct prepared rules[];
};

static int prepare(struct prepared *out, const struct rule *rule)
{
    struct text terms[HAS_MAX_TERMS];
    if (rule->term_count > HAS_MAX_TERMS || rule->branch_count > RULE_MAX_BRANCHES)
        return -EINVAL;
    out->rule = rule;
    struct text longest = {NULL, 0};
    for (size_t i = 0; i < rule->term_count; i++) {
        terms[i] = text_from(rule->terms[i]);
        if (terms[i].len > longest.len && terms[i].len <= SCAN_MAX_WORD)
            longest = terms[i];
    }
    out->has_rarest = scan_set(&out->rarest, longest);
    return has_all_new(&out->terms, terms, rule->term_count);
}

int matcher_new(struct matcher **out, const struct rule *const *rules, size_t count)
{
    struct matcher *m = calloc(1, sizeof(*m) + count * sizeof(m->rules[0]));
    if (m == NULL)
        return -ENOMEM;
    for (; m->count < count; m->count++) {
        int rc = prepare(&m->rules[m->count], rules[m->count]);
        if (rc < 0) {
            matcher_free(m);
            return rc;
        }
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
    free(m);
}

size_t matcher_rule_count(const struct matcher *m)
{
    return m->count;
}

size_t matcher_match(const struct matcher *m, const struct process_event *event, struct match *out)
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

bool matcher_text_matches_utf16(const struct matcher *m, const uint16_t *units, size_t count)
{
    for (size_t i = 0; i < m->count; i++)
        if (has_all_match_utf16(m->rules[i].terms, units, count))
            return true;
    return false;
}

bool matcher_text_matches(const struct matcher *m, struct text text)
{
    for (size_t i = 0; i < m->count; i++)
        if (has_all_match(m->rules[i].terms, text))
            return true;
    return false;
}

size_t matcher_bytes_find(const struct matcher *m, struct text bytes, size_t from)
{
    size_t first = bytes.len;
    for (size_t i = 0; i < m->count && first > from; i++) {
        struct text before = {bytes.bytes, first};
        size_t found = m->rules[i].has_rarest ? scan_find(&m->rules[i].rarest, before, from) : from;
        first = found < first ? found : first;
    }
    return first;
}

bool matcher_bytes_may_match(const struct matcher *m, struct text bytes)
{
    return matcher_bytes_find(m, bytes, 0) < bytes.len;
}
