#!/usr/bin/python3
"""installer/ice.py: a package as the rules want it, and each rule broken once (ICE03: once for each thing that it can say).

    test_ice.py SOURCE_TREE
"""
import copy
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(sys.argv[1]) / "installer"))
import ice  # noqa: E402 (its place is known only now)

GUID = "{0B7E3D0C-52B4-5E52-8D0B-0B6B1F1F6A01}"
UPGRADE = "{6E0C1B1D-7E0B-5B52-9A0B-3C6C2D1F8A41}"


def table(head, keys, *lines):
    columns, definitions = zip(*(word.split(":") for word in head.split()))
    return ice.Table(list(columns), list(definitions), keys, [dict(zip(columns, line)) for line in lines])


SEQUENCE = "Action:s72 Condition:S255 Sequence:I2"
ORDER = ["FindRelatedProducts", "AppSearch", "CostInitialize", "FileCost", "CostFinalize", "InstallValidate",
         "InstallInitialize", "ProcessComponents", "StopServices", "DeleteServices", "RemoveFiles", "InstallFiles",
         "InstallServices", "RegisterUser", "RegisterProduct", "PublishFeatures", "PublishProduct", "SetData", "Deferred",
         "InstallExecute", "RemoveExistingProducts", "InstallFinalize"]


def package():
    """One that has nothing wrong."""
    return ice.Package({
        "AppSearch": table("Property:s72 Signature_:s72", 2, ("KEPT", "Kept")),
        "RegLocator": table("Signature_:s72 Root:i2 Key:s255 Name:S255 Type:I2", 1, ("Kept", "2", "Software\\X", "N", "18")),
        "Component": table("Component:s72 ComponentId:S38 Directory_:s72 Attributes:i2 Condition:S255 KeyPath:S72", 1,
                           ("Main", GUID, "HOME", "256", "", "Exe")),
        "CustomAction": table("Action:s72 Type:i2 Source:S72 Target:L255", 1, ("Deferred", "3073", "Dll", "Entry"),
                              ("SetData", "8243", "Deferred", "[TOKEN]")),
        "CreateFolder": table("Directory_:s72 Component_:s72", 2),
        "Directory": table("Directory:s72 Directory_Parent:S72 DefaultDir:l255", 1, ("TARGETDIR", "", "SourceDir"),
                           ("ProgramFiles64Folder", "TARGETDIR", "."), ("HOME", "ProgramFiles64Folder", "Home")),
        "Feature": table("Feature:s38 Level:i2", 1, ("All", "1")),
        "FeatureComponents": table("Feature_:s38 Component_:s72", 2, ("All", "Main")),
        "File": table("File:s72 Component_:s72 FileName:l255 FileSize:i4 Version:S72 Language:S20 Attributes:I2 Sequence:i2",
                      1, ("Exe", "Main", "x.exe", "10", "1.0.0.0", "1033", "512", "1")),
        "Property": table("Property:s72 Value:l0", 1, ("ProductVersion", "1.0.1"), ("ProductLanguage", "1033"),
                          ("UpgradeCode", UPGRADE), ("SecureCustomProperties", "OLDER;TOKEN"),
                          ("MsiHiddenProperties", "TOKEN;Deferred")),
        "Registry": table("Registry:s72 Root:i2 Key:l255 Name:L255 Value:L0 Component_:s72", 1,
                          ("Reg", "2", "Software\\X", "N", "v", "Main")),
        "RemoveFile": table("FileKey:s72 Component_:s72 FileName:L255 DirProperty:s72 InstallMode:i2", 1),
        "Upgrade": table("UpgradeCode:s38 VersionMin:S20 VersionMax:S20 Language:S255 Attributes:i4 Remove:S255 "
                         "ActionProperty:s72", 5, (UPGRADE, "", "1.0.1", "", "1", "", "OLDER")),
        "InstallExecuteSequence": table(SEQUENCE, 1, *((name, "", str(100 * i)) for i, name in enumerate(ORDER, 1))),
    }, {"Template": "x64;1033", "Version": "500 (1f4)"})


def put(p, name, key, **cells):
    """Changes the row whose first cell is key, or adds one."""
    t = p.tables[name]
    row = next((row for row in t.rows if row[t.columns[0]] == key), None)
    if row is None:
        row = dict.fromkeys(t.columns, "")
        row[t.columns[0]] = key
        t.rows.append(row)
    row.update(cells)


def move(p, name, number):
    put(p, "InstallExecuteSequence", name, Sequence=str(number))


def user_folder(p, folder="DesktopFolder"):
    put(p, "Directory", folder, Directory_Parent="TARGETDIR", DefaultDir=".")
    put(p, "Component", "Mine", Directory_=folder, Attributes="0", KeyPath="Note")
    put(p, "File", "Note", Component_="Mine", FileName="n.txt", FileSize="1", Sequence="2")


def shortcut(p):
    p.tables["Shortcut"] = table("Shortcut:s72 Directory_:s72 Name:l128 Component_:s72 Target:s72", 1,
                                 ("Cut", "HOME", "x", "Main", "[HOME]x.exe"))


def no_key(p):
    put(p, "Component", "Empty", Directory_="HOME", Attributes="256")


def two_places(p):
    put(p, "Component", "Second", Directory_="HOME", Attributes="256", KeyPath="Again")
    put(p, "File", "Again", Component_="Second", FileName="x.exe", FileSize="1", Sequence="2")


def either(p, root):
    put(p, "Registry", "Mine", Root=root, Key="Software\\X", Component_="Main")


def validation(p, *lines):
    p.tables["_Validation"] = table("Table:s32 Column:s32 Nullable:s4 MinValue:I4 MaxValue:I4 KeyTable:S255 KeyColumn:I2 "
                                    "Category:S32 Set:S255", 2, *lines)


# Rule, what it says, how it is broken.
BROKEN = [
    ("ICE03", "Duplicate Primary Key", lambda p: p.tables["Feature"].rows.append({"Feature": "All", "Level": "1"})),
    ("ICE03", "Not A Nullable Column", lambda p: put(p, "File", "Exe", Component_="")),
    ("ICE03", "Not A Valid Foreign Key", lambda p: put(p, "File", "Exe", Component_="Nobody")),
    ("ICE03", "Value exceeds MaxValue", lambda p: put(p, "RegLocator", "Kept", Type="19")),
    ("ICE03", "Value exceeds MaxValue", lambda p: put(p, "Feature", "All", Level="40000")),  # more than two bytes
    ("ICE03", "Value below MinValue", lambda p: put(p, "Registry", "Reg", Root="-2")),
    ("ICE03", "a number expected", lambda p: put(p, "Feature", "All", Level="one")),
    ("ICE03", "Value not a member of the set",
     lambda p: validation(p, ("Registry", "Name", "Y", "", "", "", "", "", "A;B"))),
    ("ICE03", "Missing data in _Validation table", lambda p: validation(p, ("Media", "DiskId", "N", "1", "9", "", "", "", ""),
                                                                       ("Binary", "Name", "N", "", "", "", "", "", ""))
     or p.tables.update(Binary=table("Name:s72 Date:s72", 1))),
    ("ICE03", "Invalid version string", lambda p: put(p, "File", "Exe", Version="1.x")),
    ("ICE03", "All UPPER case required", lambda p: put(p, "Upgrade", UPGRADE, ActionProperty="Older")),
    ("ICE03", "Invalid GUID string", lambda p: put(p, "Component", "Main", ComponentId=GUID.lower())),
    ("ICE03", "Invalid identifier", lambda p: put(p, "CustomAction", "1st", Type="51")),
    ("ICE03", "Invalid Language Id", lambda p: put(p, "File", "Exe", Language="99999")),
    ("ICE03", "Invalid Filename", lambda p: put(p, "File", "Exe", FileName="much_too_long.exe")),
    ("ICE03", "Bad conditional string", lambda p: put(p, "Component", "Main", Condition="(A")),
    ("ICE03", "String overflow", lambda p: put(p, "CustomAction", "Deferred", Target="x" * 256)),
    ("ICE06", "is not defined in database", lambda p: validation(p, ("File", "Colour", "Y", "", "", "", "", "", ""))),
    ("ICE09", "non-permanent system component", lambda p: put(p, "Directory", "HOME", Directory_Parent="System64Folder")),
    ("ICE18", "not in CreateFolder", no_key),
    ("ICE27", "Unknown action: 'Nonsense'", lambda p: move(p, "Nonsense", 50)),
    ("ICE27", "'FileCost' in InstallExecuteSequence in wrong place", lambda p: move(p, "FileCost", 250)),
    ("ICE27", "'InstallFiles' in InstallExecuteSequence table must come after", lambda p: move(p, "InstallFiles", 750)),
    ("ICE27", "it writes the script outside of it", lambda p: move(p, "PublishProduct", 650)),
    ("ICE27", "InstallFinalize must be called",
     lambda p: p.tables["InstallExecuteSequence"].rows.pop()),
    ("ICE30", "is installed in", two_places),
    ("ICE33", "unsupported way", lambda p: put(p, "Registry", "Reg", Key="Software\\Classes\\CLSID\\{1}")),
    ("ICE38", "not a file", user_folder),
    ("ICE43", "not a file", shortcut),
    ("ICE57", "both per-user and per-machine", lambda p: either(p, "1")),
    ("ICE57", "either per-user or per-machine", lambda p: either(p, "-1")),
    ("ICE61", "cannot be authored", lambda p: put(p, "Property", "OLDER", Value="1")),
    ("ICE61", "must not contain lowercase letters", lambda p: put(p, "Upgrade", UPGRADE, ActionProperty="Older")),
    ("ICE61", "must be added to the SecureCustomProperties",
     lambda p: put(p, "Property", "SecureCustomProperties", Value="TOKEN")),
    ("ICE61", "only one record", lambda p: p.tables["Upgrade"].rows.append(
        dict(p.tables["Upgrade"].rows[0], Attributes="2"))),
    ("ICE61", "cannot be less than", lambda p: put(p, "Upgrade", UPGRADE, VersionMin="2.0.0", Attributes="2")),
    ("ICE61", "is no product version", lambda p: put(p, "Upgrade", UPGRADE, VersionMax="1.x")),
    ("ICE61", "only older versions", lambda p: put(p, "Upgrade", UPGRADE, Attributes="513")),
    # The order that made every upgrade fail: a rollback action is written into the script, too.
    ("ICE63", "Deferred writes the script", lambda p: (move(p, "Deferred", 710), move(p, "RemoveExistingProducts", 720))),
    ("ICE63", "PublishProduct writes the script", lambda p: (move(p, "PublishProduct", 2005), move(p, "RemoveExistingProducts", 2050))),
    ("ICE63", "before InstallValidate", lambda p: move(p, "RemoveExistingProducts", 150)),
    ("ICE64", "not listed in the RemoveFile table",
     lambda p: (user_folder(p), put(p, "Directory", "Below", Directory_Parent="DesktopFolder", DefaultDir="b"))),
    ("ICE77", "Deferred is a in-script custom action", lambda p: move(p, "Deferred", 2250)),
    ("ICE77", "InstallFinalize is missing", lambda p: p.tables["InstallExecuteSequence"].rows.pop()),
    ("ICE78", "No UI is allowed", lambda p: p.tables.update(AdvtUISequence=table(SEQUENCE, 1, ("Welcome", "", "1")))),
    ("ICE80", "64 bit component", lambda p: p.summary.update(Template="Intel;1033")),
    ("ICE80", "uses 64BitDirectory", lambda p: put(p, "Component", "Main", Attributes="0")),
    ("ICE80", "uses 32BitDirectory", lambda p: put(p, "Directory", "HOME", Directory_Parent="ProgramFilesFolder")),
    ("ICE80", "schema less than 200", lambda p: p.summary.update(Version="100 (64)")),
    ("ICE80", "not contained in the Template", lambda p: p.summary.update(Template="x64;1031")),
    ("ICE80", "64 bit Locator Type", lambda p: p.summary.update(Template="Intel;1033")),
    ("ICE80", "64 bit custom action script",
     lambda p: (p.summary.update(Template="Intel;1033"), put(p, "CustomAction", "Deferred", Type="7169"))),
    ("ICE82", "does not contain: RegisterUser", lambda p: p.tables["InstallExecuteSequence"].rows.pop(
        ORDER.index("RegisterUser"))),
    ("ICE82", "duplicate sequence number", lambda p: move(p, "SetData", 1700)),
    ("ICE91", "per user directory", lambda p: user_folder(p, "LocalAppDataFolder")),
    ("ICE99", "same as one of the MSI Public Properties", lambda p: put(p, "Directory", "CustomActionData")),
    ("PUBLIC", "must not contain lowercase letters", lambda p: put(p, "AppSearch", "Kept", Signature_="Kept")),
    ("PUBLIC", "the caller of a repair could set it",
     lambda p: put(p, "Property", "SecureCustomProperties", Value="OLDER;TOKEN;KEPT")),
    ("SECURE", "has TOKEN twice", lambda p: put(p, "Property", "SecureCustomProperties", Value="OLDER;TOKEN;TOKEN")),
    ("SECURE", "is no property's name", lambda p: put(p, "Property", "MsiHiddenProperties", Value="TOKEN;Deferred;a b")),
    ("SECURE", "SecureCustomProperties: Kept must not contain lowercase",
     lambda p: put(p, "Property", "SecureCustomProperties", Value="OLDER;Kept")),
    ("SECURE", "is not in MsiHiddenProperties", lambda p: put(p, "Property", "MsiHiddenProperties", Value="TOKEN")),
    ("SECURE", "its target is not hidden", lambda p: put(p, "CustomAction", "SetData", Type="51")),
]


class Rules(unittest.TestCase):
    def test_a_good_package(self):
        self.assertEqual(ice.check(package()), [])

    def test_each_rule_broken(self):
        for rule, words, break_it in BROKEN:
            with self.subTest(rule=rule, words=words):
                p = copy.deepcopy(package())
                break_it(p)
                found = [fault for fault in ice.check(p) if fault.startswith(rule + ": ") and words in fault]
                self.assertTrue(found, f"{rule} does not say \"{words}\" but {ice.check(p)}")

    def test_no_rule_without_a_break(self):
        self.assertEqual({rule for rule, _, _ in BROKEN}, set(ice.RULES))

    def test_where_the_older_version_may_go(self):
        """The four places of ICE63."""
        for number in (650, 705, 2250):
            p = package()
            move(p, "RemoveExistingProducts", number)
            self.assertEqual([fault for fault in ice.check(p) if "ICE63" in fault], [], number)

    def test_a_table_as_msiinfo_writes_it(self):
        text = "A\tB\r\ns72\tL255\r\nT\tA\r\none\tx\ny\n\ntwo\t\r\n"
        t = ice.parse_table(text)
        self.assertEqual((t.columns, t.definitions, t.keys), (["A", "B"], ["s72", "L255"], 1))
        self.assertEqual([row["A"] for row in t.rows], ["one", "two"])
        self.assertTrue(t.rows[0]["B"].startswith("x\ny"))


unittest.main(argv=sys.argv[:1] + sys.argv[2:])
