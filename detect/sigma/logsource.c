#include "detect/sigma/logsource.h"

#include "detect/base/suggest.h"

#include <errno.h>

#define ALL_KINDS (((uint64_t)1 << EVENT_KIND_COUNT) - 1)
#define BIT(kind) ((uint64_t)1 << (kind))
#define PROCESS_4688 (BIT(EVENT_SECURITY_4688) | BIT(EVENT_FORWARDED_4688))
#define PROCESS_KINDS (PROCESS_4688 | BIT(EVENT_SYSMON_1) | BIT(EVENT_ETW_PROCESS))

#define SYSMON "Microsoft-Windows-Sysmon/Operational"
#define POWERSHELL "Microsoft-Windows-PowerShell/Operational"
#define POWERSHELL_7 "PowerShellCore/Operational"
#define CLASSIC "Windows PowerShell"
#define DEFENDER "Microsoft-Windows-Windows Defender/Operational"

static const struct category {
    const char *name;
    const char *channels[2];
    uint32_t ids[4]; /* ended by 0 */
} categories[] = {
    {"process_creation", {SYSMON}, {1}}, /* and 4688, and ETW */
    {"file_change", {SYSMON}, {2}},
    {"network_connection", {SYSMON}, {3}},
    {"sysmon_status", {SYSMON}, {4, 16}},
    {"process_termination", {SYSMON}, {5}},
    {"driver_load", {SYSMON}, {6}},
    {"image_load", {SYSMON}, {7}},
    {"create_remote_thread", {SYSMON}, {8}},
    {"raw_access_thread", {SYSMON}, {9}},
    {"process_access", {SYSMON}, {10}},
    {"file_event", {SYSMON}, {11}},
    {"registry_event", {SYSMON}, {12, 13, 14}},
    {"registry_add", {SYSMON}, {12}},
    {"registry_delete", {SYSMON}, {12}},
    {"registry_set", {SYSMON}, {13}},
    {"registry_rename", {SYSMON}, {14}},
    {"create_stream_hash", {SYSMON}, {15}},
    {"pipe_created", {SYSMON}, {17, 18}},
    {"wmi_event", {SYSMON}, {19, 20, 21}},
    {"dns_query", {SYSMON}, {22}},
    {"file_delete", {SYSMON}, {23}},
    {"clipboard_capture", {SYSMON}, {24}},
    {"process_tampering", {SYSMON}, {25}},
    {"file_delete_detected", {SYSMON}, {26}},
    {"file_block_executable", {SYSMON}, {27}},
    {"file_block_shredding", {SYSMON}, {28}},
    {"file_executable_detected", {SYSMON}, {29}},
    {"sysmon_error", {SYSMON}, {255}},
    {"ps_classic_start", {CLASSIC}, {400}},
    {"ps_classic_provider_start", {CLASSIC}, {600}},
    {"ps_classic_script", {CLASSIC}, {800}},
    {"ps_module", {POWERSHELL, POWERSHELL_7}, {4103}},
    {"ps_script", {POWERSHELL, POWERSHELL_7}, {4104}},
    /* written by kernel sessions that this agent does not open */
    {"file_access", {NULL}, {0}},
    {"file_rename", {NULL}, {0}},
};
#define CATEGORIES (sizeof categories / sizeof categories[0])

static const struct service {
    const char *name;
    const char *channels[LOGSOURCE_MAX_CHANNELS];
} services[] = {
    {"application", {"Application"}},
    {"application-experience",
     {"Microsoft-Windows-Application-Experience/Program-Telemetry",
      "Microsoft-Windows-Application-Experience/Program-Compatibility-Assistant"}},
    {"applocker",
     {"Microsoft-Windows-AppLocker/MSI and Script", "Microsoft-Windows-AppLocker/EXE and DLL",
      "Microsoft-Windows-AppLocker/Packaged app-Deployment", "Microsoft-Windows-AppLocker/Packaged app-Execution"}},
    {"appmodel-runtime", {"Microsoft-Windows-AppModel-Runtime/Admin"}},
    {"appxdeployment-server", {"Microsoft-Windows-AppXDeploymentServer/Operational"}},
    {"appxpackaging-om", {"Microsoft-Windows-AppxPackaging/Operational"}},
    {"bitlocker", {"Microsoft-Windows-BitLocker/BitLocker Management"}},
    {"bits-client", {"Microsoft-Windows-Bits-Client/Operational"}},
    {"capi2", {"Microsoft-Windows-CAPI2/Operational"}},
    {"certificateservicesclient-lifecycle-system",
     {"Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational"}},
    {"codeintegrity-operational", {"Microsoft-Windows-CodeIntegrity/Operational"}},
    {"dhcp", {"Microsoft-Windows-DHCP-Server/Operational"}},
    {"diagnosis-scripted", {"Microsoft-Windows-Diagnosis-Scripted/Operational"}},
    {"dns-client", {"Microsoft-Windows-DNS Client Events/Operational", "Microsoft-Windows-DNS-Client/Operational"}},
    {"dns-server", {"DNS Server"}},
    {"dns-server-analytic", {"Microsoft-Windows-DNS-Server/Analytical"}},
    {"dns-server-audit", {"Microsoft-Windows-DNS-Server/Audit"}},
    {"driver-framework", {"Microsoft-Windows-DriverFrameworks-UserMode/Operational"}},
    {"firewall-as", {"Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"}},
    {"hyper-v-worker", {"Microsoft-Windows-Hyper-V-Worker", "Microsoft-Windows-Hyper-V-Worker-Admin"}},
    {"iis-configuration", {"Microsoft-IIS-Configuration/Operational"}},
    {"kernel-event-tracing", {"Microsoft-Windows-Kernel-EventTracing", "Microsoft-Windows-Kernel-EventTracing/Admin"}},
    {"kernel-shimengine",
     {"Microsoft-Windows-Kernel-ShimEngine/Operational", "Microsoft-Windows-Kernel-ShimEngine/Diagnostic"}},
    {"ldap", {"Microsoft-Windows-LDAP-Client/Debug"}},
    {"ldap_debug", {"Microsoft-Windows-LDAP-Client/Debug"}},
    {"lsa-server", {"Microsoft-Windows-LSA/Operational"}},
    {"microsoft-servicebus-client",
     {"Microsoft-ServiceBus-Client", "Microsoft-ServiceBus-Client/Operational", "Microsoft-ServiceBus-Client/Admin"}},
    {"msexchange-management", {"MSExchange Management"}},
    {"ntfs", {"Microsoft-Windows-Ntfs/Operational"}},
    {"ntlm", {"Microsoft-Windows-NTLM/Operational"}},
    {"openssh", {"OpenSSH/Operational"}},
    {"powershell", {POWERSHELL, POWERSHELL_7}},
    {"powershell-classic", {CLASSIC}},
    {"printservice-admin", {"Microsoft-Windows-PrintService/Admin"}},
    {"printservice-operational", {"Microsoft-Windows-PrintService/Operational"}},
    {"security", {"Security"}},
    {"security-mitigations",
     {"Microsoft-Windows-Security-Mitigations/KernelMode", "Microsoft-Windows-Security-Mitigations/UserMode",
      "Microsoft-Windows-Security-Mitigations/Kernel Mode", "Microsoft-Windows-Security-Mitigations/User Mode"}},
    {"sense", {"Microsoft-Windows-SENSE/Operational"}},
    {"servicebus-client", {"Microsoft-ServiceBus-Client/Operational", "Microsoft-ServiceBus-Client/Admin"}},
    {"shell-core", {"Microsoft-Windows-Shell-Core/Operational"}},
    {"smbclient-connectivity", {"Microsoft-Windows-SmbClient/Connectivity"}},
    {"smbclient-security", {"Microsoft-Windows-SmbClient/Security"}},
    {"smbserver-connectivity", {"Microsoft-Windows-SMBServer/Connectivity"}},
    {"sysmon", {SYSMON}},
    {"system", {"System"}},
    {"taskscheduler", {"Microsoft-Windows-TaskScheduler/Operational"}},
    {"terminalservices-localsessionmanager", {"Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"}},
    {"vhdmp", {"Microsoft-Windows-VHDMP/Operational"}},
    {"windefend", {DEFENDER}},
    {"wmi", {"Microsoft-Windows-WMI-Activity/Operational"}},
};
#define SERVICES (sizeof services / sizeof services[0])

static const struct category *find_category(struct text name)
{
    for (size_t i = 0; i < CATEGORIES; i++)
        if (text_equal(name, text_from(categories[i].name)))
            return &categories[i];
    return NULL;
}

static const struct service *find_service(struct text name)
{
    for (size_t i = 0; i < SERVICES; i++)
        if (text_equal(name, text_from(services[i].name)))
            return &services[i];
    return NULL;
}

/* Checks the keys; any others than these may stand there, but not what looks like one of these misspelt. */
static int check_keys(const struct node *map, struct notes *notes)
{
    static const char *const known[] = {"category", "product", "service", "definition"};
    int rc = 0;
    for (size_t i = 0; i < map->count; i++) {
        const struct node *key = &map->keys[i];
        size_t which = 0;
        while (which < 4 && !text_equal(key->text, text_from(known[which])))
            which++;
        if (which < 4) {
            if (map->items[i].type == NODE_SCALAR || which == 3)
                continue;
            notes_error(notes, map->items[i].place, "K012", "%s is one word", known[which]);
            rc = -EINVAL;
            continue;
        }
        const char *near = suggest_nearest(key->text.bytes, known, 4);
        if (near != NULL) {
            notes_error(notes, key->place, "K013", "'%s' is not a key of logsource; did you mean '%s'?",
                        key->text.bytes, near);
            rc = -EINVAL;
        } else {
            notes_warning(notes, key->place, "W432", "'%s' in logsource says nothing to this program", key->text.bytes);
        }
    }
    return rc;
}

static bool has_channel(const struct service *service, const char *channel)
{
    for (size_t i = 0; i < LOGSOURCE_MAX_CHANNELS; i++)
        if (service->channels[i] != NULL && channel != NULL && strcmp(service->channels[i], channel) == 0)
            return true;
    return false;
}

static void add_channels(struct logsource *source, const char *const *channels, size_t count,
                         const struct service *within)
{
    for (size_t i = 0; i < count; i++)
        if (channels[i] != NULL && (within == NULL || has_channel(within, channels[i])))
            source->channels[source->channel_count++] = channels[i];
}

/* The process creations that a service has; without one, all. */
static uint64_t process_kinds(const struct service *service)
{
    if (service == NULL)
        return PROCESS_KINDS;
    return (has_channel(service, SYSMON) ? BIT(EVENT_SYSMON_1) : 0) |
           (has_channel(service, "Security") ? PROCESS_4688 : 0);
}

static void fill(struct logsource *source, const struct category *category, const struct service *service)
{
    source->kinds = ALL_KINDS;
    source->is_served = true;
    if (category == &categories[0]) {
        source->is_process = true;
        source->kinds = process_kinds(service);
        source->is_served = source->kinds != 0;
        return;
    }
    if (category == NULL) {
        if (service != NULL)
            add_channels(source, service->channels, LOGSOURCE_MAX_CHANNELS, NULL);
        source->has_blanks = service != NULL && has_channel(service, DEFENDER);
        return;
    }
    add_channels(source, category->channels, 2, service);
    source->is_served = source->channel_count > 0;
    source->event_ids = category->ids;
    while (source->event_id_count < 4 && category->ids[source->event_id_count] != 0)
        source->event_id_count++;
}

static const char *nearest_name(struct text name, bool is_service)
{
    const char *names[SERVICES > CATEGORIES ? SERVICES : CATEGORIES];
    size_t count = is_service ? SERVICES : CATEGORIES;
    for (size_t i = 0; i < count; i++)
        names[i] = is_service ? services[i].name : categories[i].name;
    return suggest_nearest(name.bytes, names, count);
}

static void warn_unserved(const struct node *word, bool is_service, struct notes *notes)
{
    const char *near = nearest_name(word->text, is_service);
    notes_warning(notes, word->place, "W431", "no event here is of the %s '%.60s': the rule can never fire%s%s%s",
                  is_service ? "service" : "category", word->text.bytes, near == NULL ? "" : "; did you mean '",
                  near == NULL ? "" : near, near == NULL ? "" : "'?");
}

int logsource_read(struct logsource *out, const struct node *map, struct notes *notes)
{
    struct logsource source = {0};
    if (map == NULL || map->type != NODE_MAP) {
        notes_error(notes, map == NULL ? (struct expr_place){1, 1} : map->place, "K007",
                    "logsource must name a category, a product or a service");
        return -EINVAL;
    }
    if (check_keys(map, notes) != 0)
        return -EINVAL;
    const struct node *category = node_get(map, "category"), *service = node_get(map, "service");
    const struct node *product = node_get(map, "product");
    const struct node *name = category != NULL ? category : service != NULL ? service : product;
    if (name == NULL) {
        notes_error(notes, map->place, "K007", "logsource must name a category, a product or a service");
        return -EINVAL;
    }
    source.name = name->text;
    const struct category *known_category = category == NULL ? NULL : find_category(category->text);
    const struct service *known_service = service == NULL ? NULL : find_service(service->text);
    if (product != NULL && !text_equal(product->text, text_from("windows")))
        notes_warning(notes, product->place, "W431", "no event here is of the product '%.60s': the rule can never fire",
                      product->text.bytes);
    else if (category != NULL && known_category == NULL)
        warn_unserved(category, false, notes);
    else if (service != NULL && known_service == NULL)
        warn_unserved(service, true, notes);
    else {
        fill(&source, known_category, known_service);
        if (!source.is_served)
            notes_warning(notes, name->place, "W431",
                          "no event here is of this category and service: the rule can never fire");
    }
    *out = source;
    return 0;
}

bool logsource_lies_within(const struct node *rule, const struct node *filter)
{
    static const char *const keys[] = {"category", "product", "service"};
    for (size_t i = 0; i < 3; i++) {
        const struct node *wanted = node_get(filter, keys[i]), *is = node_get(rule, keys[i]);
        if (wanted != NULL && (is == NULL || !text_equal(is->text, wanted->text)))
            return false;
    }
    return true;
}
