#include "transport/document/json_writer.h"

#include "tests/test.h"
#include <setjmp.h>
#include <signal.h>

static jmp_buf aborted;

static void on_abort(int number)
{
    (void)signal(number, on_abort); /* for the next time; the first time it was taken */
    longjmp(aborted, 1);
}

static void key_in_array(struct json_writer *w)
{
    json_writer_array(w, NULL);
    json_writer_number(w, "key", 1);
}

static void no_key_in_object(struct json_writer *w)
{
    json_writer_object(w, NULL);
    json_writer_bool(w, NULL, true);
}

static void key_of_document(struct json_writer *w)
{
    json_writer_object(w, "key");
}

static void second_document(struct json_writer *w)
{
    json_writer_number(w, NULL, 1);
    json_writer_number(w, NULL, 2);
}

static void wrong_end(struct json_writer *w)
{
    json_writer_object(w, NULL);
    json_writer_array_end(w);
}

static void wrong_object_end(struct json_writer *w)
{
    json_writer_array(w, NULL);
    json_writer_object_end(w);
}

static void end_of_nothing(struct json_writer *w)
{
    json_writer_object_end(w);
}

static void document_taken_back(struct json_writer *w)
{
    json_writer_object(w, NULL);
    json_writer_object_end_filled(w);
}

static void too_deep(struct json_writer *w)
{
    for (unsigned i = 0; i <= JSON_WRITER_MAX_DEPTH; i++)
        json_writer_array(w, NULL);
}

static void key_too_long(struct json_writer *w)
{
    json_writer_object(w, NULL);
    json_writer_bool(w, "a key of sixty-five bytes, which is one more than a key may have.", true);
}

static void finish(struct json_writer *w)
{
    char *out;
    size_t size;
    (void)json_writer_finish(&out, &size, w); /* does not come back */
}

static void finish_unended(struct json_writer *w)
{
    json_writer_object(w, NULL);
    finish(w);
}

static void mark_before_members(struct json_writer *w)
{
    json_writer_object(w, NULL);
    (void)json_writer_mark(w);
}

static void since_in_array(struct json_writer *w)
{
    json_writer_array(w, NULL);
    json_writer_number(w, NULL, 1);
    (void)json_writer_since(w, 1);
}

static void again_of_document(struct json_writer *w)
{
    json_writer_again(w, text_from(",\"a\":1"));
}

static void test_wrong_order(void)
{
    static void (*const wrong[])(struct json_writer *) = {
        key_in_array, no_key_in_object, key_of_document,     second_document,     wrong_end,
        finish,       wrong_object_end, end_of_nothing,      document_taken_back, too_deep,
        key_too_long, finish_unended,   mark_before_members, since_in_array,      again_of_document,
    };
    for (volatile size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        static struct json_writer w;
        json_writer_init(&w, 100);
        void (*before)(int) = signal(SIGABRT, on_abort);
        if (setjmp(aborted) == 0) {
            wrong[i](&w);
            fprintf(stderr, "wrong order %u\n", (unsigned)i);
            CU_FAIL("no assert");
        } else {
            CU_PASS("an assert");
        }
        (void)signal(SIGABRT, before); /* as it was */
        json_writer_clear(&w);
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"wrong order", test_wrong_order},
        CU_TEST_INFO_NULL,
    };
    return test_main("json_writer_order", tests);
}
