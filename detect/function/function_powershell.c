/* Functions of ours, not Kusto's: what PowerShell text and logged cmdlets say (docs/powershell.md). */
#include "detect/expression/expr_node.h"
#include "detect/expression/function.h"
#include "detect/powershell/powershell_line.h"
#include "detect/powershell/powershell_log.h"
#include "detect/powershell/powershell_text.h"

#include <errno.h>
#include <stdlib.h>

/* ---- powershell_sets, powershell_operation (text, noun, parameter, shortest) ---- */

static int prepare_target(struct function_bind *bind)
{
    struct powershell_target *target = arena_zeroed(bind->arena, 1, sizeof(*target));
    struct powershell_hit hit;
    if (target == NULL)
        return -ENOMEM;
    target->noun = function_constant(bind, 1).text;
    target->parameter = function_constant(bind, 2).text;
    target->shortest = bind->count > 3 ? function_constant(bind, 3).text : target->parameter;
    int rc = powershell_text_find(&hit, target, (struct text){"", 0});
    if (rc == -EINVAL)
        return function_refuse(
            bind, "K122", bind->args[1]->place,
            "the cmdlet's noun, the parameter and the shortest beginning of it: ASCII, 1 to 64 characters, "
            "the last one a beginning of the parameter");
    bind->prepared = target;
    return rc;
}

static bool find(struct powershell_hit *hit, const struct function_call *call)
{
    return powershell_text_find(hit, call->prepared, call->args[0].text) == 0;
}

static struct value call_sets(const struct function_call *call)
{
    struct powershell_hit hit;
    return find(&hit, call) ? function_text(text_from(powershell_use_name(hit.use))) : value_error();
}

static struct value call_operation(const struct function_call *call)
{
    struct powershell_hit hit;
    return find(&hit, call) ? function_text(text_from(powershell_operation_name(hit.operation))) : value_error();
}

/* ---- command lines ---- */

static struct value script_of(const struct function_call *call, bool is_encoded_only)
{
    struct powershell_script script;
    if (powershell_line_script(&script, call->args[0].text) != 0)
        return value_error();
    struct text text = {"", 0};
    if (script.text.bytes != NULL && (script.is_encoded || !is_encoded_only))
        text = arena_text(call->run->scratch, script.text);
    free((char *)script.text.bytes);
    return function_text(text);
}

static struct value call_command(const struct function_call *call)
{
    return script_of(call, false);
}

static struct value call_decoded(const struct function_call *call)
{
    return script_of(call, true);
}

/* ---- cmdlets in logs ---- */

static struct value call_value(const struct function_call *call)
{
    return value_string(powershell_log_value(call->args[0].text, call->args[1].text));
}

static struct value call_change(const struct function_call *call)
{
    return function_text(
        text_from(powershell_log_change_name(powershell_log_parameter(call->args[0].text, call->args[1].text))));
}

static struct value call_binding(const struct function_call *call)
{
    enum powershell_log_change change =
        powershell_log_binding(call->args[0].text, call->args[1].text, call->args[2].text);
    return function_text(text_from(powershell_log_change_name(change)));
}

#define STRING VALUE_STRING

const struct function function_powershell[] = {
    {"powershell_sets", "(text: string, noun: string, parameter: string [, shortest: string])",
     "ours: how the text sets the parameter of Set-NOUN: direct, splat, default, quoted or nothing", "ss!s!s!", 3, 4,
     STRING, 0, 0, prepare_target, call_sets, NULL, NULL},
    {"powershell_operation", "(text: string, noun: string, parameter: string [, shortest: string])",
     "ours: what it does to the parameter's list: add, remove, both, replace, clear, unknown or nothing", "ss!s!s!", 3,
     4, STRING, 0, 0, prepare_target, call_operation, NULL, NULL},
    {"powershell_command", "(command_line: string)",
     "ours: the script in a command line of PowerShell, after -Command or decoded; empty if there is none", "s", 1, 1,
     STRING, 0, 0, NULL, call_command, NULL, NULL},
    {"powershell_decoded", "(command_line: string)",
     "ours: the script after -EncodedCommand, decoded; empty if there is none", "s", 1, 1, STRING, 0, 0, NULL,
     call_decoded, NULL, NULL},
    {"cmdlet_value", "(parameters: string, name: string)",
     "ours: the value of a parameter in the text that Exchange's log has; empty if it is not there", "ss", 2, 2, STRING,
     0, 0, NULL, call_value, NULL, NULL},
    {"cmdlet_change", "(parameters: string, name: string)",
     "ours: what that parameter does to a list: add, remove, both, replace, clear, delta or nothing", "ss", 2, 2,
     STRING, 0, 0, NULL, call_change, NULL, NULL},
    {"cmdlet_binding", "(details: string, noun: string, parameter: string)",
     "ours: the same for a parameter of Set-NOUN in the details of module logging", "sss", 3, 3, STRING, 0, 0, NULL,
     call_binding, NULL, NULL},
    {0},
};
