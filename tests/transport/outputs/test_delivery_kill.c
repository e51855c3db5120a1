/* kill -9 before each system call of one delivery (or one of STEP, TRIPLINE_LONG=1: all), one after the other, in
 * whatever thread it is: the alert is still there or the receiver has it, and after the next start the receiver has it
 * under the same id. */
#include "tests/test.h"
#include "tests/transport/https/receiver.h"
#include "tests/transport/outputs/own.h"
#include "transport/document/sha256.h"
#include "transport/outputs/sender.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATH "test_delivery_kill.db"
#define MAX_POINTS 20000
#define STEP 7 /* is no divisor of what repeats in a delivery, such as the pages of a commit */

static const char *const outputs[] = {"central"};
static struct receiver receiver;
static char *ca;
static size_t ca_size;

static void remove_files(void)
{
    (void)unlink(PATH); /* they may not be there */
    (void)unlink(PATH "-wal");
    (void)unlink(PATH ".bookmarks");
}

static struct store *open_store(void)
{
    struct store *store = NULL;
    struct store_settings settings = {
        .path = PATH, .outputs = outputs, .output_count = 1, .max_alerts = 10, .max_bytes = 10000};
    return store_open(&store, &settings, NULL) == 0 ? store : NULL;
}

static uint64_t waiting(struct store *store)
{
    struct store_counts counts = {.waiting = 0};
    (void)store_counts(store, &counts, NULL); /* is known without the file */
    return counts.waiting;
}

static void ignore(void *context, const struct sender_report *report)
{
    (void)context;
    (void)report;
}

/* The child: sends what waits, and ends. */
static void live(void)
{
    struct output *output = NULL;
    struct sender *sender = NULL;
    struct store *store = open_store();
    struct output_settings settings = {.name = "central",
                                       .type = "webhook",
                                       .https = {.url = receiver.url,
                                                 .ca_pem = ca,
                                                 .ca_pem_size = ca_size,
                                                 .user_agent = "test",
                                                 .connect_timeout_ms = 5000,
                                                 .timeout_ms = 10000},
                                       .own = own_of("webhook", "format", 0),
                                       .max_batch_alerts = 10,
                                       .max_batch_bytes = 10000};
    if (store == NULL || https_start_up() < 0 || output_open(&output, &settings, NULL) < 0)
        _exit(2);
    struct sender_settings sender_set = {.store = store, .output = output, .report = ignore};
    if (sender_start(&sender, &sender_set) < 0)
        _exit(2);
    while (waiting(store) > 0)
        nanosleep(&(struct timespec){0, 1000000L}, NULL);
    sender_stop(sender, 1000);
    store_close(store);
    _exit(0);
}

/* Reaps all threads of child until it is gone; true: it ended by itself, and well. */
static bool reap(pid_t child)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR)
        if (pid == child && (WIFEXITED(status) || WIFSIGNALED(status)))
            return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return false;
}

/* A life that is killed at the system call of this number; 0: it is left alone. Returns whether it came to its end. */
static bool one_life(unsigned long until)
{
    unsigned long calls = 0;
    pid_t child = fork();
    CU_ASSERT_FATAL(child >= 0);
    if (child == 0) {
        if (until > 0 && (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 || raise(SIGSTOP) != 0))
            _exit(3);
        live();
    }
    int status = 0;
    CU_ASSERT_EQUAL_FATAL(waitpid(child, &status, 0), child);
    if (until == 0)
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    CU_ASSERT_FATAL(WIFSTOPPED(status));
    CU_ASSERT_EQUAL(
        ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL), 0);
    CU_ASSERT_EQUAL(ptrace(PTRACE_SYSCALL, child, NULL, 0), 0);
    for (;;) {
        pid_t pid = waitpid(-1, &status, __WALL | WSTOPPED);
        if (pid < 0 || pid == receiver.pid)
            continue;
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (pid == child)
                return WIFEXITED(status) && WEXITSTATUS(status) == 0;
            continue;
        }
        int stopped_by = WSTOPSIG(status), pass_on = 0;
        if (stopped_by == (SIGTRAP | 0x80)) {
            if (++calls / 2 >= until) { /* each call stops twice: before it and after */
                CU_ASSERT_EQUAL(kill(child, SIGKILL), 0);
                (void)reap(child); /* killed */
                return false;
            }
        } else if (stopped_by != SIGTRAP && stopped_by != SIGSTOP) {
            pass_on = stopped_by;
        }
        (void)ptrace(PTRACE_SYSCALL, pid, NULL, pass_on); /* fails only for a thread that is gone */
    }
}

static void keep(unsigned long number, char id[SHA256_HEX_SIZE])
{
    char document[128];
    remove_files();
    struct store *store = open_store();
    CU_ASSERT_PTR_NOT_NULL_FATAL(store);
    CU_ASSERT_EQUAL(sha256_of(id, &number, sizeof(number)), 0);
    snprintf(document, sizeof(document), "{\"event\":{\"id\":\"%s\"}}", id);
    struct store_alert alert = {id, document, strlen(document)};
    CU_ASSERT_EQUAL(store_keep(store, &alert, 1, "Security", "place", NULL, NULL), 0);
    store_close(store);
}

/* How often the receiver took each; it must know no other. */
static void check(const json_t *lines, unsigned long points)
{
    unsigned long repeats = 0, strangers = 0;
    json_t *seen = json_object();
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *event = json_object_get(json_object_get(json_array_get(lines, i), "alert"), "event");
        const char *id = json_string_value(json_object_get(event, "id"));
        repeats += json_object_get(seen, id) != NULL;
        CU_ASSERT_EQUAL(json_object_set_new(seen, id, json_true()), 0);
    }
    for (unsigned long number = 1; number <= points; number++) {
        char id[SHA256_HEX_SIZE];
        CU_ASSERT_EQUAL(sha256_of(id, &number, sizeof(number)), 0);
        CU_ASSERT_PTR_NOT_NULL(json_object_get(seen, id));
    }
    strangers = json_object_size(seen) - points;
    printf("killed before %lu system calls, 0 lost, %lu sent twice under the same id ", points, repeats);
    CU_ASSERT_EQUAL(strangers, 0);
    json_decref(seen);
}

static void test_kill_everywhere(void)
{
    const unsigned long step = test_is_long() ? 1 : STEP;
    unsigned long point = 1, lives = 0;
    bool is_end = false;
    receiver_start(&receiver, "server", (const char *const[]){NULL});
    snprintf(receiver.url, sizeof(receiver.url), "https://127.0.0.1:%d/", receiver.port);
    ca = receiver_file("ca.pem", &ca_size);
    for (; point < MAX_POINTS && !is_end; point += step) {
        char id[SHA256_HEX_SIZE];
        keep(++lives, id);
        is_end = one_life(point);
        if (!is_end && !one_life(0)) { /* the next start */
            fprintf(stderr, "killed at system call %lu, it did not start again\n", point);
            CU_FAIL("no second life");
        }
    }
    CU_ASSERT(is_end);
    json_t *lines = receiver_stop(&receiver);
    check(lines, lives);
    CU_ASSERT(point > 100);
    json_decref(lines);
    free(ca);
    remove_files();
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"killed at every system call", test_kill_everywhere},
        CU_TEST_INFO_NULL,
    };
    return test_main("delivery_kill", tests);
}
