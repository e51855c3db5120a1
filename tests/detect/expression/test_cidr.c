#include "detect/expression/cidr.h"
#include "tests/test.h"

static void addresses_lie_in_networks(void)
{
    static const struct {
        const char *network, *address;
        bool holds;
    } cases[] = {
        {"10.0.0.0/8", "10.0.0.0", true},
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "9.255.255.255", false},
        {"172.16.0.0/12", "172.31.255.255", true},
        {"172.16.0.0/12", "172.32.0.0", false},
        {"192.168.0.0/23", "192.168.1.7", true},
        {"192.168.0.0/23", "192.168.2.7", false},
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7/32", "192.0.2.8", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "::1", false},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},
        {"10.0.0.0/8", "::ffff:a01:203", true},
        {"::ffff:10.0.0.0/104", "10.1.2.3", true},
        {"10.0.0.0/8", "::10.1.2.3", false},
        {"fe80::/10", "fe80::1", true},
        {"fe80::/10", "FE80::1%12", true},
        {"fe80::/10", "febf:ffff::", true},
        {"fe80::/10", "fec0::", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "10.1.2.3", false},
        {"::1", "::1", true},
        {"::1/128", "0:0:0:0:0:0:0:1", true},
        {"2001:db8::/32", "2001:db8:0:1:2:3:4:5", true},
        {"2001:db8::/32", "2001:db9::", false},
        {"2001:db8::/33", "2001:db8:8000::", false},
        {"10.0.0.0/8", "", false},
        {"10.0.0.0/8", "-", false},
        {"10.0.0.0/8", "10.0.0", false},
        {"10.0.0.0/8", "10.0.0.0.0", false},
        {"10.0.0.0/8", "10.0.0.256", false},
        {"10.0.0.0/8", "10.0.0.01", false},
        {"10.0.0.0/8", " 10.0.0.1", false},
        {"::/0", "1::2::3", false},
        {"::/0", "1:2:3:4:5:6:7", false},
        {"::/0", "1:2:3:4:5:6:7:8:9", false},
        {"::/0", "1:2:3:4:5:6:7:", false},
        {"::/0", ":1:2:3:4:5:6:7", false},
        {"::/0", "12345::", false},
        {"::/0", "g::", false},
        {"::/0", ":::", false},
        {"::/0", "1:2:3:4:5:6:7::", true},
        {"::/0", "::2:3:4:5:6:7:8", true},
        {"::/0", "1:2:3:4:5:6:7:1.2.3.4", false},
        {"::/0", "1:2:3:4:5:6:1.2.3.4", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cidr network;
        CU_ASSERT_TRUE_FATAL(cidr_parse(&network, text_from(cases[i].network)));
        if (cidr_holds(&network, text_from(cases[i].address)) != cases[i].holds) {
            printf("%s in %s ", cases[i].address, cases[i].network);
            CU_FAIL("wrong answer");
        }
        CU_ASSERT_FALSE(cidr_holds(&network, (struct text){0}));
    }
}

static void what_is_no_network_is_refused(void)
{
    static const char *const others[] = {
        "",           "/8",           "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1",
        "10.1.0.0/8", "10.0.0.0/8 ",  "10.0.0/8",  "fe80::/129",  "fe80::1/10",  "::/x",
        "*",          "10.0.0.0/8/8", "10.*"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct cidr network = {.prefix = 7};
        CU_ASSERT_FALSE(cidr_parse(&network, text_from(others[i])));
        CU_ASSERT_EQUAL(network.prefix, 7);
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"addresses lie in networks", addresses_lie_in_networks},
                                        {"what is no network is refused", what_is_no_network_is_refused},
                                        CU_TEST_INFO_NULL};
    return test_main("cidr", tests);
}
