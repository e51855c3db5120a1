#include "transport/outputs/output_echo.h"

#include "transport/https/https_cover.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* A shorter value is no secret, or can't be told from a word of the language. */
#define MIN_SECRET 6

struct output_echo {
    struct https_cover *secrets; /* each with its NUL */
};

/* What is looked for of a header: its value's last word, after "Bearer " or the like. */
static const char *last_word(const char *value)
{
    const char *blank = strrchr(value, ' ');
    return blank == NULL ? value : blank + 1;
}

static void add(char *all, size_t *used, const char *secret)
{
    size_t size = secret == NULL ? 0 : strlen(secret);
    if (size < MIN_SECRET)
        return;
    if (all != NULL)
        memcpy(all + *used, secret, size + 1);
    *used += size + 1;
}

/* Their size, and, where all is not NULL, they themselves. */
static size_t collect(char *all, const struct output_type *type, const struct output_settings *settings)
{
    size_t used = 0;
    for (size_t i = 0; i < type->setting_count; i++) {
        const struct setting *s = &type->settings[i];
        if (s->is_secret)
            add(all, &used, *(const char *const *)(const void *)((const char *)settings->own + s->offset));
    }
    for (size_t i = 0; i < settings->https.header_count; i++)
        add(all, &used, last_word(settings->https.headers[i]));
    return used;
}

int output_echo_new(struct output_echo **out, const struct output_type *type, const struct output_settings *settings)
{
    struct output_echo *echo = calloc(1, sizeof(*echo));
    size_t size = collect(NULL, type, settings);
    char *all = malloc(size + 1);
    int rc = echo == NULL || all == NULL ? -ENOMEM : 0;
    if (rc == 0) {
        (void)collect(all, type, settings); /* the same size again */
        rc = size == 0 ? 0 : https_cover_new(&echo->secrets, all, size);
        OPENSSL_cleanse(all, size);
    }
    free(all);
    if (rc < 0)
        output_echo_free(echo);
    else
        *out = echo;
    return rc;
}

void output_echo_free(struct output_echo *echo)
{
    if (echo != NULL)
        https_cover_free(echo->secrets);
    free(echo);
}

/* memmem() is not everywhere. */
static bool has(const char *bytes, size_t size, const char *piece, size_t piece_size)
{
    while (size >= piece_size) {
        const char *at = memchr(bytes, piece[0], size - piece_size + 1);
        if (at == NULL)
            return false;
        if (memcmp(at, piece, piece_size) == 0)
            return true;
        size -= (size_t)(at + 1 - bytes);
        bytes = at + 1;
    }
    return false;
}

static void mark_secrets(bool *is_hidden, const char *answer, struct output_echo *echo)
{
    const char *all = https_cover_open(echo->secrets);
    for (size_t at = 0; at < https_cover_size(echo->secrets); at += strlen(all + at) + 1)
        for (const char *found = answer; (found = strstr(found, all + at)) != NULL; found++)
            memset(is_hidden + (found - answer), true, strlen(all + at));
    https_cover_close(echo->secrets);
}

static void mark_long_words(bool *is_hidden, const char *answer)
{
    for (size_t at = 0; answer[at] != '\0';) {
        size_t size = strcspn(answer + at, " \"',;:()[]{}<>");
        if (size > OUTPUT_ECHO_WORD)
            memset(is_hidden + at, true, size);
        at += size == 0 ? 1 : size;
    }
}

static void mark_contents(bool *is_hidden, const char *answer, const struct output_alert *alerts, size_t count)
{
    for (size_t at = 0; strlen(answer + at) >= OUTPUT_ECHO_MIN; at++)
        for (size_t i = 0; i < count; i++)
            if (has(alerts[i].document, alerts[i].size, answer + at, OUTPUT_ECHO_MIN)) {
                memset(is_hidden + at, true, OUTPUT_ECHO_MIN);
                break;
            }
}

void output_echo_hide(char answer[OUTPUT_MAX_ANSWER + 1], struct output_echo *echo, const struct output_alert *alerts,
                      size_t count)
{
    bool is_hidden[OUTPUT_MAX_ANSWER + 1] = {false};
    char clean[OUTPUT_MAX_ANSWER + 1];
    size_t used = 0, size = strlen(answer);
    mark_secrets(is_hidden, answer, echo);
    mark_long_words(is_hidden, answer);
    mark_contents(is_hidden, answer, alerts, count);
    for (size_t at = 0; at < size; at++) {
        bool begins = is_hidden[at] && (at == 0 || !is_hidden[at - 1]);
        if (!is_hidden[at])
            clean[used++] = answer[at];
        else if (begins && used + 3 < sizeof(clean)) { /* what is hidden is longer than its mark */
            memcpy(clean + used, "***", 3);
            used += 3;
        }
    }
    clean[used] = '\0';
    memcpy(answer, clean, used + 1);
}
