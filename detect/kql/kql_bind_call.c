/* Functions, and the paths that lead into EventData. */
#include "detect/kql/kql_bind.h"

#define MAX_ARGUMENTS 128

static bool is(struct text text, const char *word)
{
    return text_equal(text, text_from(word));
}

/* Scalar functions that Kusto has, supported here or not (learn.microsoft.com/kusto/query/scalar-functions). */
static const char *const known[] = {"abs",
                                    "acos",
                                    "array_concat",
                                    "array_iff",
                                    "array_index_of",
                                    "array_reverse",
                                    "array_rotate_left",
                                    "array_rotate_right",
                                    "array_shift_left",
                                    "array_shift_right",
                                    "array_slice",
                                    "array_sort_asc",
                                    "array_sort_desc",
                                    "array_split",
                                    "array_sum",
                                    "asin",
                                    "assert",
                                    "atan",
                                    "atan2",
                                    "bag_has_key",
                                    "bag_keys",
                                    "bag_merge",
                                    "bag_pack",
                                    "bag_remove_keys",
                                    "bag_set_key",
                                    "bag_zip",
                                    "base64_decode_toarray",
                                    "base64_decode_toguid",
                                    "base64_decode_tostring",
                                    "base64_decodestring",
                                    "base64_encode_fromarray",
                                    "base64_encode_fromguid",
                                    "base64_encode_tostring",
                                    "base64_encodestring",
                                    "beta_cdf",
                                    "bin_at",
                                    "bin_auto",
                                    "binary_and",
                                    "binary_not",
                                    "binary_or",
                                    "binary_shift_left",
                                    "binary_shift_right",
                                    "binary_xor",
                                    "bitset_count_ones",
                                    "ceiling",
                                    "cos",
                                    "cot",
                                    "countof",
                                    "current_cluster_endpoint",
                                    "current_database",
                                    "current_principal",
                                    "datetime_add",
                                    "datetime_diff",
                                    "datetime_local_to_utc",
                                    "datetime_part",
                                    "datetime_utc_to_local",
                                    "dayofmonth",
                                    "dayofweek",
                                    "dayofyear",
                                    "degrees",
                                    "dynamic_to_json",
                                    "endofday",
                                    "endofmonth",
                                    "endofweek",
                                    "endofyear",
                                    "erf",
                                    "estimate_data_size",
                                    "exp",
                                    "exp10",
                                    "exp2",
                                    "extract",
                                    "extract_all",
                                    "extract_json",
                                    "extractjson",
                                    "floor",
                                    "format_bytes",
                                    "format_datetime",
                                    "format_ipv4",
                                    "format_ipv4_mask",
                                    "format_timespan",
                                    "gamma",
                                    "geo_info_from_ip_address",
                                    "getmonth",
                                    "gettype",
                                    "getyear",
                                    "gzip_compress_to_base64_string",
                                    "gzip_decompress_from_base64_string",
                                    "has_any_index",
                                    "hash",
                                    "hash_md5",
                                    "hash_sha1",
                                    "hash_sha256",
                                    "hash_xxhash64",
                                    "hourofday",
                                    "indexof_regex",
                                    "ingestion_time",
                                    "isascii",
                                    "isfinite",
                                    "isinf",
                                    "isnan",
                                    "isutf8",
                                    "jaccard_index",
                                    "log",
                                    "log10",
                                    "log2",
                                    "loggamma",
                                    "make_datetime",
                                    "make_string",
                                    "make_timespan",
                                    "max_of",
                                    "min_of",
                                    "monthofyear",
                                    "new_guid",
                                    "next",
                                    "not",
                                    "pack",
                                    "pack_all",
                                    "pack_dictionary",
                                    "parse_command_line",
                                    "parse_csv",
                                    "parse_ipv4",
                                    "parse_ipv4_mask",
                                    "parse_ipv6",
                                    "parse_ipv6_mask",
                                    "parse_json",
                                    "parse_path",
                                    "parse_url",
                                    "parse_urlquery",
                                    "parse_user_agent",
                                    "parse_version",
                                    "parse_xml",
                                    "pi",
                                    "pow",
                                    "prev",
                                    "punycode_from_string",
                                    "punycode_to_string",
                                    "radians",
                                    "rand",
                                    "range",
                                    "rank_tdigest",
                                    "regex_quote",
                                    "repeat",
                                    "replace_strings",
                                    "reverse",
                                    "round",
                                    "row_cumsum",
                                    "row_number",
                                    "row_rank_dense",
                                    "row_rank_min",
                                    "row_window_session",
                                    "set_difference",
                                    "set_equals",
                                    "set_has_element",
                                    "set_intersect",
                                    "set_union",
                                    "sign",
                                    "sin",
                                    "sqrt",
                                    "startofday",
                                    "startofmonth",
                                    "startofweek",
                                    "startofyear",
                                    "strcat_array",
                                    "strcmp",
                                    "string_size",
                                    "strrep",
                                    "tan",
                                    "to_utf8",
                                    "todecimal",
                                    "toguid",
                                    "tohex",
                                    "totimespan",
                                    "translate",
                                    "treepath",
                                    "trim_end",
                                    "trim_start",
                                    "unicode_codepoints_from_string",
                                    "unicode_codepoints_to_string",
                                    "unixtime_microseconds_todatetime",
                                    "unixtime_milliseconds_todatetime",
                                    "unixtime_nanoseconds_todatetime",
                                    "unixtime_seconds_todatetime",
                                    "url_decode",
                                    "url_encode",
                                    "url_encode_component",
                                    "week_of_year",
                                    "welch_test",
                                    "zip",
                                    "zlib_compress_to_base64_string",
                                    "zlib_decompress_from_base64_string"};

bool kql_function_is_known(struct text name)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (is(name, known[i]))
            return true;
    return false;
}

struct kql_name *kql_bind_parameters(struct kql_binder *binder, const struct kql_name *lambda,
                                     const struct kql_node *call, struct kql_name *scope, const struct kql_row *row)
{
    static struct kql_name none = {.is_bound = true}; /* the end of all scopes of a lambda without parameters */
    struct kql_name *inner = lambda->scope != NULL ? lambda->scope : &none;
    const struct kql_node *argument = call->kind == KQL_CALL ? call->first : NULL;
    for (const struct kql_node *it = lambda->node->first; it != NULL && it->kind == KQL_TYPE; it = it->next) {
        const struct kql_node *fallback = it->first != NULL ? it->first->next : NULL;
        const struct kql_node *given = argument;
        if (given == NULL && fallback == NULL) {
            kql_faults_add(binder->faults, call->place, "K121", "\"%.*s\" needs an argument for \"%.*s\"",
                           KQL_NAME(call->text), KQL_NAME(it->text));
            return NULL;
        }
        struct kql_name *name = kql_alloc(binder, 1, sizeof *name);
        if (name == NULL)
            return NULL;
        *name = (struct kql_name){.name = it->text,
                                  .node = given != NULL ? given : fallback,
                                  .scope = given != NULL ? scope : lambda->scope,
                                  .row = given != NULL ? row : NULL,
                                  .outer = inner};
        if (given != NULL && given->kind == KQL_ASSIGN)
            name->node = given->first;
        inner = name;
        argument = argument != NULL ? argument->next : NULL;
    }
    if (argument != NULL) {
        kql_faults_add(binder->faults, argument->place, "K121", "\"%.*s\" takes fewer arguments", KQL_NAME(call->text));
        return NULL;
    }
    return inner;
}

struct kql_name *kql_bind_statements(struct kql_binder *binder, const struct kql_node *query, struct kql_name *scope)
{
    for (const struct kql_node *it = query->first; it != NULL; it = it->next) {
        if (it->kind != KQL_LET || it->first == NULL)
            continue;
        struct kql_name *name = kql_alloc(binder, 1, sizeof *name);
        if (name == NULL)
            return scope;
        *name = (struct kql_name){.name = it->text, .node = it->first, .scope = scope, .outer = scope};
        scope = name;
    }
    return scope;
}

/* A lambda of the query, called for a value. */
static struct kql_value call_lambda(struct kql_binder *binder, const struct kql_name *lambda,
                                    const struct kql_node *call, struct kql_name *scope, const struct kql_row *row)
{
    struct kql_name *inner = kql_bind_parameters(binder, lambda, call, scope, row);
    const struct kql_node *body = lambda->node->last;
    if (inner == NULL || body == NULL || body->kind != KQL_QUERY || body->last == NULL)
        return kql_value_failed();
    inner = kql_bind_statements(binder, body, inner);
    return kql_bind(binder, inner, NULL, body->last);
}

/* column_ifexists("X", otherwise) */
static struct kql_value column_if_exists(struct kql_binder *binder, struct kql_name *scope, const struct kql_row *row,
                                         const struct kql_node *node)
{
    if (node->count != 2) {
        kql_faults_add(binder->faults, node->place, "K121", "column_ifexists takes a column's name and a value");
        return kql_value_failed();
    }
    struct kql_value name = kql_bind(binder, scope, NULL, node->first), value;
    struct text text = kql_value_text(&name);
    if (text.bytes == NULL) {
        if (name.what != KQL_IS_FAILED)
            kql_faults_add(binder->faults, node->first->place, "K122", "the column's name must be a constant");
        return kql_value_failed();
    }
    if (row != NULL && kql_row_has(row, text) && kql_row_find(binder, row, text, node->place, &value))
        return value;
    return kql_bind(binder, scope, row, node->first->next);
}

/* What stays a moment: startofday(now()), bin(ago(1d), 1h), ... */
static void keep_moment(struct text name, const struct kql_value *args, size_t count, struct kql_value *out)
{
    static const char *const keeping[] = {"startofday", "startofweek", "startofmonth", "startofyear",
                                          "bin",        "floor",       "todatetime",   "endofday",
                                          "endofweek",  "endofmonth",  "endofyear"};
    if (is(name, "now") || is(name, "ago")) {
        const struct value *span = count == 1 ? expr_constant_value(args[0].expr) : NULL;
        out->is_now = true;
        out->is_offset_known = count == 0 || (span != NULL && !span->is_null && span->type == VALUE_TIMESPAN);
        if (count == 1 && out->is_offset_known)
            out->offset = is(name, "ago") ? -span->number : span->number;
        return;
    }
    if (count == 0 || !args[0].is_now)
        return;
    for (size_t i = 0; i < sizeof keeping / sizeof keeping[0]; i++)
        if (is(name, keeping[i])) {
            out->is_now = true;
            out->is_offset_known = args[0].is_offset_known;
            bool is_end = name.len > 3 && memcmp(name.bytes, "end", 3) == 0;
            out->offset = is_end || is(name, "todatetime") ? args[0].offset : args[0].offset - 1;
        }
}

/* What our own readings of EventData make of a function. False: nothing. */
static bool call_on_event_data(struct text name, const struct kql_value *args, size_t count, struct kql_value *out)
{
    if (count < 1)
        return false;
    enum kql_what what = args[0].what;
    bool is_json = is(name, "parse_json") || is(name, "parsejson") || is(name, "todynamic") || is(name, "toobject");
    *out = args[0];
    if (what == KQL_IS_XML && is(name, "parse_xml")) {
        out->what = KQL_IS_XML_ROOT;
        return true;
    }
    if (what == KQL_IS_BAG)
        return is_json;
    return what >= KQL_IS_XML_ROOT && (is_json || is(name, "tostring"));
}

static bool has_function(struct text name)
{
    struct expr_entry entry;
    for (size_t i = 0; expr_entry_at(&entry, i); i++)
        if (is(name, entry.name))
            return true;
    return false;
}

struct kql_value kql_bind_call(struct kql_binder *binder, struct kql_name *scope, const struct kql_row *row,
                               const struct kql_node *node)
{
    struct kql_name *lambda = kql_bind_find(scope, node->text);
    if (lambda != NULL && lambda->node != NULL && lambda->node->kind == KQL_LAMBDA)
        return call_lambda(binder, lambda, node, scope, row);
    if (is(node->text, "column_ifexists") || is(node->text, "columnifexists"))
        return column_if_exists(binder, scope, row, node);
    if (is(node->text, "toscalar")) {
        kql_faults_add(binder->faults, node->place, "K301", "toscalar() is a figure over other events; not supported");
        return kql_value_failed();
    }
    if (is(node->text, "arraylength")) {
        kql_faults_add(binder->faults, node->place, "K120",
                       "there is no function \"arraylength\"; did you mean "
                       "\"array_length\"?");
        return kql_value_failed();
    }
    struct kql_value args[MAX_ARGUMENTS], out;
    size_t count = 0;
    bool is_plain = true;
    for (const struct kql_node *child = node->first; child != NULL; child = child->next) {
        if (count == MAX_ARGUMENTS) {
            kql_faults_add(binder->faults, child->place, "K105", "more than %d arguments", MAX_ARGUMENTS);
            return kql_value_failed();
        }
        if (child->kind == KQL_STAR)
            continue;
        args[count] = kql_bind(binder, scope, row, child->kind == KQL_ASSIGN ? child->first : child);
        is_plain &= args[count].what == KQL_IS_VALUE || args[count].what == KQL_IS_BAG;
        count++;
    }
    if (call_on_event_data(node->text, args, count, &out) ||
        (binder->is_aggregate && kql_summarize_call(binder, node, args, count, &out)))
        return out;
    if (!is_plain && !has_function(node->text)) {
        kql_value_no_function(binder, node->text, node->place, NULL);
        return kql_value_failed();
    }
    out = kql_value_text_call(binder, node->text, args, count, node->place);
    if (out.what == KQL_IS_VALUE)
        keep_moment(node->text, args, count, &out);
    if (out.what == KQL_IS_VALUE && is(node->text, "tostring"))
        out.is_loose = args[0].is_loose;
    if (out.what == KQL_IS_AGGREGATE)
        out.is_monotone = false;
    return out;
}

/* Data1, Data2, ...: the event's data by its place, from 1; for events whose data has no names. */
static bool is_position(struct text name, unsigned *out)
{
    uint32_t number;
    if (name.len < 5 || name.len > 7 || memcmp(name.bytes, "Data", 4) != 0 || name.bytes[4] == '0' ||
        !event_pid_parse(&number, (struct text){name.bytes + 4, name.len - 4}) || number < 1)
        return false;
    *out = number - 1;
    return true;
}

/* A step from our own readings of EventData. False: none of them. */
static bool step(struct kql_binder *binder, const struct kql_value *object, struct text name, const struct value *index,
                 struct expr_place place, struct kql_value *out)
{
    unsigned position;
    *out = *object;
    switch (object->what) {
    case KQL_IS_BAG:
        if (name.bytes == NULL)
            return false;
        *out = is_position(name, &position)
                   ? kql_value_column(binder, column_of_position(binder->columns, position), name, place)
                   : kql_value_data(binder, name, place);
        out->is_loose = true;
        return true;
    case KQL_IS_XML_ROOT:
        if (is(name, "Data"))
            out->what = KQL_IS_XML_LIST;
        else if (!is(name, "DataItem") && !is(name, "EventData") && !is(name, "UserData"))
            *out = kql_value_not_here(binder, place, "of EventData's XML only DataItem.EventData.Data can be read");
        return true;
    case KQL_IS_XML_LIST:
        if (index != NULL && (index->type == VALUE_LONG || index->type == VALUE_INT) && index->number >= 0) {
            out->what = KQL_IS_XML_ITEM;
            out->is_offset_known = true;
            out->offset = index->number;
            return true;
        }
        out->what = KQL_IS_XML_ITEM; /* .["@Name"] of the list after mv-expand under the same name */
        return step(binder, out, name, index, place, out);
    case KQL_IS_XML_ITEM:
        if (is(name, "#text") && object->is_offset_known) {
            position = object->offset < 4096 ? (unsigned)object->offset : 4096;
            *out = kql_value_column(binder, column_of_position(binder->columns, position), text_from("EventData.Data"),
                                    place);
            out->is_loose = true;
        } else if (is(name, "#text")) {
            out->what = KQL_IS_XML_TEXT;
        } else if (is(name, "@Name") && !object->is_offset_known) {
            out->what = KQL_IS_XML_NAME;
        } else {
            *out = kql_value_not_here(binder, place, "of an element of EventData only [\"#text\"] can be read");
        }
        return true;
    default:
        return false;
    }
}

struct kql_value kql_bind_member(struct kql_binder *binder, struct kql_name *scope, const struct kql_row *row,
                                 const struct kql_node *node)
{
    struct kql_value args[2], out;
    args[0] = kql_bind(binder, scope, row, node->first);
    if (node->kind == KQL_MEMBER) {
        if (step(binder, &args[0], node->text, NULL, node->place, &out))
            return out;
        args[1] = kql_value_constant(binder, value_string(node->text), node->place);
        return kql_value_call(binder, ".", args, 2, node->place);
    }
    if (node->first == NULL)
        return kql_value_failed();
    args[1] = kql_bind(binder, scope, row, node->first->next);
    const struct value *index = args[1].what == KQL_IS_VALUE ? expr_constant_value(args[1].expr) : NULL;
    if (index != NULL && step(binder, &args[0], kql_value_text(&args[1]), index, node->place, &out))
        return out;
    return kql_value_call(binder, "[]", args, 2, node->place);
}
