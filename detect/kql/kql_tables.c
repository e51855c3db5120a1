#include "detect/kql/kql_columns.h"
#include "detect/kql/kql_fault.h"

/* Whose account an event is about: the one that logged on, else the one that did it. */
#define IS_LOGON "EventID in (4624, 4625, 4634, 4647, 4648, 4768, 4769, 4771, 4776)"
#define ACCOUNT_NAME "iff(" IS_LOGON ", TargetUserName, SubjectUserName)"
#define ACCOUNT_DOMAIN "iff(" IS_LOGON ", TargetDomainName, SubjectDomainName)"
#define ACCOUNT(domain, name) "strcat(" domain ", '\\\\', " name ")"
#define NAME_OF(path) "tostring(split(" path ", '\\\\')[-1])"

#define LEVEL_NAME                                                                                                     \
    "case($level == '1', 'Critical', $level == '2', 'Error', $level == '3', 'Warning', $level == '5', 'Verbose', "     \
    "'Information')"

static const struct kql_table_column security[] = {
    SYSTEM(TimeGenerated, DATETIME, TIME),
    SYSTEM(EventID, INT, EVENT_ID),
    FIELD(Computer, COMPUTER),
    FIELD(Channel, CHANNEL),
    FIELD(EventSourceName, PROVIDER),
    TEXT(Type, "SecurityEvent"),
    KQL(Level, STRING, "$level"),
    KQL(EventRecordId, STRING, "tostring($record_id)"),
    KQL(Task, INT, "toint($task)"),
    KQL(Version, INT, "toint($version)"),
    KQL(Opcode, STRING, "$opcode"),
    KQL(Keywords, STRING, "$keywords"),
    KQL(Correlation, STRING, "$activity_id"),
    KQL(SystemProcessId, INT, "toint($logger_pid)"),
    KQL(SystemThreadId, INT, "toint($logger_tid)"),
    KQL(SystemUserId, STRING, "$logger_sid"),
    KQL(EventLevelName, STRING, LEVEL_NAME),
    COLUMN(EventData, STRING, XML, 0, NULL),
    FIELD(CommandLine, COMMAND_LINE),
    FIELD(NewProcessName, IMAGE),
    FIELD(ParentProcessName, PARENT_IMAGE),
    DATA(NewProcessId),
    DATA(MandatoryLabel),
    KQL_4688(Process, "iff(EventID == 4688, " NAME_OF("NewProcessName") ", " NAME_OF("ProcessName") ")",
             NAME_OF("NewProcessName")),
    KQL_4688(AccountName, ACCOUNT_NAME, "SubjectUserName"),
    KQL_4688(AccountDomain, ACCOUNT_DOMAIN, "SubjectDomainName"),
    KQL_4688(Account, ACCOUNT(ACCOUNT_DOMAIN, ACCOUNT_NAME), ACCOUNT("SubjectDomainName", "SubjectUserName")),
    KQL_4688(AccountType, "iff(" ACCOUNT_NAME " endswith '$', 'Machine', 'User')",
             "iff(SubjectUserName endswith '$', 'Machine', 'User')"),
    KQL(SubjectAccount, STRING, "strcat(SubjectDomainName, '\\\\', SubjectUserName)"),
    KQL(TargetAccount, STRING, "strcat(TargetDomainName, '\\\\', TargetUserName)"),
    DATA(AccessMask),
    DATA(AccountExpires),
    DATA(AccountSessionIdentifier),
    DATA(AdditionalInfo),
    DATA(AdditionalInfo2),
    DATA(AllowedToDelegateTo),
    DATA(Attributes),
    DATA(AuditPolicyChanges),
    DATA_INT(AuditsDiscarded),
    DATA_INT(AuthenticationLevel),
    DATA(AuthenticationPackageName),
    DATA(AuthenticationProvider),
    DATA(AuthenticationServer),
    DATA_INT(AuthenticationService),
    DATA(AuthenticationType),
    DATA(CACertificateHash),
    DATA(CalledStationID),
    DATA(CallerProcessId),
    DATA(CallerProcessName),
    DATA(CallingStationID),
    DATA(CAPublicKeyHash),
    DATA(CategoryId),
    DATA(CertificateDatabaseHash),
    DATA(ClassId),
    DATA(ClassName),
    DATA(ClientAddress),
    DATA(ClientIPAddress),
    DATA(ClientName),
    DATA(CompatibleIds),
    DATA(DCDNSName),
    DATA(DeviceDescription),
    DATA(DeviceId),
    DATA(DisplayName),
    DATA(Disposition),
    DATA(DomainBehaviorVersion),
    DATA(DomainName),
    DATA(DomainPolicyChanged),
    DATA(DomainSid),
    DATA(EAPType),
    DATA(ElevatedToken),
    DATA_INT(ErrorCode),
    DATA(ExtendedQuarantineState),
    DATA(FailureReason),
    DATA(FileHash),
    DATA(FilePath),
    DATA(FilePathNoUser),
    DATA(Filter),
    DATA(ForceLogoff),
    DATA(Fqbn),
    DATA(FullyQualifiedSubjectMachineName),
    DATA(FullyQualifiedSubjectUserName),
    DATA(GroupMembership),
    DATA(HandleId),
    DATA(HardwareIds),
    DATA(HomeDirectory),
    DATA(HomePath),
    DATA(ImpersonationLevel),
    DATA(InterfaceUuid),
    DATA(IpAddress),
    DATA(IpPort),
    DATA_INT(KeyLength),
    DATA(LmPackageName),
    DATA(LocationInformation),
    DATA(LockoutDuration),
    DATA(LockoutObservationWindow),
    DATA(LockoutThreshold),
    DATA(LoggingResult),
    DATA(LogonGuid),
    DATA(LogonHours),
    DATA(LogonID),
    DATA(LogonProcessName),
    DATA_INT(LogonType),
    DATA(LogonTypeName),
    DATA(MachineAccountQuota),
    DATA(MachineInventory),
    DATA(MachineLogon),
    DATA(MemberName),
    DATA(MemberSid),
    DATA(MinPasswordAge),
    DATA(MaxPasswordAge),
    DATA(MinPasswordLength),
    DATA(MixedDomainMode),
    DATA(NASIdentifier),
    DATA(NASIPv4Address),
    DATA(NASIPv6Address),
    DATA(NASPort),
    DATA(NASPortType),
    DATA(NetworkPolicyName),
    DATA(NewDate),
    DATA(NewMaxUsers),
    DATA(NewRemark),
    DATA(NewShareFlags),
    DATA(NewTime),
    DATA(NewUacValue),
    DATA(NewValue),
    DATA(NewValueType),
    DATA(ObjectName),
    DATA(ObjectServer),
    DATA(ObjectType),
    DATA(ObjectValueName),
    DATA(OemInformation),
    DATA(OldMaxUsers),
    DATA(OldRemark),
    DATA(OldShareFlags),
    DATA(OldUacValue),
    DATA(OldValue),
    DATA(OldValueType),
    DATA(OperationType),
    DATA(PackageName),
    DATA(PasswordHistoryLength),
    DATA(PasswordLastSet),
    DATA(PasswordProperties),
    DATA(PreviousDate),
    DATA(PreviousTime),
    DATA(PrimaryGroupId),
    DATA(PrivateKeyUsageCount),
    DATA(PrivilegeList),
    DATA(ProcessId),
    DATA(ProcessName),
    DATA(ProfilePath),
    DATA(Properties),
    DATA(ProtocolSequence),
    DATA(ProxyPolicyName),
    DATA(QuarantineHelpURL),
    DATA(QuarantineSessionID),
    DATA(QuarantineSessionIdentifier),
    DATA(QuarantineState),
    DATA(QuarantineSystemHealthResult),
    DATA(RelativeTargetName),
    DATA(RemoteIpAddress),
    DATA(RemotePort),
    DATA(Requester),
    DATA(RequestId),
    DATA(RestrictedAdminMode),
    DATA(RowsDeleted),
    DATA(SamAccountName),
    DATA(ScriptPath),
    DATA(SecurityDescriptor),
    DATA(ServiceAccount),
    DATA(ServiceFileName),
    DATA(ServiceName),
    DATA_INT(ServiceStartType),
    DATA(ServiceType),
    DATA(SessionName),
    DATA(ShareLocalPath),
    DATA(ShareName),
    DATA(SidHistory),
    DATA(Status),
    DATA(StorageAccount),
    DATA(SubcategoryGuid),
    DATA(SubcategoryId),
    DATA(Subject),
    DATA(SubjectKeyIdentifier),
    DATA(SubjectLogonId),
    DATA(SubjectDomainName),
    DATA(SubjectUserName),
    DATA(SubjectUserSid),
    DATA(SubjectMachineName),
    DATA(SubjectMachineSID),
    DATA(SubStatus),
    DATA(TableId),
    DATA(TargetDomainName),
    DATA(TargetInfo),
    DATA(TargetLinkedLogonId),
    DATA(TargetLogonGuid),
    DATA(TargetLogonId),
    DATA(TargetOutboundDomainName),
    DATA(TargetOutboundUserName),
    DATA(TargetServerName),
    DATA(TargetSid),
    DATA(TargetUser),
    DATA(TargetUserName),
    DATA(TargetUserSid),
    DATA(TaskContent),
    DATA(TaskName),
    DATA(TemplateContent),
    DATA(TemplateDSObjectFQDN),
    DATA(TemplateInternalName),
    DATA(TemplateOID),
    DATA(TemplateSchemaVersion),
    DATA(TemplateVersion),
    DATA(TokenElevationType),
    DATA(TransmittedServices),
    DATA(UserAccountControl),
    DATA(UserParameters),
    DATA(UserPrincipalName),
    DATA(UserWorkstations),
    DATA(VirtualAccount),
    DATA(VendorIds),
    DATA(Workstation),
    DATA(WorkstationName),
    NOTHING(AzureDeploymentID, STRING),
    NOTHING(ManagementGroupName, STRING),
    NOTHING(MG, STRING),
    NOTHING(PartitionKey, STRING),
    NOTHING(RowKey, STRING),
    NOTHING(SourceComputerId, STRING),
    NOTHING(SourceSystem, STRING),
    NOTHING(TenantId, STRING),
    NOTHING(TimeCollected, DATETIME),
    NOTHING(_ResourceId, STRING),
    NOTHING(_SubscriptionId, STRING),
    NOTHING(_ItemId, STRING),
    NOTHING(Activity, STRING)};

static const struct kql_table_column windows[] = {SYSTEM(TimeGenerated, DATETIME, TIME),
                                                  SYSTEM(EventID, INT, EVENT_ID),
                                                  FIELD(Computer, COMPUTER),
                                                  FIELD(Channel, CHANNEL),
                                                  FIELD(Provider, PROVIDER),
                                                  TEXT(Type, "WindowsEvent"),
                                                  KQL(EventLevel, INT, "toint($level)"),
                                                  KQL(EventRecordId, STRING, "tostring($record_id)"),
                                                  KQL(Task, INT, "toint($task)"),
                                                  KQL(Version, INT, "toint($version)"),
                                                  KQL(Opcode, STRING, "$opcode"),
                                                  KQL(Keywords, STRING, "$keywords"),
                                                  KQL(Correlation, STRING, "$activity_id"),
                                                  KQL(SystemProcessId, INT, "toint($logger_pid)"),
                                                  KQL(SystemThreadId, INT, "toint($logger_tid)"),
                                                  KQL(SystemUserId, STRING, "$logger_sid"),
                                                  KQL(EventLevelName, STRING, LEVEL_NAME),
                                                  COLUMN(EventData, DYNAMIC, BAG, COLUMN_EVENT_DATA, NULL),
                                                  NOTHING(EventOriginId, STRING),
                                                  NOTHING(ManagementGroupName, STRING),
                                                  NOTHING(MG, STRING),
                                                  NOTHING(RawEventData, STRING),
                                                  NOTHING(SourceComputerId, STRING),
                                                  NOTHING(SourceSystem, STRING),
                                                  NOTHING(TenantId, STRING),
                                                  NOTHING(UserName, STRING),
                                                  NOTHING(TimeCreated, DATETIME),
                                                  NOTHING(_ResourceId, STRING),
                                                  NOTHING(_SubscriptionId, STRING),
                                                  NOTHING(_ItemId, STRING),
                                                  NOTHING(Data, DYNAMIC)};

static const struct kql_table_column event[] = {SYSTEM(TimeGenerated, DATETIME, TIME),
                                                SYSTEM(EventID, INT, EVENT_ID),
                                                FIELD(Computer, COMPUTER),
                                                FIELD(EventLog, CHANNEL),
                                                FIELD(Source, PROVIDER),
                                                TEXT(Type, "Event"),
                                                KQL(EventLevel, INT, "toint($level)"),
                                                KQL(EventLevelName, STRING, LEVEL_NAME),
                                                KQL(EventCategory, INT, "toint($task)"),
                                                COLUMN(EventData, STRING, XML, 0, NULL),
                                                NOTHING(AzureDeploymentID, STRING),
                                                NOTHING(ManagementGroupName, STRING),
                                                NOTHING(MG, STRING),
                                                NOTHING(Message, STRING),
                                                NOTHING(ParameterXml, STRING),
                                                NOTHING(RenderedDescription, STRING),
                                                NOTHING(Role, STRING),
                                                NOTHING(SourceSystem, STRING),
                                                NOTHING(TenantId, STRING),
                                                NOTHING(UserName, STRING),
                                                NOTHING(_ResourceId, STRING),
                                                NOTHING(_SubscriptionId, STRING),
                                                NOTHING(_ItemId, STRING)};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NAME(name)                                                                                                     \
    {                                                                                                                  \
        (name), sizeof(name) - 1                                                                                       \
    }

static const struct kql_table tables[] = {{NAME("SecurityEvent"), KQL_SECURITY_EVENT, security, COUNT(security)},
                                          {NAME("WindowsEvent"), KQL_WINDOWS_EVENT, windows, COUNT(windows)},
                                          {NAME("Event"), KQL_EVENT, event, COUNT(event)}};

static bool begins(struct text name, const char *with)
{
    return name.len >= strlen(with) && memcmp(name.bytes, with, strlen(with)) == 0;
}

/* imProcessCreate, imProcess, _Im_ProcessEvent, _ASim_ProcessEvent_CreateMicrosoftSysmon, ASimProcessEventLogs, ... */
static bool is_asim_process(struct text name)
{
    static const char *const prefixes[] = {"imProcess", "_Im_Process", "_ASim_Process", "ASimProcess", "vimProcess"};
    for (size_t i = 0; i < COUNT(prefixes); i++)
        if (begins(name, prefixes[i])) {
            for (size_t at = strlen(prefixes[i]); at + 9 <= name.len; at++)
                if (memcmp(name.bytes + at, "Terminate", 9) == 0)
                    return false; /* the end of a process is no event here */
            return true;
        }
    return false;
}

const struct kql_table *kql_table_find(struct text name)
{
    for (size_t i = 0; i < COUNT(tables); i++)
        if (text_equal(tables[i].name, name))
            return &tables[i];
    if (text_equal(kql_table_device.name, name))
        return &kql_table_device;
    return is_asim_process(name) ? &kql_table_asim : NULL;
}

/* Tables of Sentinel and Defender that hold no Windows events that are read here. */
static const char *const elsewhere[] = {"AADManagedIdentitySignInLogs",
                                        "AADNonInteractiveUserSignInLogs",
                                        "AADServicePrincipalSignInLogs",
                                        "Alert",
                                        "AlertEvidence",
                                        "AlertInfo",
                                        "Anomalies",
                                        "AuditLogs",
                                        "AWSCloudTrail",
                                        "AzureActivity",
                                        "AzureDiagnostics",
                                        "AzureMetrics",
                                        "BehaviorAnalytics",
                                        "CloudAppEvents",
                                        "CommonSecurityLog",
                                        "ConfigurationChange",
                                        "ConfigurationData",
                                        "DeviceEvents",
                                        "DeviceFileCertificateInfo",
                                        "DeviceFileEvents",
                                        "DeviceImageLoadEvents",
                                        "DeviceInfo",
                                        "DeviceLogonEvents",
                                        "DeviceNetworkEvents",
                                        "DeviceNetworkInfo",
                                        "DeviceRegistryEvents",
                                        "DnsEvents",
                                        "EmailAttachmentInfo",
                                        "EmailEvents",
                                        "EmailPostDeliveryEvents",
                                        "EmailUrlInfo",
                                        "Heartbeat",
                                        "IdentityDirectoryEvents",
                                        "IdentityInfo",
                                        "IdentityLogonEvents",
                                        "IdentityQueryEvents",
                                        "OfficeActivity",
                                        "Operation",
                                        "Perf",
                                        "ProtectionStatus",
                                        "SecurityAlert",
                                        "SecurityIncident",
                                        "SigninLogs",
                                        "Syslog",
                                        "ThreatIntelligenceIndicator",
                                        "ThreatIntelIndicators",
                                        "Update",
                                        "UrlClickEvents",
                                        "Usage",
                                        "VMConnection",
                                        "VMProcess",
                                        "W3CIISLog",
                                        "WindowsFirewall",
                                        "WireData",
                                        "SysmonEvent"};

bool kql_table_is_elsewhere(struct text name)
{
    static const char *const prefixes[] = {"im",  "_Im_", "_ASim_", "ASim", "vim",
                                           "AAD", "AWS",  "Azure",  "GCP",  "Device"};
    for (size_t i = 0; i < COUNT(elsewhere); i++)
        if (text_equal(name, text_from(elsewhere[i])))
            return true;
    for (size_t i = 0; i < COUNT(prefixes); i++)
        if (begins(name, prefixes[i]) && kql_table_nearest(name).bytes == NULL)
            return true;
    return name.len > 3 && memcmp(name.bytes + name.len - 3, "_CL", 3) == 0; /* somebody's own log */
}

struct text kql_table_nearest(struct text word)
{
    static const struct text names[] = {NAME("SecurityEvent"),   NAME("WindowsEvent"),
                                        NAME("Event"),           NAME("DeviceProcessEvents"),
                                        NAME("imProcessCreate"), NAME("_Im_ProcessCreate")};
    return kql_nearest(word, names, COUNT(names), sizeof names[0]);
}

const struct kql_table_column *kql_table_column(const struct kql_table *table, struct text name)
{
    for (size_t i = 0; i < table->count; i++)
        if (text_equal(table->columns[i].name, name))
            return &table->columns[i];
    return NULL;
}
