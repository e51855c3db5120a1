/* Any bytes as PowerShell source, and as a command line: no crash, no read outside, what is given lies inside the text.
 */
#include "detect/powershell/powershell_line.h"
#include "detect/powershell/powershell_text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct powershell_target target = {
        .noun = {"CASMailbox", 10}, .parameter = {"ActiveSyncAllowedDeviceIDs", 26}, .shortest = {"ActiveSyncA", 11}};
    struct text text = {(const char *)data, size};
    struct powershell_script script;
    struct powershell_hit hit;

    if (powershell_text_find(&hit, &target, text) != 0)
        abort();
    if ((hit.use == POWERSHELL_USE_NONE) != (hit.operation == POWERSHELL_OPERATION_NONE))
        abort();
    if (hit.use == POWERSHELL_USE_DIRECT &&
        (hit.statement.bytes < text.bytes || hit.statement.bytes + hit.statement.len > text.bytes + text.len))
        abort();
    if (powershell_line_script(&script, text) != 0)
        abort();
    free((char *)script.text.bytes);
    return 0;
}
