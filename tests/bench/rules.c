/*
 * rules COUNT FILE: what a scan costs with COUNT rules (1 to 50) of the shape of ours, on a file of event XML. Prints
 * the process creations and those that match.
 */
#include "collectors/files/replay.h"
#include "detect/rule/rule.h"

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

static struct matcher *matcher;
static struct match matches[MAX_RULES];
static unsigned long long matched;

static int on_event(void *context, const struct event *event)
{
    (void)context;
    matched += matcher_match(matcher, event, matches) > 0;
    return 0;
}

static void on_report(void *context, const struct collector_report *report)
{
    (void)context;
    (void)report;
}

int main(int argc, char **argv)
{
    static struct rule rules[MAX_RULES];
    const struct rule *list[MAX_RULES];
    size_t count = argc == 3 ? (size_t)strtoul(argv[1], NULL, 10) : 0;
    FILE *file = argc == 3 ? fopen(argv[2], "rb") : NULL;
    if (count < 1 || count > MAX_RULES || file == NULL) {
        fprintf(stderr, "usage: rules COUNT FILE\n");
        return 2;
    }
    for (size_t i = 0; i < count; i++) {
        rules[i] = rule_email_access_active_sync;
        rules[i].terms = terms[i];
        list[i] = &rules[i];
    }
    struct replay_counts counts = {0};
    struct fault fault = {0};
    const struct collector_sink sink = {.event = on_event, .report = on_report};
    int rc = matcher_new(&matcher, list, count);
    if (rc == 0)
        rc = replay_file(file, text_from(argv[2]), &sink, matcher, &counts, &fault);
    printf("%llu process creations, %llu match\n", (unsigned long long)counts.events.process, matched);
    matcher_free(matcher);
    fclose(file);
    return rc == 0 ? 0 : 1;
}
