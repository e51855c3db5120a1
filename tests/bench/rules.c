/*
 * rules COUNT FILE: what a scan costs with COUNT rules (1 to 50) of the shape of ours, on a file of event XML. Prints
 * the process creations and those that match.
 */
#include "collectors/files/replay.h"
#include "detect/rule/rule_set.h"
#include "detect/rules/rule_file.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_RULES 50

/* A cmdlet and one of its parameters, as Exchange and Windows have them; the third term is "add" for all. */
static const char *const terms[MAX_RULES][3] = {
    {"Set-CASMailbox", "ActiveSyncAllowedDeviceIDs", "add"},
    {"Set-Mailbox", "ForwardingSmtpAddress", "add"},
    {"Set-Mailbox", "DeliverToMailboxAndForward", "add"},
    {"Set-Mailbox", "GrantSendOnBehalfTo", "add"},
    {"Set-CASMailbox", "ActiveSyncBlockedDeviceIDs", "add"},
    {"New-InboxRule", "ForwardAsAttachmentTo", "add"},
    {"New-InboxRule", "StopProcessingRules", "add"},
    {"New-TransportRule", "BlindCopyTo", "add"},
    {"New-TransportRule", "RedirectMessageTo", "add"},
    {"Add-MailboxPermission", "AutoMapping", "add"},
    {"Add-RoleGroupMember", "BypassSecurityGroupManagerCheck", "add"},
    {"New-ManagementRoleAssignment", "RecipientWriteScope", "add"},
    {"Set-OrganizationConfig", "OAuth2ClientProfileEnabled", "add"},
    {"Set-MailboxAuditBypassAssociation", "AuditBypassEnabled", "add"},
    {"Set-AdminAuditLogConfig", "AdminAuditLogEnabled", "add"},
    {"Remove-ManagementRoleAssignment", "SetScopeRoleOnly", "add"},
    {"New-MailboxExportRequest", "IncludeFolders", "add"},
    {"New-MailboxSearch", "EstimateOnlyQuery", "add"},
    {"Set-OwaVirtualDirectory", "ExternalAuthenticationMethods", "add"},
    {"Set-ReceiveConnector", "PermissionGroups", "add"},
    {"Set-SendConnector", "SmartHostAuthMechanism", "add"},
    {"New-AcceptedDomain", "AuthenticationType", "add"},
    {"Set-RemoteDomain", "AutoForwardEnabled", "add"},
    {"Set-JournalRule", "JournalEmailAddress", "add"},
    {"Set-ADUser", "ServicePrincipalNames", "add"},
    {"Set-ADAccountControl", "DoesNotRequirePreAuth", "add"},
    {"Set-ADComputer", "PrincipalsAllowedToDelegateToAccount", "add"},
    {"Add-ADGroupMember", "PermissiveModifyGroup", "add"},
    {"New-ADServiceAccount", "PrincipalsAllowedToRetrieveManagedPassword", "add"},
    {"Set-ADDefaultDomainPasswordPolicy", "ReversibleEncryptionEnabled", "add"},
    {"Set-MpPreference", "DisableRealtimeMonitoring", "add"},
    {"Add-MpPreference", "ExclusionExtension", "add"},
    {"Set-NetFirewallProfile", "DefaultInboundAction", "add"},
    {"New-NetFirewallRule", "EdgeTraversalPolicy", "add"},
    {"Register-ScheduledTask", "RunLevelHighest", "add"},
    {"New-ScheduledTaskTrigger", "RepetitionInterval", "add"},
    {"Set-WmiInstance", "CommandLineEventConsumer", "add"},
    {"Register-WmiEvent", "MessageDataAction", "add"},
    {"Invoke-WebRequest", "UseBasicParsingProxy", "add"},
    {"Start-BitsTransfer", "TransferTypeUploadReply", "add"},
    {"Set-ItemProperty", "ShowSuperHiddenKey", "add"},
    {"New-PSSessionConfigurationFile", "RunAsVirtualAccountGroups", "add"},
    {"Enable-PSRemoting", "SkipNetworkProfileCheck", "add"},
    {"Set-ExecutionPolicy", "BypassUnrestrictedScope", "add"},
    {"New-SmbMapping", "TransportTypeQuicAlternate", "add"},
    {"Set-SmbServerConfiguration", "RejectUnencryptedAccess", "add"},
    {"Set-DnsServerResourceRecord", "OldInputObjectRecord", "add"},
    {"New-AzureADServicePrincipalKeyCredential", "CustomKeyIdentifier", "add"},
    {"Set-AzureADApplication", "RequiredResourceAccess", "add"},
    {"Set-MsolDomainFederationSettings", "ActiveLogOnUri", "add"},
};

static struct rule_set *set;
static struct rule_scratch *scratch;
static unsigned long long matched;

static int on_event(void *context, const struct event *event)
{
    const struct rule_match *matches;
    (void)context;
    matched += rule_set_match(set, event, 0, scratch, &matches) > 0;
    return 0;
}

static void on_report(void *context, const struct collector_report *report)
{
    (void)context;
    (void)report;
}

/* Adds rule number i. Returns 0 or a negative errno value. */
static int add(size_t i)
{
    char text[1024];
    struct rule *rule = NULL;
    const struct rule *other;
    struct notes notes = {.arena = NULL};
    snprintf(text, sizeof(text),
             "id: 00000000-0000-4000-8000-%012u\nname: bench\nseverity: Low\nquery: |\n  let words = dynamic([\"%s\", "
             "\"%s\", \"%s\"]);\n  union (SecurityEvent | where EventID == 4688 | where CommandLine has_all (words)),\n"
             "    (DeviceProcessEvents | where InitiatingProcessCommandLine has_all (words)),\n"
             "    (WindowsEvent | where EventID == 4688 | where tostring(EventData.CommandLine) has_all (words))\n",
             (unsigned)i, terms[i][0], terms[i][1], terms[i][2]);
    int rc = arena_new(&notes.arena, (size_t)4 << 20);
    if (rc == 0)
        rc = rule_file_compile(&rule, rule_set_columns(set), text_from(text), "bench", NULL, &notes);
    if (rc == 0)
        rc = rule_set_add(set, rule, &other);
    arena_free(notes.arena);
    return rc;
}

int main(int argc, char **argv)
{
    static const struct rule_set_options options = {.is_plain = false};
    size_t count = argc == 3 ? (size_t)strtoul(argv[1], NULL, 10) : 0;
    FILE *file = argc == 3 ? fopen(argv[2], "rb") : NULL;
    if (count < 1 || count > MAX_RULES || file == NULL) {
        fprintf(stderr, "usage: rules COUNT FILE\n");
        return 2;
    }
    struct replay_counts counts = {0};
    struct fault fault = {0};
    const struct collector_sink sink = {.event = on_event, .report = on_report};
    int rc = rule_set_new(&set);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = add(i);
    if (rc == 0)
        rc = rule_set_seal(set, &options);
    if (rc == 0)
        rc = rule_scratch_new(&scratch, set);
    if (rc == 0)
        rc = replay_file(file, text_from(argv[2]), &sink, set, &counts, &fault);
    printf("%llu process creations, %llu match\n", (unsigned long long)counts.events.process, matched);
    rule_scratch_free(scratch);
    rule_set_free(set);
    fclose(file);
    return rc == 0 ? 0 : 1;
}
