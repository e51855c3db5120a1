#include "agent/outputs/secret_output.h"

#include "agent/config/config_internal.h"
#include "agent/config/secret.h"
#include "agent/system/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_secret(const struct setting *s)
{
    return s->is_secret && s->store == SETTING_CHARS;
}

static char **field_of(struct config_output *output, const struct setting *s)
{
    return config_field(output, s);
}

static void free_list(char **list, size_t count)
{
    for (size_t i = 0; list != NULL && i < count; i++)
        config_wipe(list[i]);
    free(list);
}

/* Headers are kept as "Name: value". */
static int open_headers(struct config_output *to, const struct config_output *from, struct fault *fault)
{
    int rc = 0;
    to->headers = calloc(from->header_count + 1, sizeof(*to->headers));
    if (to->headers == NULL)
        return -ENOMEM;
    for (to->header_count = 0; rc == 0 && to->header_count < from->header_count; to->header_count++) {
        rc = secret_read(&to->headers[to->header_count], from->headers[to->header_count], fault);
        if (rc < 0)
            break;
    }
    return rc;
}

int secret_output_open(struct config_output *to, const struct config_output *from, struct fault *fault)
{
    const struct config_element *e = config_element(config_element_of(from));
    size_t own_size = output_type_find(from->type)->settings_size;
    int rc = 0;
    *to = *from;
    to->headers = NULL;
    to->header_count = 0;
    to->own = malloc(own_size + 1);
    if (to->own == NULL) {
        memset(to, 0, sizeof(*to));
        return -ENOMEM;
    }
    memcpy(to->own, from->own, own_size);
    for (size_t i = 0; i < e->count; i++) /* nothing borrowed may be freed when the next line fails */
        if (is_secret(&e->settings[i]))
            *field_of(to, &e->settings[i]) = NULL;
    struct config_output copy = *from;
    for (size_t i = 0; rc == 0 && i < e->count; i++) {
        const char *value = is_secret(&e->settings[i]) ? *field_of(&copy, &e->settings[i]) : NULL;
        if (value != NULL)
            rc = secret_read(field_of(to, &e->settings[i]), value, fault);
    }
    if (rc == 0)
        rc = open_headers(to, from, fault);
    if (rc < 0)
        secret_output_close(to);
    return rc;
}

void secret_output_close(struct config_output *opened)
{
    if (opened->type == NULL)
        return;
    const struct config_element *e = config_element(config_element_of(opened));
    for (size_t i = 0; i < e->count; i++)
        if (is_secret(&e->settings[i]))
            config_wipe(*field_of(opened, &e->settings[i]));
    free_list(opened->headers, opened->header_count);
    free(opened->own);
    memset(opened, 0, sizeof(*opened));
}

static int add_file(struct sha256 *sha256, const char *path)
{
    char *content = NULL;
    size_t size = 0;
    if (file_read(&content, &size, path, CONFIG_MAX_PEM) < 0)
        return sha256_add_field(sha256, "", 0);
    int rc = sha256_add_field(sha256, content, size);
    config_wipe(content); /* up to a NUL: a key as text has none */
    return rc;
}

int secret_output_stamp(char hex[SHA256_HEX_SIZE], const struct config_output *opened)
{
    const struct config_element *e = config_element(config_element_of(opened));
    struct config_output copy = *opened;
    struct sha256 sha256 = {0};
    int rc = sha256_init(&sha256);
    for (size_t i = 0; rc == 0 && i < e->count; i++) {
        const struct setting *s = &e->settings[i];
        const char *value = s->store == SETTING_CHARS ? *field_of(&copy, s) : NULL;
        if (value == NULL)
            continue;
        if (s->is_secret)
            rc = sha256_add_field(&sha256, value, strlen(value));
        else if (s->kind == SETTING_FILE)
            rc = add_file(&sha256, value);
    }
    for (size_t i = 0; rc == 0 && i < opened->header_count; i++)
        rc = sha256_add_field(&sha256, opened->headers[i], strlen(opened->headers[i]));
    if (rc == 0)
        rc = sha256_hex(hex, &sha256);
    sha256_clear(&sha256);
    return rc;
}
