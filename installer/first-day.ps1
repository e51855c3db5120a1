<#
.SYNOPSIS
    What only a real Windows can tell about Tripline: runs the checks of docs/first-day-on-windows.md and prints a table.
.DESCRIPTION
    Windows PowerShell 5.1, no modules. Run it as an administrator on a host where Tripline is installed. It changes nothing:
    checks that would are left out, and named, unless -Change is given. Send the table back as it is; it holds no secret.
.PARAMETER Change
    Also run what changes something for a moment: one harmless process (selftest), a restart of the service, a larger
    Security log that is made small again, the agent's ETW session stopped. The number of the check says which.
.PARAMETER Newer
    Path of a newer tripline-X.msi: with -Change it is installed over this one (checks 1 and 2).
.PARAMETER Out
    Also write the table, as CSV, to this file.
.EXAMPLE
    powershell -ExecutionPolicy Bypass -File first-day.ps1 -Out first-day.csv
#>
param([switch]$Change, [string]$Newer, [string]$Out)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Continue'
$script:Rows = New-Object System.Collections.ArrayList

$Home64 = Join-Path $env:ProgramFiles 'Tripline'
$Program = Join-Path $Home64 'tripline.exe'
$Data = Join-Path $env:ProgramData 'Tripline'
$State = Join-Path $Data 'state'
if (-not (Test-Path $State) -and (Test-Path (Join-Path $Data 'tripline.db'))) { $State = $Data }
$Log = Join-Path $State 'tripline.log'

function Add-Row([string]$Number, [string]$What, [string]$Seen, [string]$Verdict) {
    $flat = ($Seen -replace '\s+', ' ').Trim()
    if ($flat.Length -gt 400) { $flat = $flat.Substring(0, 400) + '...' }
    [void]$script:Rows.Add([pscustomobject]@{ Check = $Number; What = $What; Verdict = $Verdict; Seen = $flat })
}

# Runs one check: its text is what was seen, and Test says whether that is what must be seen.
function Invoke-Check([string]$Number, [string]$What, [scriptblock]$Run, [scriptblock]$Test) {
    try { $seen = (& $Run 2>&1 | Out-String) } catch { $seen = "failed: $($_.Exception.Message)" }
    try { $good = [bool](& $Test $seen) } catch { $good = $false }
    $verdict = 'LOOK'
    if ($good) { $verdict = 'as expected' }
    Add-Row $Number $What $seen $verdict
}

# One that changes something.
function Invoke-Change([string]$Number, [string]$What, [scriptblock]$Run, [scriptblock]$Test) {
    if ($Change) { Invoke-Check $Number $What $Run $Test }
    else { Add-Row $Number $What 'not run: it changes something; -Change runs it' 'left out' }
}

function Get-LogLine([string]$Pattern) {
    if (-not (Test-Path $Log)) { return '' }
    (Select-String -Path "$Log*" -Pattern $Pattern | Select-Object -Last 3 | ForEach-Object { $_.Line }) -join ' | '
}

$identity = New-Object Security.Principal.WindowsPrincipal([Security.Principal.WindowsIdentity]::GetCurrent())
if (-not $identity.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
    Write-Error 'run it as an administrator'
    exit 2
}
if (-not (Test-Path $Program)) {
    Write-Error "$Program is not there: install Tripline first"
    exit 2
}

$os = Get-CimInstance Win32_OperatingSystem
Add-Row '0' 'system' "$($os.Caption) $($os.Version), $($os.OSLanguage), role $((Get-CimInstance Win32_ComputerSystem).DomainRole)" 'for the record'
Invoke-Check '0' 'version' { & $Program version } { param($s) $s -match 'tripline' }

# The service.
Invoke-Check '4' 'the service runs, under its own account' { sc.exe query Tripline; sc.exe qc Tripline } {
    param($s) $s -match 'RUNNING' -and $s -match 'NT SERVICE\\Tripline|LocalSystem' -and $s -match '"[^"]+tripline\.exe"\s+service' }
Invoke-Check '4' 'it reads Security (T2001), nothing is denied (T2003)' { Get-LogLine ' T2001 Security| T2003 ' } {
    param($s) $s -match 'T2001 Security' -and $s -notmatch 'T2003' }
Invoke-Check '4' 'rights that the process has (T1101)' { Get-LogLine ' T1101 ' } { param($s) $s -match 'SeChangeNotifyPrivilege' }
Invoke-Check '4' 'member of Event Log Readers, by SID' {
    $group = ([Security.Principal.SecurityIdentifier]'S-1-5-32-573').Translate([Security.Principal.NTAccount]).Value.Split('\')[-1]
    net.exe localgroup $group } { param($s) $s -match 'Tripline' }
Invoke-Check '4' 'required privileges, service SID, failure actions' { sc.exe qprivs Tripline; sc.exe qsidtype Tripline; sc.exe qfailure Tripline } {
    param($s) $s -match 'SeChangeNotifyPrivilege' -and $s -match 'UNRESTRICTED' -and $s -match 'RESTART' }
Invoke-Check '4' 'no user may send it control codes' { sc.exe sdshow Tripline } {
    param($s) $s -match 'D:' -and $s -notmatch '\(A;;[A-Z]*CR[A-Z]*;;;(IU|SU|AU|WD|BU)\)' }

# Files.
Invoke-Check '6' 'access lists: the service reads here, and writes in state alone' { icacls.exe $Data; icacls.exe $State; icacls.exe (Join-Path $Data 'tripline.xml') } {
    param($s) $s -match 'Tripline' -and $s -notmatch 'Everyone|BUILTIN\\Users' }
Invoke-Check '6' 'its guard finds nothing (T1103, T1104)' { Get-LogLine ' T1103 | T1104 ' } { param($s) $s.Trim() -eq '' }
Invoke-Check '6' 'the config is good' { & $Program check-config; "exit code $LASTEXITCODE" } { param($s) $s -match 'exit code 0' }
Invoke-Change '6' 'a config copied into place is taken at a start' {
    $config = Join-Path $Data 'tripline.xml'
    $copy = Join-Path $env:TEMP 'tripline-first-day.xml'
    Copy-Item $config $copy; Remove-Item $config; Copy-Item $copy $config; Remove-Item $copy
    Restart-Service Tripline; Start-Sleep 5; icacls.exe $config; sc.exe query Tripline } {
    param($s) $s -match 'RUNNING' -and $s -match '\(I\)' }

# Process.
Invoke-Check '7' 'process policies that it set' {
    $process = (Get-CimInstance Win32_Service -Filter "Name='Tripline'").ProcessId
    Get-ProcessMitigation -Id $process | Out-String -Width 200; Get-LogLine ' T1102 ' } { param($s) $s -notmatch 'T1102' }
Invoke-Change '7' 'selftest: its process is started, its alert arrives' { & $Program selftest; "exit code $LASTEXITCODE" } {
    param($s) $s -match 'exit code 0' }
Invoke-Check '9' 'it has not crashed (Application, event 1000); memory' {
    $found = Get-WinEvent -FilterHashtable @{ LogName = 'Application'; Id = 1000 } -MaxEvents 50 -ErrorAction SilentlyContinue |
        Where-Object { $_.Message -match 'tripline' }
    "crashes: $(@($found).Count)"; Get-Process tripline -ErrorAction SilentlyContinue | Format-List PrivateMemorySize64, HandleCount, StartTime
    Get-LogLine ' T1212 ' } { param($s) $s -match 'crashes: 0' -and $s -notmatch 'T1212' }

# What is seen.
Invoke-Check '4' 'doctor' { & $Program doctor; "exit code $LASTEXITCODE" } { param($s) $s -match ' 0 bad' }
Invoke-Check '4' 'status' { & $Program status; "exit code $LASTEXITCODE" } { param($s) $s -match 'exit code 0' }
Invoke-Check '8' 'how long a search for one 4688 takes, oldest first' {
    $time = Measure-Command { Get-WinEvent -LogName Security -FilterXPath '*[System[(EventID=4688)]]' -MaxEvents 1 -Oldest -ErrorAction SilentlyContinue }
    "$([int]$time.TotalMilliseconds) ms; log of $((Get-WinEvent -ListLog Security).FileSize) bytes"; Get-LogLine ' T1206 | T1208 ' } {
    param($s) $s -notmatch 'T1206|T1208' }
Invoke-Check '8' 'what it lost (T2006) and where it began (T2007)' { Get-LogLine ' T2006 | T2007 ' } { param($s) $s.Trim() -eq '' }
Invoke-Check '4' 'Sysmon: which, and does it run' { Get-Service Sysmon, Sysmon64 -ErrorAction SilentlyContinue | Format-Table Name, Status -AutoSize
    Get-WinEvent -LogName 'Microsoft-Windows-Sysmon/Operational' -FilterXPath '*[System[(EventID=4 or EventID=255)]]' -MaxEvents 2 -ErrorAction SilentlyContinue |
        Format-List TimeCreated, Id, Message } { param($s) $true }
Invoke-Change '5' 'a smaller log is noticed (T2105)' {
    $size = (Get-WinEvent -ListLog Security).MaximumSizeInBytes
    wevtutil.exe sl Security "/ms:$($size + 67108864)"; Start-Sleep 70; wevtutil.exe sl Security "/ms:$size"; Start-Sleep 70
    Get-LogLine ' T2105 ' } { param($s) $s -match 'T2105' }

# ETW, where the config has it.
Invoke-Check '10' 'ETW sessions and their trouble' { logman.exe query -ets | Select-String 'Tripline|EventLog-Security'
    Get-LogLine ' T2201 | T2203 | T2204 | T2205 ' } { param($s) $s -notmatch 'T2203|T2204|T2205' }
Invoke-Change '10' 'a session that somebody stops comes back (T2202)' {
    if ((logman.exe query -ets | Out-String) -match 'Tripline-Process') { logman.exe stop Tripline-Process -ets; Start-Sleep 5; Get-LogLine ' T2202 ' }
    else { 'ETW is not on' } } { param($s) $s -match 'T2202|not on' }

# Delivery.
Invoke-Check '3' 'outputs: delivered, or why not (T4001, T4002)' { Get-LogLine ' T4001 | T4002 ' } { param($s) $s -match 'T4001' -or $s.Trim() -eq '' }
Invoke-Check '3' 'roots that Windows has' { (Get-ChildItem Cert:\LocalMachine\Root).Count; (Get-ChildItem Cert:\LocalMachine\Disallowed).Count } { param($s) $true }

# The Event Viewer's texts.
Invoke-Check '1' 'texts of its own events' {
    reg.exe query 'HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\Tripline'
    Get-WinEvent -ProviderName Tripline -MaxEvents 2 -ErrorAction SilentlyContinue | Format-List Id, Message } {
    param($s) $s -match 'tripline_messages\.dll|tripline\.exe' -and $s -match 'Message\s*:\s*T\d{4}' }

# An upgrade.
if ($Newer -and -not (Test-Path $Newer)) { Add-Row '1' 'upgrade' "$Newer is not there" 'LOOK' }
elseif ($Newer) {
    Invoke-Change '1' 'an upgrade: exit code, no 2613, the service is the same one' {
        $verbose = Join-Path $env:TEMP 'tripline-first-day.log'
        $before = (sc.exe sdshow Tripline | Out-String)
        $done = Start-Process msiexec.exe -ArgumentList '/i', "`"$Newer`"", '/qn', '/l*v', "`"$verbose`"" -Wait -PassThru
        "exit code $($done.ExitCode)"; "same access list: $($before -eq (sc.exe sdshow Tripline | Out-String))"
        Select-String -Path $verbose -Pattern '2613|Return value 3|Tripline:|Adding KEPT_' | Select-Object -Last 12 | ForEach-Object { $_.Line }
        sc.exe query Tripline } { param($s) $s -match 'exit code (0|3010)' -and $s -match 'RUNNING' -and $s -notmatch '2613' }
} else { Add-Row '1' 'upgrade' 'not run: -Change -Newer tripline-X.msi' 'left out' }

$script:Rows | Format-Table Check, Verdict, What, Seen -Wrap | Out-String -Width 180
$script:Rows | Group-Object Verdict | ForEach-Object { "$($_.Count) $($_.Name)" }
if ($Out) { $script:Rows | Export-Csv -NoTypeInformation -Encoding UTF8 -Path $Out }
