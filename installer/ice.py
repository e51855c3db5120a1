#!/usr/bin/python3
"""Would Windows Installer take this MSI? Checks the tables by Microsoft's own rules for packages, as far as tables tell.

    ice.py F.msi

Source of each rule: learn.microsoft.com/windows/win32/msi, "ICEnn" of the same number, and the page of the table. A rule of
which Microsoft says that its warnings may be ignored (ICE33 of class registrations) is held all the same: this package
registers none. Rules that have no ICE (PUBLIC, SECURE) have their source beside them.
"""
import collections
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# A table: the names of its columns, their definitions ("s72", "i2"...: Column Definition Format), how many are keys, and
# its rows, each a dictionary by column.
Table = collections.namedtuple("Table", "columns definitions keys rows")
Package = collections.namedtuple("Package", "tables summary")

BIT_64_COMPONENT, BIT_REGISTRY_KEYPATH, BIT_PERMANENT = 256, 4, 16  # Component.Attributes
BIT_IN_SCRIPT, BIT_64_SCRIPT = 1024, 4096  # CustomAction.Type
BIT_ONLY_DETECT, BIT_MAX_INCLUSIVE = 2, 512  # Upgrade.Attributes
BIT_64_LOCATOR = 16  # RegLocator.Type
HKCU, HKEITHER = "1", "-1"  # Registry.Root

SEQUENCES = ("InstallExecuteSequence", "InstallUISequence", "AdminExecuteSequence", "AdminUISequence",
             "AdvtExecuteSequence")

# Standard actions that write into the script that InstallExecute and InstallFinalize run, and those that only look or set.
# learn.microsoft.com/windows/win32/msi: Standard Actions Reference, and the page of each action.
SCRIPT_ACTIONS = set("""AllocateRegistrySpace BindImage CreateFolders CreateShortcuts DeleteServices DuplicateFiles
InstallFiles InstallODBC InstallServices InstallSFPCatalogFile IsolateComponents MoveFiles MsiConfigureServices
MsiPublishAssemblies MsiUnpublishAssemblies PatchFiles ProcessComponents PublishComponents PublishFeatures PublishProduct
RegisterClassInfo RegisterComPlus RegisterExtensionInfo RegisterFonts RegisterMIMEInfo RegisterProduct RegisterProgIdInfo
RegisterTypeLibraries RegisterUser RemoveDuplicateFiles RemoveEnvironmentStrings RemoveFiles RemoveFolders RemoveIniValues
RemoveODBC RemoveRegistryValues RemoveShortcuts SelfRegModules SelfUnregModules StartServices StopServices
UnpublishComponents UnpublishFeatures UnregisterClassInfo UnregisterComPlus UnregisterExtensionInfo UnregisterFonts
UnregisterMIMEInfo UnregisterProgIdInfo UnregisterTypeLibraries WriteEnvironmentStrings WriteIniValues
WriteRegistryValues InstallAdminPackage""".split())
OTHER_ACTIONS = set("""ADMIN ADVERTISE AppSearch CCPSearch CostFinalize CostInitialize DisableRollback ExecuteAction
FileCost FindRelatedProducts ForceReboot INSTALL InstallExecute InstallExecuteAgain InstallFinalize InstallInitialize
InstallValidate LaunchConditions MigrateFeatureStates RemoveExistingProducts ResolveSource RMCCPSearch ScheduleReboot
SEQUENCE SetODBCFolders ValidateProductID""".split())

# Which action stands before which (sequence restrictions on the pages of the actions).
ORDER = [("AppSearch", "CCPSearch"), ("CostInitialize", "FileCost"), ("FileCost", "CostFinalize"),
         ("CostInitialize", "CostFinalize"), ("CostFinalize", "InstallValidate"),
         ("InstallValidate", "InstallInitialize"), ("InstallInitialize", "InstallFinalize"),
         ("FindRelatedProducts", "MigrateFeatureStates"), ("FindRelatedProducts", "RemoveExistingProducts"),
         ("ProcessComponents", "InstallFiles"), ("UnpublishFeatures", "InstallFiles"),
         ("StopServices", "DeleteServices"), ("StopServices", "RemoveFiles"), ("StopServices", "InstallFiles"),
         ("DeleteServices", "InstallServices"), ("DeleteServices", "RemoveFiles"), ("StopServices", "InstallServices"),
         ("InstallServices", "StartServices"), ("InstallFiles", "InstallServices"), ("RemoveFiles", "InstallFiles"),
         ("RemoveRegistryValues", "WriteRegistryValues"), ("InstallFiles", "DuplicateFiles"),
         ("RemoveFiles", "CreateFolders"), ("CreateFolders", "InstallFiles"), ("RegisterProduct", "PublishProduct"),
         ("ProcessComponents", "RemoveRegistryValues"), ("InstallExecute", "InstallFinalize")]

# Sections of ICE27: where an action of the table's own kind may stand, between these two.
SECTIONS = {"AppSearch": (None, "CostInitialize"), "CCPSearch": (None, "CostInitialize"),
            "FileCost": ("CostInitialize", "CostFinalize"), "SetODBCFolders": ("CostFinalize", "InstallValidate")}

USER_FOLDERS = {"AppDataFolder", "FavoritesFolder", "NetHoodFolder", "PersonalFolder", "PrintHoodFolder", "RecentFolder",
                "SendToFolder", "MyPicturesFolder", "LocalAppDataFolder"}  # ICE91
PROFILE_FOLDERS = USER_FOLDERS | {"DesktopFolder", "ProgramMenuFolder", "StartMenuFolder", "StartupFolder",
                                  "TemplateFolder"}  # ICE38, ICE64: in the profile unless ALLUSERS says otherwise
FOLDERS_64 = {"ProgramFiles64Folder", "CommonFiles64Folder", "System64Folder"}
FOLDERS_32 = {"ProgramFilesFolder", "CommonFilesFolder", "SystemFolder"}

# ICE99: names of the installer's own (Property Reference) that a directory must not have.
RESERVED = set("""ADDDEFAULT ADDLOCAL ADDSOURCE ADVERTISE ALLUSERS COMPANYNAME CustomActionData DISABLEROLLBACK INSTALLLEVEL
Installed Intel LIMITUI LogonUser Manufacturer MsiHiddenProperties MsiNTProductType PATCH Preselected Privileged
ProductCode ProductID ProductLanguage ProductName ProductVersion REBOOT REINSTALL REINSTALLMODE REMOVE ROOTDRIVE
RemoteAdminTS SOURCELIST SecureCustomProperties TRANSFORMS UPGRADINGPRODUCTCODE USERNAME UpgradeCode VersionNT
VersionNT64""".split())

# ICE33: what the class, extension and type library tables would register, below these keys of Registry.
CLASS_KEYS = re.compile(r"^(software\\classes\\)?(clsid|appid|typelib|interface|mime)(\\|$)|^(software\\classes\\)?\.", re.I)

# What a _Validation table says of the columns that this package uses, for wixl makes none: category, least, most, set of
# values, tables of which the value is a key. Source: the pages of the tables.
COLUMNS = {
    "AppSearch.Property": ("Identifier", "", "", "", ""),
    "AppSearch.Signature_": ("Identifier", "", "", "", "Signature;RegLocator;IniLocator;DrLocator;CompLocator"),
    "Component.Component": ("Identifier", "", "", "", ""),
    "Component.ComponentId": ("Guid", "", "", "", ""),
    "Component.Directory_": ("Identifier", "", "", "", "Directory"),
    "Component.Attributes": ("", "0", "32767", "", ""),
    "Component.Condition": ("Condition", "", "", "", ""),
    "Component.KeyPath": ("Identifier", "", "", "", "File;Registry;ODBCDataSource"),
    "CreateFolder.Directory_": ("Identifier", "", "", "", "Directory"),
    "CreateFolder.Component_": ("Identifier", "", "", "", "Component"),
    "CustomAction.Action": ("Identifier", "", "", "", ""),
    "CustomAction.Type": ("", "1", "32767", "", ""),
    "Directory.Directory": ("Identifier", "", "", "", ""),
    "Directory.Directory_Parent": ("Identifier", "", "", "", "Directory"),
    "Feature.Feature": ("Identifier", "", "", "", ""),
    "Feature.Level": ("", "0", "32767", "", ""),
    "FeatureComponents.Feature_": ("Identifier", "", "", "", "Feature"),
    "FeatureComponents.Component_": ("Identifier", "", "", "", "Component"),
    "File.File": ("Identifier", "", "", "", ""),
    "File.Component_": ("Identifier", "", "", "", "Component"),
    "File.FileName": ("Filename", "", "", "", ""),
    "File.FileSize": ("", "0", "2147483647", "", ""),
    "File.Version": ("Version", "", "", "", ""),
    "File.Language": ("Language", "", "", "", ""),
    "File.Attributes": ("", "0", "32767", "", ""),
    "File.Sequence": ("", "1", "32767", "", ""),
    "LaunchCondition.Condition": ("Condition", "", "", "", ""),
    "Media.DiskId": ("", "1", "32767", "", ""),
    "MsiFileHash.File_": ("Identifier", "", "", "", "File"),
    "Property.Property": ("Identifier", "", "", "", ""),
    "RegLocator.Signature_": ("Identifier", "", "", "", ""),
    "RegLocator.Root": ("", "0", "3", "", ""),
    "RegLocator.Type": ("", "0", "18", "", ""),
    "Registry.Registry": ("Identifier", "", "", "", ""),
    "Registry.Root": ("", "-1", "3", "", ""),
    "Registry.Component_": ("Identifier", "", "", "", "Component"),
    "RemoveFile.Component_": ("Identifier", "", "", "", "Component"),
    "ServiceControl.ServiceControl": ("Identifier", "", "", "", ""),
    "ServiceControl.Event": ("", "0", "187", "", ""),
    "ServiceControl.Wait": ("", "", "", "0;1", ""),
    "ServiceControl.Component_": ("Identifier", "", "", "", "Component"),
    "ServiceInstall.ServiceInstall": ("Identifier", "", "", "", ""),
    "ServiceInstall.StartType": ("", "0", "4", "", ""),
    "ServiceInstall.Component_": ("Identifier", "", "", "", "Component"),
    "Shortcut.Component_": ("Identifier", "", "", "", "Component"),
    "Upgrade.UpgradeCode": ("Guid", "", "", "", ""),
    "Upgrade.VersionMin": ("Version", "", "", "", ""),
    "Upgrade.VersionMax": ("Version", "", "", "", ""),
    "Upgrade.Attributes": ("", "0", "2147483647", "", ""),
    "Upgrade.ActionProperty": ("UpperCase", "", "", "", ""),
    **{f"{table}.{column}": rule for table in SEQUENCES for column, rule in
       (("Action", ("Identifier", "", "", "", "")), ("Condition", ("Condition", "", "", "", "")),
        ("Sequence", ("", "-4", "32767", "", "")))},
}

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*\Z")
PUBLIC_NAME = re.compile(r"[A-Z_][A-Z0-9_.]*\Z")
FILENAME = re.compile(r'[^\\?|><:/*"+,;=\[\] .]{1,8}(\.[^\\?|><:/*"+,;=\[\] .]{1,3})?(\|[^\\?|><:/*"]+)?\Z')  # short|long
GUID = re.compile(r"\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}\Z")
VERSION = re.compile(r"\d{1,5}(\.\d{1,5}){0,3}\Z")


# ---- reading ----

def parse_table(text):
    """The text of msiinfo export: names, definitions, the table's name with its keys, rows; cells may hold LFs as \\x19."""
    lines = text.replace("\r\n", "\n").split("\n")
    columns, definitions = lines[0].split("\t"), lines[1].split("\t")
    keys = len(lines[2].split("\t")) - 1
    cells = [[]]
    # A cell may hold line feeds: rows are recognised by their number of cells, and a line that is too short goes on.
    for line in lines[3:]:
        parts = line.split("\t")
        if cells[-1] and len(cells[-1]) < len(columns):
            cells[-1][-1] += "\n" + parts[0]
            cells[-1].extend(parts[1:])
        elif len(parts) == 1 and len(columns) > 1 and cells[-1]:
            cells[-1][-1] += "\n" + line
        else:
            cells.append(parts)
    rows = [dict(zip(columns, [part.rstrip("\n") if part is parts[-1] else part for part in parts]))
            for parts in cells if len(parts) == len(columns)]
    return Table(columns, definitions, keys, rows)


def run(*command):
    done = subprocess.run(list(map(str, command)), check=False, capture_output=True)
    if done.returncode != 0:
        raise SystemExit(f"ice.py: {command[0]}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode("utf-8", errors="replace")


def read(path):
    """All tables of the MSI at path, and its summary information by the names that msiinfo gives."""
    names = [name for name in run("msiinfo", "tables", path).split() if name == "_Validation" or name[0] != "_"]
    tables = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            # Streams are written into the current directory.
            done = subprocess.run(["msiinfo", "export", Path(path).resolve(), name], cwd=folder, check=False,
                                  capture_output=True)
            if done.returncode == 0:
                tables[name] = parse_table(done.stdout.decode("utf-8", errors="replace"))
    summary = {}
    for line in run("msiinfo", "suminfo", path).splitlines():
        key, _, value = line.partition(": ")
        summary[key.strip()] = value.strip()
    return Package(tables, summary)


# ---- what rules ask ----

def rows(package, table):
    return package.tables[table].rows if table in package.tables else []


def index(package, table, column):
    return {row[column]: row for row in rows(package, table)}


def sequence(package, table):
    """Action -> number, those with a number alone (negative: how an installation ends)."""
    return {row["Action"]: int(row["Sequence"]) for row in rows(package, table) if row["Sequence"] not in ("", None)}


def value(package, name):
    return next((row["Value"] for row in rows(package, "Property") if row["Property"] == name), "")


def names_of(package, list_property):
    return [name for name in value(package, list_property).split(";") if name]


def folders_above(package, directory):
    """The directory and all that it lies in."""
    parents = {row["Directory"]: row["Directory_Parent"] for row in rows(package, "Directory")}
    seen = []
    while directory and directory not in seen:
        seen.append(directory)
        directory = parents.get(directory, "")
    return seen


def path_of(package, directory, short):
    """The folders from the root down, with long or short names; "." adds none."""
    names = index(package, "Directory", "Directory")
    parts = []
    for name in reversed(folders_above(package, directory)):
        target = names[name]["DefaultDir"].split(":")[0] if name in names else name
        both = target.split("|")
        part = both[0 if short else -1]
        if part != ".":
            parts.append(part.lower() if names.get(name, {}).get("Directory_Parent") else name)
    return "\\".join(parts)


def version_number(text):
    return tuple(int(part) for part in (text.split(".") + ["0"] * 3)[:3])


# ---- rules: each yields what is wrong ----

def category_fault(category, text):
    """What a value lacks of its category (Column Data Types); "": nothing that a pattern can tell."""
    if category == "Identifier" and not IDENTIFIER.match(text):
        return "Invalid identifier"
    if category == "Guid" and not GUID.match(text):
        return "Invalid GUID string"
    if category == "UpperCase" and text != text.upper():
        return "All UPPER case required"
    if category == "Version" and not VERSION.match(text) and not IDENTIFIER.match(text):
        return "Invalid version string"
    if category == "Language" and text and not all(part.isdigit() and int(part) < 65536 for part in text.split(",")):
        return "Invalid Language Id"
    if category == "Filename" and not FILENAME.match(text):
        return "Invalid Filename"
    if category == "Condition" and text.count("(") != text.count(")"):
        return "Bad conditional string"
    return ""


def definition_fault(definition, text):
    """Column Definition Format: s72 is a text of at most 72 characters, i2 a number; a capital letter: Null is allowed."""
    kind, size = definition[0], int(definition[1:] or 0)
    if text == "":
        return "" if kind.isupper() else "Not A Nullable Column"
    if kind.lower() in "sl" and size > 0 and len(text) > size:
        return "String overflow (greater than length permitted in column)"
    if kind.lower() == "i":
        if not re.match(r"-?\d+\Z", text):
            return "a number expected"
        if not -(1 << (8 * size - 1)) < int(text) < 1 << (8 * size - 1):
            return "Value exceeds MaxValue"
    return ""


def range_fault(rule, text):
    """By a row of _Validation."""
    number = int(text) if re.match(r"-?\d+\Z", text) else None
    if text and number is not None and rule["MinValue"] and number < int(rule["MinValue"]):
        return "Value below MinValue"
    if text and number is not None and rule["MaxValue"] and number > int(rule["MaxValue"]):
        return "Value exceeds MaxValue"
    if text and rule["Set"] and not rule["Category"] and text not in rule["Set"].split(";"):
        return "Value not a member of the set"
    return category_fault(rule["Category"], text) if text else ""


def is_known_key(package, rule, text):
    """Is text a key of the table that the rule names? Where that table is not there, nobody can tell."""
    tables = [name for name in rule["KeyTable"].split(";") if name in package.tables]
    if not tables or not text:
        return True
    return any(text in (row[package.tables[name].columns[0]] for row in rows(package, name)) for name in tables)


def rules_of(package):
    """By table and column; what the package's own _Validation table says goes before COLUMNS."""
    found = {}
    for name, rule in COLUMNS.items():
        found[tuple(name.split("."))] = dict(zip(("Category", "MinValue", "MaxValue", "Set", "KeyTable"), rule))
    for row in rows(package, "_Validation"):
        found[row["Table"], row["Column"]] = row
    return found


def cell_fault(package, rule, definition, text):
    fault = definition_fault(definition, text)
    if not fault and rule is not None:
        fault = range_fault(rule, text)
        if not fault and not is_known_key(package, rule, text):
            fault = "Not A Valid Foreign Key"
    return fault


def ice03(package):
    rules = rules_of(package)
    validated = {row["Table"] for row in rows(package, "_Validation")}
    for name, table in package.tables.items():
        keys = collections.Counter(tuple(row[c] for c in table.columns[:table.keys]) for row in table.rows)
        for key, count in keys.items():
            if count > 1 and table.keys > 0:
                yield f"{name}: Duplicate Primary Key {key}"
        for column, definition in zip(table.columns, table.definitions):
            if name in validated and not any(pair == (name, column) for pair in rules):
                yield f"{name}.{column}: Missing data in _Validation table or old Database"
            for row in table.rows:
                is_stream = definition[0].lower() == "v"
                fault = "" if is_stream else cell_fault(package, rules.get((name, column)), definition, row[column])
                if fault:
                    yield f"{name}.{column}: {fault}: {row[column]}"


def ice06(package):
    for row in rows(package, "_Validation"):
        if row["Table"] in package.tables and row["Column"] not in package.tables[row["Table"]].columns:
            yield f"Column: {row['Column']} of Table: {row['Table']} is not defined in database"


def ice09(package):
    for row in rows(package, "Component"):
        is_system = {"SystemFolder", "System64Folder", "System16Folder"} & set(folders_above(package, row["Directory_"]))
        if is_system and not int(row["Attributes"]) & BIT_PERMANENT:
            yield f"Component: {row['Component']} is a non-permanent system component"


def ice18(package):
    made = {(row["Directory_"], row["Component_"]) for row in rows(package, "CreateFolder")}
    for row in rows(package, "Component"):
        has_file = any(f["Component_"] == row["Component"] for f in rows(package, "File"))
        uses = {("RemoveFile", "DirProperty"), ("DuplicateFile", "DestFolder"), ("MoveFile", "DestFolder")}
        has_other = any(r["Component_"] == row["Component"] and r[column] == row["Directory_"]
                        for table, column in uses for r in rows(package, table))
        if not row["KeyPath"] and not has_file and not has_other and (row["Directory_"], row["Component"]) not in made:
            yield f"KeyPath for Component: '{row['Component']}' is Directory: '{row['Directory_']}', not in CreateFolder"


def ice27(package):
    known = SCRIPT_ACTIONS | OTHER_ACTIONS | set(index(package, "CustomAction", "Action")) | set(
        index(package, "Dialog", "Dialog"))
    for table in SEQUENCES:
        order = sequence(package, table)
        for name in (row["Action"] for row in rows(package, table)):
            if name not in known:
                yield f"Unknown action: '{name}' of {table} table"
        for first, second in ORDER:
            if first in order and second in order and order[first] >= order[second]:
                yield f"Action: '{second}' in {table} table must come after the '{first}' action"
        for name, (begin, end) in SECTIONS.items():
            if name in order and ((begin in order and order[name] < order[begin]) or
                                  (end in order and order[name] > order[end])):
                yield f"'{name}' in {table} in wrong place"
        script = [name for name in order if name in SCRIPT_ACTIONS]
        for name in script:
            if not order.get("InstallInitialize", -1) < order[name] < order.get("InstallFinalize", 1 << 15):
                yield f"'{name}' in {table} in wrong place: it writes the script outside of it"
        if script and "InstallFinalize" not in order:
            yield f"InstallFinalize must be called in {table} table as script operations exist to be executed"
        if not script and "InstallFinalize" in order and "InstallExecute" not in order and "Custom" not in order:
            yield f"'InstallFinalize' in {table} can only be called when script operations exist to be executed"


def ice30(package):
    components = index(package, "Component", "Component")
    for short in (True, False):
        places = collections.defaultdict(set)
        for row in rows(package, "File"):
            name = row["FileName"].split("|")[0 if short else -1].lower()
            directory = components.get(row["Component_"], {}).get("Directory_", "")
            places[path_of(package, directory, short), name].add(row["Component_"])
        for (folder, name), users in places.items():
            if len(users) > 1:
                yield f"The target file '{name}' is installed in '{folder}' by {' and '.join(sorted(users))}"


def ice33(package):
    for row in rows(package, "Registry"):
        if (row["Root"] == "0" or row["Key"].lower().startswith("software\\classes\\")) and CLASS_KEYS.search(row["Key"]):
            yield f"Reg key {row['Registry']} is used in an unsupported way: {row['Key']}"


def keypath_fault(package, row):
    """ICE38 and ICE43: such a component must have a value below HKEY_CURRENT_USER as its key path."""
    name, registry = row["Component"], index(package, "Registry", "Registry")
    if not int(row["Attributes"]) & BIT_REGISTRY_KEYPATH:
        return f"Component {name} must use a registry key under HKCU as its KeyPath, not a file"
    if not row["KeyPath"]:
        return f"Component {name} must use a registry key under HKCU as its KeyPath; it is NULL"
    if row["KeyPath"] not in registry:
        return f"The KeyPath registry entry for component {name} does not exist"
    if registry[row["KeyPath"]]["Root"] not in (HKCU, HKEITHER):
        return f"Component {name}: its KeyPath registry key must fall under HKCU"
    if registry[row["KeyPath"]]["Component_"] != name:
        return f"The Registry Entry {row['KeyPath']} does not belong to component {name}"
    return ""


def ice38(package):
    for row in rows(package, "Component"):
        if PROFILE_FOLDERS & set(folders_above(package, row["Directory_"])):
            fault = keypath_fault(package, row)
            if fault:
                yield fault


def ice43(package):
    features = set(index(package, "Feature", "Feature"))
    components = index(package, "Component", "Component")
    for row in rows(package, "Shortcut"):
        if row["Target"] not in features and row["Component_"] in components:
            fault = keypath_fault(package, components[row["Component_"]])
            if fault:
                yield fault


def ice57(package):
    for row in rows(package, "Component"):
        name = row["Component"]
        roots = [r["Root"] for r in rows(package, "Registry") if r["Component_"] == name]
        is_profile = bool(PROFILE_FOLDERS & set(folders_above(package, row["Directory_"])))
        files = any(f["Component_"] == name for f in rows(package, "File"))
        per_user = HKCU in roots or (files and is_profile)
        per_machine = any(root not in (HKCU, HKEITHER) for root in roots) or (files and not is_profile)
        if per_user and per_machine:
            yield f"Component '{name}' has both per-user and per-machine data"
        elif HKEITHER in roots and (per_user or per_machine):
            yield f"Component '{name}' has a registry entry that can be either per-user or per-machine"


def ice61(package):
    secure, authored = set(names_of(package, "SecureCustomProperties")), set(index(package, "Property", "Property"))
    used = collections.Counter(row["ActionProperty"] for row in rows(package, "Upgrade"))
    now = value(package, "ProductVersion")
    for row in rows(package, "Upgrade"):
        name, attributes = row["ActionProperty"], int(row["Attributes"])
        if name in authored:
            yield f"Upgrade.ActionProperty {name} cannot be authored in the Property table"
        if not PUBLIC_NAME.match(name):
            yield f"Upgrade.ActionProperty {name} must not contain lowercase letters"
        if name not in secure:
            yield f"Upgrade.ActionProperty {name} must be added to the SecureCustomProperties property"
        if used[name] > 1:
            yield f"Upgrade.ActionProperty {name} may be used in only one record of the Upgrade table"
        for bound in ("VersionMin", "VersionMax"):
            if row[bound] and not VERSION.match(row[bound]):
                yield f"Upgrade.{bound}: {row[bound]} is no product version"
                return
        if row["VersionMin"] and row["VersionMax"] and version_number(row["VersionMax"]) < version_number(row["VersionMin"]):
            yield f"Upgrade.VersionMax cannot be less than Upgrade.VersionMin ({name})"
        is_own = row["UpgradeCode"] == value(package, "UpgradeCode") and not attributes & BIT_ONLY_DETECT
        top = version_number(row["VersionMax"]) if row["VersionMax"] else None
        if is_own and (top is None or top > version_number(now) or
                       (top == version_number(now) and attributes & BIT_MAX_INCLUSIVE)):
            yield f"This product should remove only older versions of itself ({row['VersionMax']} {now})"


def is_script(package, name):
    kind = index(package, "CustomAction", "Action").get(name)
    return name in SCRIPT_ACTIONS or (kind is not None and int(kind["Type"]) & BIT_IN_SCRIPT != 0)


def ice63(package):
    table = "InstallExecuteSequence"
    order = sequence(package, table)
    at = order.get("RemoveExistingProducts")
    if at is None:
        if rows(package, "Upgrade"):
            yield "the Upgrade table is there, RemoveExistingProducts is not"
        return
    validate, begin, end = (order.get(name, -1) for name in ("InstallValidate", "InstallInitialize", "InstallFinalize"))
    if at < validate or validate < 0:
        yield "RemoveExistingProducts stands before InstallValidate"
    if validate < at < begin or at > end > 0:
        return  # outside of the transaction: allowed
    runs = [order[name] for name in ("InstallExecute", "InstallExecuteAgain") if name in order and order[name] < at]
    after = max(runs, default=begin)
    for name, number in order.items():
        if after < number < at and is_script(package, name):
            yield f"Some action falls between {'InstallExecute' if runs else 'InstallInitialize'} and " \
                  f"RemoveExistingProducts: {name} writes the script"


def ice64(package):
    removed = {row["DirProperty"] for row in rows(package, "RemoveFile")}
    for row in rows(package, "Directory"):
        above = folders_above(package, row["Directory"])
        if PROFILE_FOLDERS & set(above[1:]) and row["Directory"] not in removed:
            yield f"The directory '{row['Directory']}' is in the user profile but is not listed in the RemoveFile table"


def ice77(package):
    for table in ("InstallExecuteSequence", "AdminExecuteSequence"):
        order = sequence(package, table)
        script = [row["Action"] for row in rows(package, "CustomAction")
                  if int(row["Type"]) & BIT_IN_SCRIPT and row["Action"] in order]
        for bound in ("InstallInitialize", "InstallFinalize"):
            if script and bound not in order:
                yield f"{bound} is missing from '{table}'"
        for name in script:
            if not order.get("InstallInitialize", 1 << 15) < order[name] < order.get("InstallFinalize", -1):
                yield f"{name} is a in-script custom action. It must be sequenced in between the InstallInitialize " \
                      f"action and the InstallFinalize action in the {table} table"


def ice78(package):
    for row in rows(package, "AdvtUISequence"):
        yield f"Action '{row['Action']}' found in AdvtUISequence table. No UI is allowed during advertising"


def template_faults(package):
    platform, _, languages = package.summary.get("Template", "").partition(";")
    least = {"x64": 200, "Intel64": 150, "Arm64": 500}.get(platform)
    if not package.summary.get("Template"):
        yield "Bad value in Summary Information Stream for PID_TEMPLATE"
    schema = package.summary.get("Version", "")
    number = re.match(r"(\d+)", schema)
    if least and (number is None or int(number.group(1)) < least):
        yield f"This package is marked with {platform} but it has a schema less than {least}"
    if value(package, "ProductLanguage") not in languages.split(","):
        yield f"The 'ProductLanguage' property has a value of '{value(package, 'ProductLanguage')}', which is not " \
              "contained in the Template Summary Property stream"


def ice80(package):
    is_64 = package.summary.get("Template", "").partition(";")[0] in ("x64", "Intel64", "Arm64")
    yield from template_faults(package)
    for row in rows(package, "Component"):
        name, above = row["Component"], set(folders_above(package, row["Directory_"]))
        is_component_64 = int(row["Attributes"]) & BIT_64_COMPONENT != 0
        if is_component_64 and not is_64:
            yield f"This package contains 64 bit component '{name}' but the Template Summary Property does not say so"
        if is_component_64 and FOLDERS_32 & above:
            yield f"This 64BitComponent {name} uses 32BitDirectory {row['Directory_']}"
        if not is_component_64 and FOLDERS_64 & above:
            yield f"This 32BitComponent {name} uses 64BitDirectory {row['Directory_']}"
    for row in rows(package, "CustomAction"):
        if int(row["Type"]) & BIT_64_SCRIPT and not is_64:
            yield f"This package contains 64 bit custom action script '{row['Action']}' but the Template does not say so"
    for row in rows(package, "RegLocator"):
        if int(row["Type"] or 0) & BIT_64_LOCATOR and not is_64:
            yield f"This 32Bit Package is using 64 bit Locator Type in RegLocator table entry {row['Signature_']}"


def ice82(package):
    four = ("PublishFeatures", "PublishProduct", "RegisterProduct", "RegisterUser")
    missing = [name for name in four if name not in sequence(package, "InstallExecuteSequence")]
    if missing:
        yield f"The InstallExecuteSequence table does not contain: {' '.join(missing)}"
    for table in SEQUENCES:
        numbers = collections.Counter(sequence(package, table).values())
        for name, number in sequence(package, table).items():
            if numbers[number] > 1:
                yield f"This action {name} has duplicate sequence number {number} in the table {table}"


def ice91(package):
    places = [("file", row["File"], index(package, "Component", "Component").get(row["Component_"], {}).get("Directory_", ""))
              for row in rows(package, "File")]
    places += [("IniFile", row["IniFile"], row["DirProperty"]) for row in rows(package, "IniFile")]
    places += [("shortcut", row["Shortcut"], row["Directory_"]) for row in rows(package, "Shortcut")]
    for kind, name, directory in places:
        if USER_FOLDERS & set(folders_above(package, directory)):
            yield f"The {kind} '{name}' will be installed to the per user directory '{directory}' that does not vary " \
                  "based on ALLUSERS value"


def ice99(package):
    for row in rows(package, "Directory"):
        if row["Directory"] in RESERVED:
            yield f"The directory name: {row['Directory']} is the same as one of the MSI Public Properties"


def public(package):
    """Property names in AppSearch: "must be public properties and have an identifier that contains no lowercase letters"
    (AppSearch Table); a name that is remembered must not be one that the caller of a repair may set (SECURE)."""
    for row in rows(package, "AppSearch"):
        if not PUBLIC_NAME.match(row["Property"]):
            yield f"AppSearch.Property {row['Property']} must not contain lowercase letters"
        if row["Property"] in names_of(package, "SecureCustomProperties"):
            yield f"AppSearch.Property {row['Property']} is in SecureCustomProperties: the caller of a repair could set it"


def secure(package):
    """SecureCustomProperties holds public names, once each (SecureCustomProperties Property). MsiHiddenProperties holds
    the data of every custom action in the script that a value of its goes into (MsiHiddenProperties Property, remarks)."""
    for list_property in ("SecureCustomProperties", "MsiHiddenProperties"):
        for name, count in collections.Counter(names_of(package, list_property)).items():
            if count > 1:
                yield f"{list_property} has {name} twice"
            if not IDENTIFIER.match(name):
                yield f"{list_property}: {name} is no property's name"
    for name in names_of(package, "SecureCustomProperties"):
        if IDENTIFIER.match(name) and not PUBLIC_NAME.match(name):
            yield f"SecureCustomProperties: {name} must not contain lowercase letters"
    hidden = set(names_of(package, "MsiHiddenProperties"))
    for row in rows(package, "CustomAction"):
        if int(row["Type"]) & 63 == 51 and hidden & set(re.findall(r"\[(\w+)\]", row["Target"])):
            if row["Source"] not in hidden:
                yield f"{row['Source']} holds a hidden property (by {row['Action']}) and is not in MsiHiddenProperties"
            if not int(row["Type"]) & 8192:
                yield f"{row['Action']} sets a property from a hidden one and its target is not hidden"


RULES = {"ICE03": ice03, "ICE06": ice06, "ICE09": ice09, "ICE18": ice18, "ICE27": ice27, "ICE30": ice30, "ICE33": ice33,
         "ICE38": ice38, "ICE43": ice43, "ICE57": ice57, "ICE61": ice61, "ICE63": ice63, "ICE64": ice64, "ICE77": ice77,
         "ICE78": ice78, "ICE80": ice80, "ICE82": ice82, "ICE91": ice91, "ICE99": ice99, "PUBLIC": public,
         "SECURE": secure}


def check(package):
    """Every fault as "ICEnn: what is wrong"; empty: none."""
    return [f"{name}: {fault}" for name, rule in RULES.items() for fault in rule(package)]


def main():
    faults = check(read(sys.argv[1]))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
