#include "detect/expression/rarity.h"

#include <string.h>

/* Texts of process creations, network paths, registry keys and scripts that Windows itself and its administration make
 * all day, with about how many of 1000 events have them. What is part of one of them is as common. */
static const struct {
    const char *term;
    unsigned cost;
} common[] = {
    {"c:\\windows\\system32\\", 800},
    {"c:\\windows\\syswow64\\", 150},
    {"\\??\\c:\\windows\\system32\\conhost.exe 0xffffffff -forcev1", 150},
    {"c:\\program files\\", 250},
    {"c:\\program files (x86)\\", 200},
    {"\"c:\\program files\\", 200},
    {"c:\\users\\administrator\\", 200},
    {"\\appdata\\local\\temp\\", 80},
    {"\\appdata\\local\\microsoft\\", 60},
    {"\\appdata\\roaming\\microsoft\\windows\\", 50},
    {"c:\\programdata\\microsoft\\", 80},
    {"c:\\windows\\temp\\", 30},
    {"c:\\windows\\microsoft.net\\framework64\\v4.0.30319\\", 40},
    {"nt authority\\system", 500},
    {"nt authority\\network service", 80},
    {"nt authority\\local service", 80},
    {"microsoft corporation. all rights reserved.", 500},
    {"microsoft windows operating system", 500},
    {"\\svchost.exe -k netsvcs -p -s", 200},
    {"\\svchost.exe", 250},
    {"\\services.exe", 200},
    {"\\explorer.exe", 150},
    {"\\cmd.exe", 150},
    {"cmd.exe /c ", 100},
    {"cmd /c ", 60},
    {"\\windowspowershell\\v1.0\\powershell.exe", 100},
    {"powershell.exe -noprofile -noninteractive -executionpolicy bypass -command ", 60},
    {"powershell.exe -windowstyle hidden -file ", 30},
    {"powershell -ep bypass -nop -enc ", 20},
    {"-encodedcommand ", 12},
    {"\\conhost.exe", 150},
    {"\\dllhost.exe /processid:{", 60},
    {"\\taskhostw.exe", 50},
    {"\\backgroundtaskhost.exe", 40},
    {"\\runtimebroker.exe -embedding", 40},
    {"\\searchprotocolhost.exe", 30},
    {"\\wbem\\wmiprvse.exe -secured -embedding", 60},
    {"\\msiexec.exe /v", 30},
    {"\\rundll32.exe", 40},
    {"\\regsvr32.exe /s ", 15},
    {"\\reg.exe add ", 20},
    {"reg query ", 15},
    {"\\net.exe", 20},
    {"\\net1.exe user localgroup administrators /add", 12},
    {"\\sc.exe query ", 20},
    {"\\schtasks.exe /create /tn /tr /sc ", 15},
    {"\\wmic.exe process call create ", 12},
    {"\\wscript.exe", 10},
    {"\\cscript.exe //nologo ", 12},
    {"\\mshta.exe", 4},
    {"\\certutil.exe -urlcache -split -f ", 4},
    {"\\bitsadmin.exe /transfer ", 3},
    {"\\whoami.exe /all", 5},
    {"\\tasklist.exe", 8},
    {"\\taskkill.exe /f /im ", 8},
    {"\\ping.exe -n 127.0.0.1", 10},
    {"\\find.exe", 8},
    {"\\findstr.exe", 8},
    {"\\lsass.exe", 60},
    {"\\winlogon.exe", 60},
    {"\\userinit.exe", 10},
    {"\\wininit.exe", 20},
    {"\\smss.exe", 10},
    {"\\csrss.exe", 20},
    {"\\w3wp.exe", 5},
    {"\\winword.exe", 5},
    {"\\excel.exe", 5},
    {"\\outlook.exe", 5},
    {"\\iexplore.exe", 15},
    {"\\chrome.exe --type=renderer", 60},
    {"\\msedge.exe --type=utility", 60},
    {"\\microsoft\\edge\\application\\", 60},
    {"\\google\\chrome\\application\\", 60},
    {"\\onedrive.exe /background", 20},
    {"\\teams.exe", 20},
    {"https://www.", 40},
    {"http://", 40},
    {"hklm\\software\\microsoft\\windows\\currentversion\\run", 40},
    {"hkey_local_machine\\system\\currentcontrolset\\services\\", 40},
    {"hkcu\\software\\", 15},
    {".ps1", 30},
    {".bat", 20},
    {".vbs", 8},
    {".dll,", 30},
    {".exe\" -", 200},
    {".exe /", 200},
    {".tmp", 40},
    {".log", 30},
    {".txt", 30},
    {" /c \"", 60},
    {" -k ", 200},
    {" -p ", 150},
    {"localhost", 10},
    {"127.0.0.1", 15},
    {"system", 800},
    {"administrator", 200},
    {"windows", 800},
    {"microsoft", 500},
    {"true", 60},
    {"false", 60},
    {"domain", 40},
    {"desktop", 60},
    {"service", 200},
    {"update", 60},
    {"install", 60},
    {"config", 60},
    {"user", 200},
    {"process", 80},
    {"high", 100},
    {"medium", 100},
};

/* The length that a text of everyday signs would have that is as rare: other signs count more. */
static size_t length_of(struct text text)
{
    size_t length = text.len;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.bytes[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        length += c >= 0x80 ? 1 : !is_letter && strchr(" \\.:-_\"/,=()", c) == NULL ? 2 : 0;
    }
    return length;
}

/* Of texts that are in no common one, by that length. */
static unsigned cost_of_length(size_t len)
{
    static const unsigned costs[] = {1000, 900, 500, 100, 40, 20, 12, 8, 6, 5, 4, 4, 3};
    return len < sizeof(costs) / sizeof(costs[0]) ? costs[len] : 2;
}

static bool stands_in(const char *term, struct text text)
{
    size_t len = strlen(term);
    for (size_t i = 0; i + text.len <= len; i++)
        if (memcmp(term + i, text.bytes, text.len) == 0)
            return true;
    return false;
}

unsigned rarity_cost(struct text text)
{
    unsigned cost = cost_of_length(length_of(text));
    for (size_t i = 0; text.len > 0 && i < sizeof(common) / sizeof(common[0]); i++)
        if (common[i].cost > cost && stands_in(common[i].term, text))
            cost = common[i].cost;
    return cost;
}
