/* Values of every type, and how they stand in the XML that Windows renders. */
#include "collectors/evtx/evtx_xml.h"
#include "tests/collectors/evtx/evtx_maker.h"
#include "tests/test.h"

#include <stdlib.h>

static struct evtx_maker maker;

#define V(type, bytes)                                                                                                 \
    {                                                                                                                  \
        (type), (bytes), sizeof(bytes) - 1                                                                             \
    }
#define ARRAY(type) ((type) | EVTX_ARRAY)
#define DATA(text) "<Data Name='x'>" text "</Data>"

static const struct {
    struct evtx_maker_value value;
    const char *want;
} cases[] = {
    {V(EVTX_NULL, ""), DATA("")},
    {V(EVTX_STRING, "a\0<\0&\0>\0'\0\"\0"), DATA("a&lt;&amp;&gt;'\"")},
    {V(EVTX_STRING, ""), DATA("")},
    {V(EVTX_STRING, "\x3D\xD8\x00\xDE\x00\xD8"), DATA("\xF0\x9F\x98\x80\xEF\xBF\xBD")},
    {V(EVTX_STRING, "abc"), DATA("616263")}, /* no UTF-16: half a unit */
    {V(EVTX_ANSI_STRING, "a\xE9z\0"), DATA("a\xC3\xA9z")},
    {V(EVTX_INT8, "\xFF"), DATA("-1")},
    {V(EVTX_UINT8, "\xFF"), DATA("255")},
    {V(EVTX_INT16, "\x00\x80"), DATA("-32768")},
    {V(EVTX_UINT16, "\x50\x12"), DATA("4688")},
    {V(EVTX_INT32, "\xFE\xFF\xFF\xFF"), DATA("-2")},
    {V(EVTX_UINT32, "\xFE\xFF\xFF\xFF"), DATA("4294967294")},
    {V(EVTX_INT64, "\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), DATA("-2")},
    {V(EVTX_UINT64, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), DATA("18446744073709551615")},
    {V(EVTX_REAL32, "\x00\x00\xC0\x3F"), DATA("1.5")},
    {V(EVTX_REAL64, "\x00\x00\x00\x00\x00\x00\xF8\xBF"), DATA("-1.5")},
    {V(EVTX_BOOL, "\x01\x00\x00\x00"), DATA("true")},
    {V(EVTX_BOOL, "\x00\x00\x00\x00"), DATA("false")},
    {V(EVTX_BINARY, "\x00\xAB\x7F"), DATA("00AB7F")},
    {V(EVTX_GUID, "\x25\x96\x84\x54\x78\x54\x94\x49\xA5\xBA\x3E\x3B\x03\x28\xC3\x0D"),
     DATA("{54849625-5478-4994-A5BA-3E3B0328C30D}")},
    {V(EVTX_SIZE, "\x40\x0F\x00\x00"), DATA("0xf40")},
    {V(EVTX_SIZE, "\x40\x0F\x00\x00\x01\x00\x00\x00"), DATA("0x100000f40")},
    {V(EVTX_FILETIME, "\x0A\xBF\xF6\xAF\xC1\x21\xD7\x01"), DATA("2021-03-25T21:56:19.5307274Z")},
    {V(EVTX_SYSTEMTIME, "\xE8\x07\x05\x00\x01\x00\x06\x00\x07\x00\x08\x00\x09\x00\x0A\x00"),
     DATA("2024-05-06T07:08:09.010Z")},
    {V(EVTX_SID, "\x01\x02\x00\x00\x00\x00\x00\x05\x20\x00\x00\x00\x20\x02\x00\x00"), DATA("S-1-5-32-544")},
    {V(EVTX_SID, "\x01\x02\x00\x00\x00\x00\x00\x05\x20\x00\x00\x00"), DATA("010200000000000520000000")},
    {V(EVTX_HEX32, "\xE7\x03\x00\x00"), DATA("0x3e7")},
    {V(EVTX_HEX64, "\xE7\x03\x00\x00\x00\x00\x00\x00"), DATA("0x3e7")},
    {V(EVTX_UINT32, "\x01\x02"), DATA("0102")}, /* not its size */
    {V(0x7E, "\x01\x02"), DATA("0102")},        /* no such type */
    {V(ARRAY(EVTX_STRING), "a\0\0\0b\0c\0\0\0"), DATA("a") DATA("bc")},
    {V(ARRAY(EVTX_STRING), "a\0\0\0\0\0z\0"), DATA("a") DATA("") DATA("z")},
    {V(ARRAY(EVTX_ANSI_STRING), "a\0bc\0"), DATA("a") DATA("bc")},
    {V(ARRAY(EVTX_UINT16), "\x01\x00\x02\x00"), DATA("1") DATA("2")},
    {V(ARRAY(EVTX_UINT32), "\x01\x00\x00\x00\x02\x00"), DATA("1") DATA("0200")},
    {V(ARRAY(EVTX_SID),
       "\x01\x01\x00\x00\x00\x00\x00\x05\x12\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x05\x13\x00\x00\x00"),
     DATA("S-1-5-18") DATA("S-1-5-19")},
    {V(ARRAY(EVTX_STRING), ""), DATA("")},
};

/* Writes the XML of the one record of maker to xml. Returns evtx_tree_read()'s result. */
static int render(char *xml, size_t size, const char **why)
{
    struct evtx_tree *tree = NULL;
    struct evtx_buffer buffer = {0};
    struct evtx_walk walk;
    struct evtx_record record;
    const struct evtx_node *nodes;
    size_t count;
    struct text text = {NULL, 0};
    struct evtx_chunk chunk = {maker.bytes + 4096, maker.size - 4096};
    CU_ASSERT_EQUAL_FATAL(evtx_tree_new(&tree), 0);
    evtx_tree_chunk(tree, chunk);
    evtx_walk_start(&walk, chunk);
    CU_ASSERT_EQUAL_FATAL(evtx_walk_next(&walk, &record), EVTX_FOUND_RECORD);
    int rc = evtx_tree_read(&nodes, &count, tree, &record, why);
    if (rc == 0)
        CU_ASSERT_EQUAL_FATAL(evtx_xml_write(&text, &buffer, nodes, count), 0);
    (void)text_copy(xml, size, text);
    free(buffer.bytes);
    evtx_tree_free(tree);
    return rc;
}

static void test_types(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char xml[512], want[512];
        const char *why = NULL;
        evtx_maker_start(&maker);
        evtx_maker_chunk(&maker);
        evtx_maker_value(&maker, 1, &cases[i].value);
        evtx_maker_end(&maker);
        CU_ASSERT_EQUAL(render(xml, sizeof(xml), &why), 0);
        (void)snprintf(want, sizeof(want), "<Event><EventData>%s</EventData></Event>", cases[i].want);
        CU_ASSERT_STRING_EQUAL(xml, want);
        if (strcmp(xml, want) != 0)
            fprintf(stderr, "\n  case %zu: %s", i, xml);
    }
}

static void test_system(void)
{
    char xml[2048];
    const char *why = NULL;
    evtx_maker_start(&maker);
    evtx_maker_chunk(&maker);
    evtx_maker_ascii(&maker, 5, "a");
    evtx_maker_end(&maker);
    CU_ASSERT_EQUAL(render(xml, sizeof(xml), &why), 0);
    /* The provider's Guid has no value: the attribute is left out. */
    CU_ASSERT_STRING_EQUAL(
        xml, "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
             "<Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID>"
             "<TimeCreated SystemTime='2024-05-06T03:08:09.0000005Z'/><EventRecordID>5</EventRecordID>"
             "<Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>host.example</Computer></System>"
             "<EventData><Data Name='Image'>C:\\a.exe</Data><Data Name='ProcessId'>4321</Data>"
             "<Data Name='CommandLine'>a</Data></EventData></Event>");
}

static void test_forwarded(void)
{
    char xml[512];
    const char *why = NULL;
    evtx_maker_start(&maker);
    evtx_maker_chunk(&maker);
    evtx_maker_forwarded(&maker, 1, "t");
    evtx_maker_end(&maker);
    CU_ASSERT_EQUAL(render(xml, sizeof(xml), &why), 0);
    CU_ASSERT_STRING_EQUAL(xml, "<Event><EventData><Data>t</Data><Data>t</Data></EventData><RenderingInfo/></Event>");
}

static CU_TestInfo tests[] = {
    {"types", test_types},
    {"the system part", test_system},
    {"without a template", test_forwarded},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return test_main("evtx_value", tests);
}
