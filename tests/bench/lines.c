/*
 * lines: the rules alone, in memory: nanoseconds for a command line that doesn't match, and GB/s. Beside it what
 * memory gives (a sum of 64-bit words), strcasestr and, where it was there at build time, Hyperscan for the same terms.
 * One line of output for each: what, characters, nanoseconds, GB/s; tabs between.
 */
#include "detect/rules/rule_builtin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef BENCH_HYPERSCAN
#include <hs/hs.h>
#endif

/* Bytes that the command lines take up together: more than the second cache has, less than the third. */
#define TOTAL (8u * 1024 * 1024)

/* Ordinary command lines, as in tests/data/make_background.py. */
static const char ordinary[] =
    "\"C:\\Program Files (x86)\\Example Browser\\browser.exe\" --type=renderer --lang=en-US --seed=1234567890123 "
    "--enable-features=A,B,C reg add HKCU\\Software\\Example /v Count /t REG_DWORD /d 17 /f powershell.exe -NoProfile "
    "-Command \"Get-Mailbox -ResultSize 50 | Where-Object { $_.Name -like 'a*' }\" net use \\\\FS02\\share ";

static double now(void)
{
    struct timespec time;
    return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 ? (double)time.tv_sec + (double)time.tv_nsec / 1e9 : 0;
}

struct input {
    struct rule_set *rules;
    const char *bytes; /* lines of length characters, each with a NUL after it */
    const uint16_t *units;
    size_t length, count;
    void *hyperscan, *scratch;
};

static size_t by_sum(const struct input *in)
{
    uint64_t sum[4] = {0};
    const char *end = in->bytes + in->count * (in->length + 1) - 32;
    for (const char *at = in->bytes; at <= end; at += 32) {
        uint64_t words[4];
        memcpy(words, at, sizeof(words));
        for (size_t i = 0; i < 4; i++)
            sum[i] += words[i];
    }
    return (sum[0] + sum[1] + sum[2] + sum[3]) == 1;
}

static size_t by_utf8(const struct input *in)
{
    size_t found = 0;
    for (size_t i = 0; i < in->count; i++)
        found += rule_set_bytes_may_match(in->rules, (struct text){in->bytes + i * (in->length + 1), in->length});
    return found;
}

static size_t by_utf16(const struct input *in)
{
    size_t found = 0;
    for (size_t i = 0; i < in->count; i++)
        found += rule_set_utf16_may_match(in->rules, in->units + i * (in->length + 1), in->length);
    return found;
}

static size_t by_strcasestr(const struct input *in)
{
    size_t found = 0;
    for (size_t i = 0; i < in->count; i++)
        found += strcasestr(in->bytes + i * (in->length + 1), "ActiveSyncAllowedDeviceIDs") != NULL;
    return found;
}

#ifdef BENCH_HYPERSCAN
static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
    (void)from;
    (void)to;
    (void)flags;
    *(unsigned *)context |= 1u << id;
    return 0;
}

static size_t by_hyperscan(const struct input *in)
{
    size_t found = 0;
    for (size_t i = 0; i < in->count; i++) {
        unsigned seen = 0;
        (void)hs_scan(in->hyperscan, in->bytes + i * (in->length + 1), (unsigned)in->length, 0, in->scratch, on_match,
                      &seen);
        found += seen == 7;
    }
    return found;
}

static void hyperscan_new(struct input *in)
{
    static const char *const terms[] = {"Set-CASMailbox", "ActiveSyncAllowedDeviceIDs", "add"};
    static const unsigned flags[] = {HS_FLAG_CASELESS, HS_FLAG_CASELESS, HS_FLAG_CASELESS}, ids[] = {0, 1, 2};
    hs_database_t *database = NULL;
    hs_compile_error_t *error = NULL;
    hs_scratch_t *scratch = NULL;
    if (hs_compile_multi(terms, flags, ids, 3, HS_MODE_BLOCK, NULL, &database, &error) == HS_SUCCESS &&
        hs_alloc_scratch(database, &scratch) == HS_SUCCESS) {
        in->hyperscan = database;
        in->scratch = scratch;
    }
}
#endif

/* The least of some rounds; unit: bytes of a character. */
static void measure(const char *what, const struct input *in, size_t (*run)(const struct input *), size_t unit)
{
    double least = 1e9;
    size_t found = 0;
    for (int round = 0; round < 15; round++) {
        double begin = now();
        found += run(in);
        double took = now() - begin;
        least = took < least ? took : least;
    }
    if (found != 0)
        fprintf(stderr, "lines: %s finds what is not there\n", what);
    printf("%s\t%zu\t%.1f\t%.1f\n", what, in->length, least * 1e9 / (double)in->count,
           (double)(in->count * in->length * unit) / least / 1e9);
}

static bool fill(struct input *in, size_t length)
{
    in->length = length;
    in->count = TOTAL / (length + 1);
    size_t size = in->count * (length + 1);
    char *bytes = malloc(size);
    uint16_t *units = malloc(size * sizeof(*units));
    if (bytes == NULL || units == NULL) {
        free(bytes);
        free(units);
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        bytes[i] = i % (length + 1) == length ? '\0' : ordinary[i % (sizeof(ordinary) - 1)];
        units[i] = (unsigned char)bytes[i];
    }
    in->bytes = bytes;
    in->units = units;
    return true;
}

int main(void)
{
    static const size_t lengths[] = {100, 1000, 32767};
    struct input in = {0};
    if (rule_builtin_set(&in.rules, NULL) < 0)
        return 1;
#ifdef BENCH_HYPERSCAN
    hyperscan_new(&in);
#endif
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]) && fill(&in, lengths[i]); i++) {
        measure("sum of memory", &in, by_sum, 1);
        measure("rules, UTF-8", &in, by_utf8, 1);
        measure("rules, UTF-16", &in, by_utf16, 2);
        measure("strcasestr", &in, by_strcasestr, 1);
#ifdef BENCH_HYPERSCAN
        if (in.scratch != NULL)
            measure("Hyperscan", &in, by_hyperscan, 1);
#endif
        free((void *)in.bytes);
        free((void *)in.units);
    }
    rule_set_free(in.rules);
    return 0;
}
