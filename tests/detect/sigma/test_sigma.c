#include "tests/detect/sigma/compiled.h"
#include "tests/test.h"

#include <assert.h>
#include <stdlib.h>

#define HEAD                                                                                                           \
    "title: A rule\n"                                                                                                  \
    "id: 11111111-2222-3333-4444-555555555555\n"                                                                       \
    "level: high\n"                                                                                                    \
    "logsource:\n"                                                                                                     \
    "    category: process_creation\n"                                                                                 \
    "    product: windows\n"                                                                                           \
    "detection:\n"
#define SELECTION HEAD "    selection:\n"
#define CONDITION "    condition: selection\n"

/* What the rule's condition says of the event: by the program, which must agree with the slow evaluator. */
static bool answer(const char *yaml, const struct event *event)
{
    static char storage[65536];
    struct slow_field fields[128];
    struct slow_event slow;
    struct compiled compiled = compiled_of(yaml, NULL);
    if (compiled.rc != 0)
        printf("\n%s: %s\n", yaml, compiled.notes.error_count > 0 ? compiled.notes.errors[0].message : "?");
    CU_ASSERT_EQUAL_FATAL(compiled.rc, 0);
    compiled_slow(&slow, fields, storage, sizeof storage, event);
    bool is = compiled_matches(&compiled, event);
    bool is_slow = slow_matches(compiled.root, &slow);
    if (is != is_slow)
        printf("\n%sslow says %d ", yaml, is_slow);
    CU_ASSERT_EQUAL(is, is_slow);
    compiled_clear(&compiled);
    return is;
}

/* Lines of a selection against data of a process creation. */
static const struct {
    const char *lines, *data;
    bool is;
} selections[] = {
    /* texts */
    {"Image: 'C:\\a.exe'", "Image=c:\\A.EXE", true},
    {"Image: 'C:\\a.exe'", "Image=c:\\a.exe2", false},
    {"Image: 'C:\\a.exe'", "CommandLine=C:\\a.exe", false},
    {"Image: \"\xC3\x89t\xC3\xA9\"", "Image=\xC3\xA9T\xC3\x89", true},
    {"Image: '*\\a?.exe'", "Image=C:\\ab.exe", true},
    {"Image: '*\\a?.exe'", "Image=C:\\a.exe", false},
    {"Image: '\\*'", "Image=*", true},
    {"Image: '\\*'", "Image=x", false},
    {"Image: '\\\\*'", "Image=\\x", true},
    {"Image|contains: 'b'", "Image=abc", true},
    {"Image|contains: 'B'", "Image=ac", false},
    {"Image|contains: 'a*c'", "Image=xabcx", true},
    {"Image|startswith: 'ab'", "Image=ABC", true},
    {"Image|startswith: 'bc'", "Image=abc", false},
    {"Image|endswith: 'bc'", "Image=aBC", true},
    {"Image|endswith: 'ab'", "Image=abc", false},
    {"Image|startswith|endswith: 'ab'", "Image=xabx", true},
    {"Image|cased: 'Abc'", "Image=Abc", true},
    {"Image|cased: 'Abc'", "Image=abc", false},
    {"Image|contains|cased: 'B'", "Image=aBc", true},
    {"Image|contains|cased: 'B'", "Image=abc", false},
    {"Image|startswith|cased: 'a'", "Image=Abc", false},
    {"Image|endswith|cased: 'c'", "Image=abC", false},
    {"Image|cased: 'a*C'", "Image=abC", true},
    {"Image|cased: 'a*C'", "Image=abc", false},
    /* lists */
    {"Image: ['a', 'b']", "Image=b", true},
    {"Image: ['a', 'b']", "Image=c", false},
    {"CommandLine|contains|all: ['a', 'b']", "CommandLine=xbxa", true},
    {"CommandLine|contains|all: ['a', 'b']", "CommandLine=xbx", false},
    {"CommandLine|all|contains: ['a', 'b']", "CommandLine=xbx", false},
    {"Image: a\n        CommandLine: b", "Image=a|CommandLine=b", true},
    {"Image: a\n        CommandLine: b", "Image=a|CommandLine=c", false},
    {"- Image: a\n        - CommandLine: b", "Image=c|CommandLine=b", true},
    {"- Image: a\n        - CommandLine: b", "Image=c|CommandLine=c", false},
    {"- - Image: a\n          - Image: b\n        - CommandLine: b", "Image=b", true},
    /* neq */
    {"Image|neq: 'a'", "Image=b", true},
    {"Image|neq: 'a'", "Image=A", false},
    {"Image|neq: 'a'", "CommandLine=b", true},
    {"Image|neq: ['a', 'b']", "Image=b", false},
    {"Image|contains|neq: 'a'", "Image=bab", false},
    {"ProcessId|neq: 4", "ProcessId=0x4", false},
    {"Image|fieldref|neq: ParentImage", "Image=a|ParentImage=b", true},
    {"Image|fieldref|neq: ParentImage", "Image=a|ParentImage=A", false},
    /* null, empty, exists */
    {"CommandLine: null", "Image=a", true},
    {"CommandLine: null", "Image=a|CommandLine=", false},
    {"CommandLine:", "Image=a", true},
    {"CommandLine: ~", "Image=a|CommandLine=x", false},
    {"CommandLine: ''", "Image=a|CommandLine=", true},
    {"CommandLine: ''", "Image=a", false},
    {"CommandLine: ''", "Image=a|CommandLine=x", false},
    {"CommandLine: 'null'", "CommandLine=null", true},
    {"CommandLine: [null, '']", "CommandLine=", true},
    {"CommandLine: [null, '']", "Image=", true},
    {"CommandLine: '*'", "CommandLine=", true},
    {"CommandLine: '*'", "Image=a", false},
    {"CommandLine: '?*'", "CommandLine=", false},
    {"CommandLine|contains: ''", "CommandLine=x", true},
    {"CommandLine|contains: ''", "Image=x", false},
    {"CommandLine|exists: true", "CommandLine=", true},
    {"CommandLine|exists: true", "Image=a", false},
    {"CommandLine|exists: yes", "Image=a", false},
    {"CommandLine|exists: On", "CommandLine=", true},
    {"CommandLine|exists: false", "Image=a", true},
    {"CommandLine|exists: no", "CommandLine=", false},
    {"CommandLine|exists: Off", "Image=a", true},
    {"CommandLine|exists: false", "CommandLine=", false},
    /* numbers */
    {"ProcessId: 500", "ProcessId=500", true},
    {"ProcessId: 500", "ProcessId=0x1f4", true},
    {"ProcessId: 500", "ProcessId=5000", false},
    {"ProcessId: 0x1F4", "ProcessId=500", true},
    {"ProcessId: '500'", "ProcessId=0x1f4", false},
    {"ProcessId: '500'", "ProcessId=500", true},
    {"ProcessId|contains: 50", "ProcessId=1500", true},
    {"FileVersion: 1.10", "FileVersion=1.10", true},
    {"FileVersion: 1.10", "FileVersion=1.1.0", false},
    {"Product: true", "Product=TRUE", true},
    {"ProcessId|gt: 5", "ProcessId=6", true},
    {"ProcessId|gt: 5", "ProcessId=5", false},
    {"ProcessId|gte: 5", "ProcessId=5", true},
    {"ProcessId|lt: 0x10", "ProcessId=15", true},
    {"ProcessId|lt: 5", "ProcessId=many", false},
    {"ProcessId|lte: 5", "ProcessId=5", true},
    {"ProcessId|lte: 5", "Image=a", false},
    /* expressions */
    {"CommandLine|re: 'b+c'", "CommandLine=abbcd", true},
    {"CommandLine|re: 'B+c'", "CommandLine=abbcd", false},
    {"CommandLine|re: '^b'", "CommandLine=abc", false},
    {"CommandLine|re|i: 'B+C'", "CommandLine=abbcd", true},
    {"CommandLine|re: '^b'", "CommandLine=a\nb", false},
    {"CommandLine|re|m: '^b'", "CommandLine=a\nb", true},
    {"CommandLine|re: 'a.b'", "CommandLine=a\nb", false},
    {"CommandLine|re|s: 'a.b'", "CommandLine=a\nb", true},
    {"CommandLine|re|i|s: 'A.B'", "CommandLine=a\nb", true},
    {"CommandLine|re: '\\s-[FTd]\\s'", "CommandLine=curl -F x", true},
    {"CommandLine|re: '\\s-[FTd]\\s'", "CommandLine=curl -f x", false},
    {"CommandLine|re: ['x', '\\d{2}']", "CommandLine=a12", true},
    {"CommandLine|re: ''", "CommandLine=", true},
    {"CommandLine|re: ''", "Image=a", false},
    {"CommandLine|re|startswith: 'b|c'", "CommandLine=cab", true},
    {"CommandLine|re|startswith: 'b|c'", "CommandLine=abc", false},
    {"CommandLine|re|endswith: 'b|c'", "CommandLine=abc", true},
    {"CommandLine|re|endswith: 'b|c'", "CommandLine=bca", false},
    {"CommandLine|re|contains: 'b|c'", "CommandLine=abca", true},
    {"CommandLine|re: 'a(?!b)'", "CommandLine=ac", true},
    {"CommandLine|re: '\\xE9'", "CommandLine=\xC3\xA9", true},
    {"CommandLine|re|neq: 'a'", "CommandLine=b", true},
    /* dashes */
    {"CommandLine|windash|contains: ' -f '", "CommandLine=x /f y", true},
    {"CommandLine|windash|contains: ' -f '", "CommandLine=x -F y", true},
    {"CommandLine|windash|contains: ' -f '",
     "CommandLine=x \xE2\x80\x93"
     "f y",
     true},
    {"CommandLine|windash|contains: ' -f '", "CommandLine=x f y", false},
    {"CommandLine|contains|windash: ' /f'", "CommandLine=x -f", true},
    {"CommandLine|windash|contains: ' -a -b'",
     "CommandLine=x /a \xE2\x80\x95"
     "b",
     true},
    {"CommandLine|windash|contains: ' -a -b'", "CommandLine=x /a b", false},
    {"CommandLine|windash|contains: 'a-b'", "CommandLine=a/b", false},
    {"CommandLine|windash|contains|all: [' -a', ' -b']", "CommandLine=x /b /a", true},
    /* encodings */
    {"CommandLine|base64: 'ping'", "CommandLine=cGluZw==", true},
    {"CommandLine|base64|contains: 'ping'", "CommandLine=x cGluZw== y", true},
    {"CommandLine|base64offset|contains: '/bin/sh'", "CommandLine=L2Jpbi9zaCAtYw==", true},
    {"CommandLine|base64offset|contains: '/bin/sh'", "CommandLine=YWEvYmluL3No", true},
    {"CommandLine|base64offset|contains: '/bin/sh'", "CommandLine=YWFhYS9iaW4vc2gg", true},
    {"CommandLine|base64offset|contains: '/bin/sh'", "CommandLine=cGluZw==", false},
    {"CommandLine|wide|base64offset|contains: 'ping'", "CommandLine=powershell -enc cABpAG4AZwA=", true},
    {"CommandLine|utf16le|base64offset|contains: 'ping'", "CommandLine=powershell -enc IABwAGkAbgBnACAA", true},
    {"CommandLine|utf16be|base64: 'cmd'", "CommandLine=AGMAbQBk", true},
    {"CommandLine|utf16|base64: 'cmd'", "CommandLine=//5jAG0AZAA=", true},
    {"CommandLine|windash|base64: '-f'", "CommandLine=L2Y=", true},
    /* fields against fields */
    {"Image|fieldref: ParentImage", "Image=a|ParentImage=A", true},
    {"Image|fieldref: ParentImage", "Image=a|ParentImage=b", false},
    {"Image|fieldref: ParentImage", "Image=a", false},
    {"Image|fieldref: ParentImage", "CommandLine=a", false},
    {"Image|fieldref: ParentImage", "Image=|CommandLine=a", false},
    {"Image|fieldref|cased: ParentImage", "Image=a|ParentImage=A", false},
    {"Image|fieldref|endswith: Product", "Image=C:\\a.exe|Product=A.EXE", true},
    {"Image|fieldref|startswith: Product", "Image=C:\\a.exe|Product=a", false},
    {"CommandLine|fieldref|contains: Image", "CommandLine=x a.exe y|Image=A.exe", true},
    /* keywords */
    {"- 'mimikatz'\n        - 'sekurlsa'", "CommandLine=x|Company=a SekurLSA b", true},
    {"- 'mimikatz'\n        - 'sekurlsa'", "CommandLine=x|Company=y", false},
    {"'|all':\n            - 'one'\n            - 'two'", "CommandLine=one|Company=TWO", true},
    {"'|all':\n            - 'one'\n            - 'two'", "CommandLine=one|Company=x", false},
    {"- 'a*c'", "CommandLine=xabbcx", true},
    {"- Image: a\n        - 'word'", "CommandLine=a word", true},
    /* taxonomy */
    {"OriginalFileName: 'cmd.exe'", "OriginalFileName=Cmd.Exe", true},
    {"Hashes|contains: 'IMPHASH=C3'", "Hashes=SHA1=A1,IMPHASH=C3", true},
    {"Imphash: c3", "Hashes=SHA1=A1,IMPHASH=C3", true},
    {"md5: c3", "Hashes=SHA1=A1,IMPHASH=C3", false},
    {"EventID: 1", "Image=a", true},
    {"EventID: 4688", "Image=a", false},
    {"Channel: 'Microsoft-Windows-Sysmon/Operational'", "Image=a", true},
    {"Provider_Name|endswith: 'Sysmon'", "Image=a", true},
    {"RuleName: 'x'", "RuleName=x", true},
    {"image: a", "Image=a", false},
};

static void selections_match(void)
{
    struct compiled_event event;
    char yaml[2048];
    for (size_t i = 0; i < sizeof selections / sizeof selections[0]; i++) {
        (void)snprintf(yaml, sizeof yaml, "%s        %s\n%s", SELECTION, selections[i].lines, CONDITION);
        compiled_process(&event, selections[i].data);
        if (answer(yaml, &event.event) != selections[i].is) {
            printf("\n%s of %s ", selections[i].lines, selections[i].data);
            CU_FAIL("wrong answer");
        }
    }
    CU_PASS("all");
}

static void cidr_and_times(void)
{
    static const struct {
        const char *lines, *data;
        bool is;
    } cases[] = {
        {"DestinationIp|cidr: 10.0.0.0/8", "DestinationIp=10.1.2.3", true},
        {"DestinationIp|cidr: 10.0.0.0/8", "DestinationIp=11.1.2.3", false},
        {"DestinationIp|cidr: ['::1/128', 'fe80::/10']", "DestinationIp=fe80:0:0:0:1:2:3:4", true},
        {"UtcTime|hour: 12", "UtcTime=2026-11-30 12:34:56.789", true},
        {"UtcTime|hour|gte: 13", "UtcTime=2026-11-30 12:34:56.789", false},
        {"UtcTime|year: 2026\n        UtcTime|month: 11\n        UtcTime|day: 30\n        UtcTime|minute: 34\n        "
         "UtcTime|week: 49",
         "UtcTime=2026-11-30 12:34:56.789", true},
    };
    struct compiled_event event;
    char yaml[2048];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)snprintf(yaml, sizeof yaml,
                       "title: t\nid: 11111111-2222-3333-4444-555555555555\nlevel: low\nlogsource: {product: windows, "
                       "category: network_connection}\ndetection:\n    selection:\n        %s\n%s",
                       cases[i].lines, CONDITION);
        compiled_event(&event, "Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational", 3, cases[i].data);
        struct compiled compiled = compiled_of(yaml, NULL);
        CU_ASSERT_EQUAL_FATAL(compiled.rc, 0);
        if (compiled_matches(&compiled, &event.event) != cases[i].is) {
            printf("\n%s of %s ", cases[i].lines, cases[i].data);
            CU_FAIL("wrong answer");
        }
        compiled_clear(&compiled);
    }
}

/* Which of a, b and c the event has, and what a condition says of that. */
static void conditions_match(void)
{
    static const struct {
        const char *condition;
        const char *true_of; /* the events, "-" is that of none */
    } cases[] = {
        {"a", "a ab ac abc"},
        {"not a", "- b c bc"},
        {"a and b", "ab abc"},
        {"a or b", "a b ab ac bc abc"},
        {"a or b and c", "a ab ac bc abc"},
        {"(a or b) and c", "ac bc abc"},
        {"not a and b", "b bc"},
        {"not (a and b)", "- a b c ac bc"},
        {"not not a", "a ab ac abc"},
        {"a and not b or c", "a c ac bc abc"},
        {"1 of them", "a b c ab ac bc abc"},
        {"any of them", "a b c ab ac bc abc"},
        {"all of them", "abc"},
        {"not 1 of them", "-"},
        {"1 of sel_*", "a b ab ac bc abc"},
        {"all of sel_*", "ab abc"},
        {"all of *", "abc"},
        {"1 of *_a", "a ab ac abc"},
        {"all of s*_*", "ab abc"},
        {"1 of sel_a", "a ab ac abc"},
        {"a AND NOT b", "a ac"},
        {"a\n        and b", "ab abc"},
        {"((((a))))", "a ab ac abc"},
        {"_hidden", "- a b c ab ac bc abc"},
        {"1 of sel_* and not all of sel_* or c", "a b c ac bc abc"},
    };
    static const char *const events[] = {"-", "a", "b", "c", "ab", "ac", "bc", "abc"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char yaml[2048], condition[256];
        size_t length = 0;
        for (const char *at = cases[i].condition; *at != '\0'; at++) { /* a is sel_a, b is sel_b */
            bool is_name = (*at == 'a' || *at == 'b') && (at == cases[i].condition || strchr(" (", at[-1]) != NULL) &&
                           (at[1] == '\0' || strchr(" )\n", at[1]) != NULL);
            length += (size_t)snprintf(condition + length, sizeof condition - length, is_name ? "sel_%c" : "%c", *at);
        }
        (void)snprintf(yaml, sizeof yaml,
                       HEAD
                       "    sel_a: {Image|contains: a}\n    sel_b: {Image|contains: b}\n    c: {Image|contains: c}\n"
                       "    _hidden: {Image|exists: true}\n    condition: |\n        %s\n",
                       condition);
        for (size_t k = 0; k < 8; k++) {
            struct compiled_event event;
            char data[32], word[32], list[128];
            (void)snprintf(data, sizeof data, "Image=%s", events[k]);
            (void)snprintf(word, sizeof word, " %s ", events[k]);
            (void)snprintf(list, sizeof list, " %s ", cases[i].true_of);
            compiled_process(&event, data);
            if (answer(yaml, &event.event) != (strstr(list, word) != NULL)) {
                printf("\n%s of %s ", cases[i].condition, events[k]);
                CU_FAIL("wrong answer");
            }
        }
    }
    CU_PASS("all");
}

static void a_list_of_conditions_is_any_of_them(void)
{
    const char *yaml = HEAD "    a: {Image: a}\n    b: {Image: b}\n    condition:\n        - a\n        - b\n";
    struct compiled_event event;
    compiled_process(&event, "Image=b");
    CU_ASSERT_TRUE(answer(yaml, &event.event));
    compiled_process(&event, "Image=c");
    CU_ASSERT_FALSE(answer(yaml, &event.event));
}

/* The same fields out of Security 4688. */
static void security_4688(void)
{
    static const char data[] =
        "SubjectUserSid=S-1-5-18|SubjectUserName=HOST$|SubjectDomainName=CORP|SubjectLogonId=0x3e7|NewProcessId=0x1f4|"
        "NewProcessName=C:\\Windows\\cmd.exe|TokenElevationType=%%1936|ProcessId=0x10|CommandLine=cmd /c x|"
        "TargetUserSid=S-1-5-21-1|TargetUserName=joe|TargetDomainName=CORP|TargetLogonId=0x55|"
        "ParentProcessName=C:\\Windows\\System32\\svchost.exe|MandatoryLabel=S-1-16-12288";
    static const struct {
        const char *lines;
        bool is;
    } cases[] = {
        {"Image|endswith: '\\cmd.exe'", true},
        {"ParentImage|endswith: '\\svchost.exe'", true},
        {"CommandLine: 'cmd /c x'", true},
        {"User: 'CORP\\joe'", true},
        {"ParentUser|contains: 'AUTHORI'", true},
        {"IntegrityLevel: High", true},
        {"IntegrityLevel: S-1-16-12288", false},
        {"LogonId: '0x55'", true},
        {"ProcessId: 500", true},
        {"ParentProcessId: 16", true},
        {"OriginalFileName: null", true},
        {"OriginalFileName|contains: 'x'", false},
        {"EventID: 4688", true},
        {"TokenElevationType: '%%1936'", true},
        {"User|fieldref: ParentUser", false},
    };
    struct compiled_event event;
    char yaml[1024];
    compiled_event(&event, "Microsoft-Windows-Security-Auditing", "Security", 4688, data);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)snprintf(yaml, sizeof yaml, "%s        %s\n%s", SELECTION, cases[i].lines, CONDITION);
        if (answer(yaml, &event.event) != cases[i].is) {
            printf("\n%s ", cases[i].lines);
            CU_FAIL("wrong answer");
        }
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"selections match", selections_match},
                                        {"networks and times", cidr_and_times},
                                        {"conditions match", conditions_match},
                                        {"a list of conditions is any of them", a_list_of_conditions_is_any_of_them},
                                        {"Security 4688", security_4688},
                                        CU_TEST_INFO_NULL};
    return test_main("sigma", tests);
}
