#include "tests/transport/https/receiver.h"

#include <CUnit/Basic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SCRIPT TEST_SOURCE "/tests/end_to_end/receiver.py"
#define MAX_OPTIONS 32

/* In the child: becomes the receiver. */
static void become(const struct receiver *receiver, const char *port_file, const char *certificate,
                   const char *const *options)
{
    static char pem[512], key[512];
    const char *arguments[MAX_OPTIONS + 12] = {"/usr/bin/python3", SCRIPT,    "--port", "0",
                                               "--port-file",      port_file, "--out",  receiver->out,
                                               "--certificate",    pem,       "--key",  key};
    size_t count = 12;
    snprintf(pem, sizeof(pem), "%s/%s.pem", TEST_CERTIFICATES, certificate);
    snprintf(key, sizeof(key), "%s/%s.key", TEST_CERTIFICATES, certificate);
    for (; *options != NULL && count < MAX_OPTIONS; options++)
        arguments[count++] = *options;
    if (freopen("receiver.log", "a", stderr) == NULL)
        _exit(126);
    execv(arguments[0], (char *const *)arguments);
    _exit(127);
}

void receiver_start(struct receiver *receiver, const char *certificate, const char *const *options)
{
    static int number;
    char port_file[64];
    snprintf(port_file, sizeof(port_file), "receiver-%ld-%d.port", (long)getpid(), ++number);
    snprintf(receiver->out, sizeof(receiver->out), "receiver-%ld-%d.jsonl", (long)getpid(), number);
    receiver->port = 0;
    receiver->pid = fork();
    CU_ASSERT_FATAL(receiver->pid >= 0);
    if (receiver->pid == 0)
        become(receiver, port_file, certificate, options);
    for (int i = 0; i < 1000 && receiver->port == 0; i++) {
        FILE *file = fopen(port_file, "r");
        if (file == NULL) {
            nanosleep(&(struct timespec){0, 10000000L}, NULL);
            continue;
        }
        CU_ASSERT_EQUAL(fscanf(file, "%d", &receiver->port), 1);
        fclose(file);
    }
    (void)unlink(port_file); /* missing only if the next line fails */
    CU_ASSERT_NOT_EQUAL_FATAL(receiver->port, 0);
    snprintf(receiver->url, sizeof(receiver->url), "https://localhost:%d/alerts", receiver->port);
}

json_t *receiver_stop(struct receiver *receiver)
{
    json_t *lines = json_array();
    int status = 0;
    CU_ASSERT_EQUAL(kill(receiver->pid, SIGTERM), 0);
    CU_ASSERT_EQUAL(waitpid(receiver->pid, &status, 0), receiver->pid);
    CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    FILE *file = fopen(receiver->out, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    json_t *line;
    while ((line = json_loadf(file, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL)) != NULL)
        CU_ASSERT_EQUAL(json_array_append_new(lines, line), 0);
    fclose(file);
    CU_ASSERT_EQUAL(unlink(receiver->out), 0);
    return lines;
}

char *receiver_file(const char *name, size_t *size)
{
    char path[512];
    char *text = calloc(1, 65536);
    snprintf(path, sizeof(path), "%s/%s", TEST_CERTIFICATES, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fprintf(stderr, "%s is missing: tests/end_to_end/certificates.sh makes it\n", path);
    CU_ASSERT_FATAL(text != NULL && file != NULL);
    *size = fread(text, 1, 65535, file);
    fclose(file);
    return text;
}
