#include "detect/base/condition.h"

#include "tests/test.h"

struct shared {
    pthread_mutex_t mutex;
    struct condition condition;
    bool done;
};

static double ms_since(const struct condition *condition, const struct timespec *start)
{
    struct timespec now;
    clock_gettime(condition->clock, &now);
    return (double)(now.tv_sec - start->tv_sec) * 1e3 + (double)(now.tv_nsec - start->tv_nsec) / 1e6;
}

static void test_timeout(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    struct condition condition;
    CU_ASSERT_EQUAL_FATAL(condition_init(&condition), 0);
    struct timespec start, at;
    clock_gettime(condition.clock, &start);
    at = condition_deadline(&condition, 60);
    CU_ASSERT(at.tv_nsec >= 0 && at.tv_nsec < 1000000000L);
    pthread_mutex_lock(&mutex);
    while (condition_wait(&condition, &mutex, &at))
        ;
    pthread_mutex_unlock(&mutex);
    double waited = ms_since(&condition, &start);
    CU_ASSERT(waited >= 55 && waited < 5000);
    condition_destroy(&condition);
}

/* Runs on a thread of its own. */
static void *set_done(void *context)
{
    struct shared *shared = context;
    pthread_mutex_lock(&shared->mutex);
    shared->done = true;
    condition_signal(&shared->condition);
    pthread_mutex_unlock(&shared->mutex);
    return NULL;
}

static void test_signal(void)
{
    struct shared shared = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    pthread_t thread;
    CU_ASSERT_EQUAL_FATAL(condition_init(&shared.condition), 0);
    struct timespec start, at;
    clock_gettime(shared.condition.clock, &start);
    at = condition_deadline(&shared.condition, 60000);
    pthread_mutex_lock(&shared.mutex);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, set_done, &shared), 0);
    while (!shared.done && condition_wait(&shared.condition, &shared.mutex, &at))
        ;
    CU_ASSERT_TRUE(shared.done);
    pthread_mutex_unlock(&shared.mutex);
    pthread_join(thread, NULL);
    CU_ASSERT(ms_since(&shared.condition, &start) < 30000);
    condition_destroy(&shared.condition);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"the deadline passes", test_timeout},
        {"a signal wakes", test_signal},
        CU_TEST_INFO_NULL,
    };
    return test_main("condition", tests);
}
