#!/usr/bin/python3
"""The MSI in Wine: install, upgrade under load, repair, downgrade, uninstall, purge; its tables; docs/install.md line by line.

    test_msi.py TRIPLINE_EXE BUILD_TREE

TRIPLINE_UPGRADES: how many upgrades under load (default 20).
"""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import suite
import wine
import world

PROGRAM, BUILD = Path(sys.argv[1]), Path(sys.argv[2])
SOURCE = world.HERE.parent.parent
WEVTAPI = BUILD / "tests" / "winsim" / "wevtapi.dll"
ACTION = BUILD / "installer" / "tripline_action.dll"
MESSAGES = BUILD / "tripline_messages.dll"
CHANNELS = [world.SECURITY, world.SYSMON, world.FORWARDED]
UPGRADES = 20 if world.LONG else 3
FAILED = (1603, 1627)  # Windows; Wine
SERVICE_KEY = "HKLM\\System\\CurrentControlSet\\Services\\Tripline"
SOURCE_KEY = "HKLM\\System\\CurrentControlSet\\Services\\EventLog\\Application\\Tripline"
KEPT_KEY = "HKLM\\Software\\Tripline"


def build(folder, version, program=PROGRAM):
    """An MSI of this version; the second time it is there already."""
    path = Path(folder) / f"tripline-{version}.msi"
    sbom = Path(folder) / "sbom.json"
    if not path.exists():
        sbom.write_text("{}\n")
        subprocess.run([sys.executable, SOURCE / "installer" / "build_msi.py", "--version", version, "--exe", program,
                        "--messages", MESSAGES, "--action", ACTION, "--sbom", sbom, "--out", path], check=True)
    return path


def table(msi, name):
    """Rows of a table as dictionaries."""
    done = subprocess.run(["msiinfo", "export", msi, name], check=True, capture_output=True)
    rows = done.stdout.decode("utf-8").replace("\r\n", "\n")
    head = rows.split("\n", 1)[0].split("\t")
    # A value may hold line feeds: cells are counted, not lines.
    body = rows.split("\n", 3)[3]
    cells, out = re.split(r"\t", body), []
    line = []
    for index, cell in enumerate(cells):
        line.append(cell)
        if len(line) == len(head) - 1 and index + 1 < len(cells):
            last, _, rest = cells[index + 1].rpartition("\n") if "\n" in cells[index + 1] else (cells[index + 1], "", "")
            if index + 2 == len(cells):
                last = cells[index + 1].rstrip("\n")
            out.append(dict(zip(head, [*line, last])))
            cells[index + 1] = rest
            line = []
    return out


class Tables(unittest.TestCase):
    """What the MSI holds, read back."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.msi = build(cls.folder.name, "0.1.0")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def rows(self, name, key):
        return {row[key]: row for row in table(self.msi, name)}

    def test_actions(self):
        actions = self.rows("CustomAction", "Action")
        # DLL + in script + as SYSTEM + target hidden; the rollback ones: + rollback + failures ignored
        self.assertEqual({name: int(actions[name]["Type"]) for name in
                          ("Configure", "Upgrade", "Unconfigure", "Restore", "Undo")},
                         {"Configure": 11265, "Upgrade": 11265, "Unconfigure": 11265, "Restore": 11585, "Undo": 11585})
        for name in ("SetConfigure", "AddConfigure", "SetUpgrade"):
            self.assertEqual(int(actions[name]["Type"]), 51 + 8192, name)
        self.assertEqual(int(actions["Settle"]["Type"]), 3073)
        for name in ("SetSettle", "SetRepair", "SetRestore", "SetUndo", "SetUnconfigure"):
            # Nothing that the caller of a repair or removal may choose, but for what a removal leaves.
            used = {word for word in re.findall(r"\[([A-Z_]+)\]", actions[name]["Target"])
                    if not word.startswith("KEPT_")} - {"INSTALLFOLDER"}
            self.assertLessEqual(used, {"PURGE"}, name)
        self.assertIn("START_SERVICE=0", actions["SetRepair"]["Target"])

    def test_sequence(self):
        order = {name: (int(row["Sequence"]), row["Condition"])
                 for name, row in self.rows("InstallExecuteSequence", "Action").items()}
        def before(*names):
            numbers = [order[name][0] for name in names]
            self.assertEqual(numbers, sorted(numbers), names)
        before("AppSearch", "KeepSources", "CostInitialize")
        # The older version goes when the newer one runs: ICE63, and the service is kept.
        before("InstallInitialize", "ProcessComponents", "InstallExecute", "RemoveExistingProducts", "InstallFinalize")
        between = [name for name, (number, _) in order.items()
                   if order["InstallExecute"][0] < number < order["RemoveExistingProducts"][0]]
        self.assertEqual(between, [])
        before("StopServices", "SetSettle", "Settle", "SetUnconfigure", "Unconfigure", "DeleteServices", "RemoveFiles")
        before("InstallServices", "SetUndo", "Undo", "SetRestore", "Restore", "SetConfigure", "AddConfigure", "SetRepair",
               "Configure", "SetUpgrade", "Upgrade", "InstallExecute")
        before("Settle", "RemoveFiles", "InstallFiles")
        self.assertEqual(order["Settle"][1], 'WIX_UPGRADE_DETECTED OR (REMOVE="ALL" AND NOT UPGRADINGPRODUCTCODE)')
        self.assertEqual(order["StopServices"][1], 'NOT Installed OR REMOVE="ALL"')  # not by a repair
        self.assertEqual(order["InstallServices"][1], "NOT WIX_UPGRADE_DETECTED")  # not anew by an upgrade
        self.assertEqual(order["Unconfigure"][1], 'REMOVE="ALL" AND NOT UPGRADINGPRODUCTCODE')
        self.assertNotIn("AppSearch", self.rows("InstallUISequence", "Action"))

    def test_rules(self):
        """ice.py finds nothing in this MSI, and what was wrong with the first one: the order that fails each upgrade."""
        sys.path.insert(0, str(SOURCE / "installer"))
        import ice
        package = ice.read(self.msi)
        self.assertEqual(ice.check(package), [])
        for row in ice.rows(package, "InstallExecuteSequence"):
            row["Sequence"] = {"Restore": "1502", "RemoveExistingProducts": "1503"}.get(row["Action"], row["Sequence"])
        self.assertTrue([fault for fault in ice.check(package) if fault.startswith("ICE63")])

    def test_no_msi_that_breaks_a_rule(self):
        """build_msi.py refuses: here a name in AppSearch that Windows does not take."""
        with tempfile.TemporaryDirectory() as folder:
            tree = Path(folder) / "tree"
            for name in ("installer", "config"):
                shutil.copytree(SOURCE / name, tree / name)
            for name in ("LICENSE", "NOTICE"):
                shutil.copy(SOURCE / name, tree / name)
            wxs = tree / "installer" / "tripline.wxs"
            wxs.write_text(wxs.read_text().replace('Property Id="KEPT_SOURCES"', 'Property Id="KeptSources"'))
            out = Path(folder) / "t.msi"
            done = subprocess.run([sys.executable, tree / "installer" / "build_msi.py", "--version", "0.1.0", "--exe",
                                   MESSAGES, "--messages", MESSAGES, "--action", ACTION, "--sbom", tree / "LICENSE",
                                   "--out", out], check=False, capture_output=True, text=True)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("AppSearch.Property KeptSources must not contain lowercase letters", done.stderr)
            self.assertFalse(out.exists())

    def test_properties(self):
        properties = {name: row["Value"] for name, row in self.rows("Property", "Property").items()}
        documented = set(re.findall(r"^\| `([A-Z_]+)`", (SOURCE / "docs" / "install.md").read_text(), re.M))
        secure = set(properties["SecureCustomProperties"].split(";"))
        self.assertEqual(secure - {"WIX_UPGRADE_DETECTED", "WIX_DOWNGRADE_DETECTED"}, documented)
        self.assertLessEqual({"TOKEN", "COLLECTOR_URL", "Configure", "Upgrade"}, set(properties["MsiHiddenProperties"].split(";")))
        self.assertEqual(properties["UpgradeCode"], "{6E0C1B1D-7E0B-5B52-9A0B-3C6C2D1F8A41}")
        self.assertEqual(properties["ALLUSERS"], "1")
        self.assertEqual(properties["MSIRESTARTMANAGERCONTROL"], "Disable")

    def test_files_and_service(self):
        files = self.rows("File", "File")
        self.assertEqual(files["TriplineExe"]["Version"], "0.1.0.0")
        self.assertNotIn("TriplineExe", self.rows("MsiFileHash", "File_"))
        # Its own version: what the Event Log's readers hold open is not replaced.
        newer = {row["File"]: row for row in table(build(self.folder.name, "0.1.1"), "File")}
        self.assertEqual((files["TriplineMessages"]["Version"], newer["TriplineMessages"]["Version"]), ("1.0.0.0",) * 2)
        self.assertNotIn("TriplineMessages", self.rows("MsiFileHash", "File_"))
        service = self.rows("ServiceInstall", "ServiceInstall")["Service"]
        self.assertEqual((service["StartType"], service["ServiceType"], service["ErrorControl"]), ("2", "16", "32769"))
        source = [row for row in table(self.msi, "Registry") if row["Name"] == "EventMessageFile"]
        self.assertEqual(source[0]["Value"], "#%[INSTALLFOLDER]tripline_messages.dll")

    def test_reproducible(self):
        newer = build(self.folder.name, "0.1.1")
        with tempfile.TemporaryDirectory() as other:
            time.sleep(2)  # times in a database count whole and even seconds
            again = build(other, "0.1.0")
            self.assertEqual(hashlib.sha256(again.read_bytes()).digest(), hashlib.sha256(self.msi.read_bytes()).digest())
        codes = [{row["Property"]: row["Value"] for row in table(msi, "Property")}["ProductCode"]
                 for msi in (self.msi, newer)]
        self.assertNotEqual(codes[0], codes[1])

    def test_program(self):
        """What the loader and the Event Viewer find in tripline.exe."""
        show = subprocess.run([SOURCE / "cmake" / "load_config.py", "--show", PROGRAM], check=True, capture_output=True,
                              text=True)
        self.assertEqual(show.stdout, "0x800\n")  # LOAD_LIBRARY_SEARCH_SYSTEM32
        dump = subprocess.run(["x86_64-w64-mingw32-objdump", "-p", PROGRAM], check=True, capture_output=True, text=True).stdout
        self.assertRegex(dump, r"DllCharacteristics\s+00000160")  # high entropy, ASLR, DEP
        imported = {name.lower() for name in re.findall(r"DLL Name: (\S+)", dump)}
        self.assertLessEqual(imported, {"advapi32.dll", "bcrypt.dll", "crypt32.dll", "iphlpapi.dll", "kernel32.dll",
                                        "msvcrt.dll", "netapi32.dll", "ntdll.dll", "ole32.dll", "secur32.dll",
                                        "shell32.dll", "tdh.dll", "user32.dll", "wevtapi.dll", "ws2_32.dll"})
        data = PROGRAM.read_bytes()
        for text in ("OriginalFilename", "T1001 %1!S!", "T2006 %1!S!"):
            self.assertIn(text.encode("utf-16-le"), data)
        self.assertIn(b'level="asInvoker"', data)

    def test_messages(self):
        """tripline_messages.dll: the version that the MSI says, every id, no code."""
        data = MESSAGES.read_bytes()
        self.assertIn("1.0.0.0".encode("utf-16-le"), data)
        used = [int(n) for n in re.findall(r"= (\d{4})", (SOURCE / "agent" / "log" / "messages.h").read_text())]
        for number in [*used, 1399, 4399]:
            self.assertIn(f"T{number} %1!S!".encode("utf-16-le"), data)
        dump = subprocess.run(["x86_64-w64-mingw32-objdump", "-p", MESSAGES], check=True, capture_output=True, text=True).stdout
        self.assertRegex(dump, r"AddressOfEntryPoint\s+0+\n")
        self.assertNotIn("DLL Name", dump)
        # What it is made of changes with its version alone.
        rc = (SOURCE / "agent" / "tripline_messages.rc").read_text()
        ranges = re.search(r"^RANGES = .*$", (SOURCE / "agent" / "log" / "message_table.py").read_text(), re.M).group(0)
        self.assertEqual((re.search(r'"FileVersion", "(.*)"', rc).group(1), ranges),
                         ("1.0.0.0", "RANGES = [(1000, 1399), (2000, 2399), (3000, 3399), (4000, 4399)]"))

    def test_sbom(self):
        prefix = subprocess.run([SOURCE / "cmake" / "deps" / "build-deps.sh", "--print-prefix"], check=True,
                                capture_output=True, text=True).stdout.strip()
        out = Path(self.folder.name) / "t.cdx.json"
        command = [sys.executable, SOURCE / "installer" / "sbom.py", "--version", "0.1.0", "--commit", "x", "--pins",
                   SOURCE / "cmake" / "deps" / "pins.txt", "--versions", Path(prefix) / "versions.txt", "--exe", PROGRAM,
                   "--out", out]
        subprocess.run(command, check=True)
        first = out.read_bytes()
        bom = json.loads(first)
        self.assertEqual(bom["bomFormat"], "CycloneDX")
        self.assertEqual({part["name"] for part in bom["components"]},
                         {"openssl", "expat", "curl", "sqlite3", "jansson", "libyaml", "pcre2", "zlib"})
        for part in bom["components"]:
            self.assertRegex(part["version"], r"^\d+\.\d+(\.\d+)?$")
            for reference in part.get("externalReferences", []):
                self.assertRegex(reference["hashes"][0]["content"], "^[0-9a-f]{64}$")
        self.assertEqual(bom["metadata"]["component"]["hashes"][0]["content"],
                         hashlib.sha256(PROGRAM.read_bytes()).hexdigest())
        subprocess.run(command, check=True)
        self.assertEqual(out.read_bytes(), first)

    def test_signature(self):
        """Signed with a throw-away certificate, it verifies against that one, and not against another."""
        where = Path(self.folder.name)
        for name in ("good", "other"):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", where / f"{name}.key",
                            "-out", where / f"{name}.pem", "-days", "2", "-subj", f"/CN=Tripline test {name}", "-addext",
                            "extendedKeyUsage=codeSigning"], check=True, capture_output=True)
        signed = where / "signed.msi"
        environment = dict(os.environ, TRIPLINE_SIGN_CERTIFICATE=str(where / "good.pem"),
                           TRIPLINE_SIGN_KEY=str(where / "good.key"))
        subprocess.run([SOURCE / "installer" / "sign.sh", self.msi, signed], check=True, env=environment,
                       capture_output=True)
        for name, good in (("good", True), ("other", False)):
            done = subprocess.run(["osslsigncode", "verify", "-CAfile", where / f"{name}.pem", signed], check=False,
                                  capture_output=True)
            self.assertEqual(done.returncode == 0, good, done.stdout)


class Installed(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.certificates = self.path / "certificates"
        world.make_certificates(self.certificates)
        self.wine = wine.Wine(self.path, PROGRAM, WEVTAPI)
        (self.wine.home / "tripline.exe").unlink()
        self.wine.home.rmdir()
        self.wine.state.rmdir()
        self.before = self.snapshot()
        for name in CHANNELS:
            self.wine.append(name)
        self.receiver = world.Receiver(self.path, self.certificates)
        self.drive = self.wine.prefix / "drive_c"
        (self.drive / "ca.pem").write_bytes((self.certificates / "ca.pem").read_bytes())
        self.records = 0

    def tearDown(self):
        aborts, log = self.wine.aborts(), self.wine.log()
        other = self.wine.state / "state" / "tripline.log"
        if other.is_file():
            log += other.read_text(encoding="utf-8", errors="replace")
        self.wine.stop()
        self.receiver.stop()
        self.folder.cleanup()
        if suite.failed(self):
            print("the agent's log:\n" + log[-4000:])
        self.assertEqual(aborts, "")

    def snapshot(self):
        """Files below C: that an installation could leave."""
        drive = self.wine.prefix / "drive_c"
        return {str(path.relative_to(drive)) for top in ("Program Files", "ProgramData")
                for path in (drive / top).rglob("*")}

    def msi(self, version, program=PROGRAM):
        """The Windows path of the MSI of this version."""
        path = build(self.path, version, program)
        target = self.drive / path.name
        if not target.exists():
            target.write_bytes(path.read_bytes())
        return "C:\\" + path.name

    def install(self, version="0.1.0", *properties):
        begin = time.monotonic()
        code = self.wine.msiexec("/i", self.msi(version), *(properties or (
            f"COLLECTOR_URL={self.receiver.url}", "CA_FILE=C:\\ca.pem", "LOOKBACK=all", "TOKEN=hush'hush & <word>")), "/qn")
        self.took = time.monotonic() - begin
        return code

    def registry(self, key):
        code, out, _ = self.wine.run("query", key, "/s", program="reg")
        return out if code == 0 else ""

    def attack(self, count=1):
        for _ in range(count):
            self.records += 1
            self.wine.append(world.SECURITY, world.event_4688(self.records, world.ATTACK))

    def taken(self):
        return [r for r in self.receiver.received() if 200 <= r["status"] < 300]

    def wait_for_alerts(self, count, timeout_s=30):
        def got():
            return {r["alert"]["event"]["sequence"] for r in self.taken()}
        world.wait_for(lambda: len(got()) >= count, timeout_s, f"{count} alerts")
        return got()

    def tripline(self, *arguments):
        return self.wine.run(*arguments)

    def test_install(self):
        self.assertEqual(self.install(), 0)
        print(f"install: {self.took:.1f} s")
        self.attack()
        self.wait_for_alerts(1)
        headers = {name.lower(): value for name, value in self.taken()[0]["headers"].items()}
        self.assertEqual(headers["authorization"], "Bearer hush'hush & <word>")
        service = self.registry(SERVICE_KEY)
        self.assertIn("\"C:\\Program Files\\Tripline\\tripline.exe\" service --config "
                      "\"C:\\ProgramData\\Tripline\\tripline.xml\"", service)
        self.assertRegex(service, r"Start\s+REG_DWORD\s+0x2")
        self.assertRegex(self.registry(SOURCE_KEY), r"EventMessageFile\s+REG_EXPAND_SZ\s+C:\\Program Files\\Tripline")
        # The token is in the config and nowhere else.
        self.assertNotIn("hush", self.registry(KEPT_KEY) + service)
        self.wine.shell("winsim_session_stop", self.wine.prefix)
        found = set()
        for path in self.wine.prefix.rglob("*"):
            if path.is_file() and not path.is_symlink() and "windows" not in path.parts:
                data = path.read_bytes()
                if b"hush'hush" in data or "hush'hush".encode("utf-16-le") in data:
                    found.add(path.name)
        found.discard("msi.log")  # the test's own; Wine's log shows properties that MsiHiddenProperties names
        self.assertEqual(found, {"tripline.xml"})

    def test_upgrades_under_load(self):
        """Alerts made all the time while versions replace each other: each arrives."""
        self.assertEqual(self.install("0.1.0", f"COLLECTOR_URL={self.receiver.url}", "CA_FILE=C:\\ca.pem",
                                      "LOOKBACK=all", "SOURCES=eventlog"), 0)
        config = self.wine.state / "tripline.xml"
        edited = config.read_text().replace("name=\"central\"", "name=\"central\" max-batch-alerts=\"7\"")
        config.write_text(edited)
        stop = threading.Event()
        load = threading.Thread(target=self.load, args=(stop,))
        load.start()
        times = []
        try:
            for i in range(1, UPGRADES + 1):
                self.assertEqual(self.install(f"0.1.{i}", "REBOOT=ReallySuppress"), 0, f"upgrade {i}")
                times.append(self.took)
                self.assertIsNotNone(self.wine.service_pid(), f"upgrade {i}")
        finally:
            stop.set()
            load.join()
        got = self.wait_for_alerts(self.records, 60)
        lost = set(range(1, self.records + 1)) - got
        print(f"{UPGRADES} upgrades of {min(times):.1f} to {max(times):.1f} s, {self.records} alerts, lost: {len(lost)}")
        self.assertEqual(lost, set())
        self.assertEqual(config.read_text(), edited)
        self.assertRegex(self.registry(KEPT_KEY), r"Sources\s+REG_SZ\s+eventlog")

    def load(self, stop):
        while not stop.is_set():
            self.attack()
            time.sleep(0.05)

    def repair(self, *properties):
        return self.wine.msiexec("/i", self.msi("0.1.0"), "REINSTALL=ALL", "REINSTALLMODE=omus", *properties, "/qn")

    def test_repair(self):
        """Brings back what is gone, lets nobody send the alerts elsewhere, and changes nothing that runs."""
        self.assertEqual(self.install(), 0)
        (self.wine.home / "LICENSE.txt").unlink()
        config = (self.wine.state / "tripline.xml").read_text()
        self.attack()
        self.wait_for_alerts(1)
        before = self.wine.service_pid()
        self.assertIsNotNone(before)
        self.assertEqual(self.repair("COLLECTOR_URL=https://evil.invalid/", "RECONFIGURE=1", "START_SERVICE=0"), 0)
        self.assertTrue((self.wine.home / "LICENSE.txt").is_file())
        self.assertEqual((self.wine.state / "tripline.xml").read_text(), config)
        self.assertEqual(self.wine.service_pid(), before)  # the same process: not even for a moment nobody watched
        self.attack()
        self.wait_for_alerts(2)
        # One that was stopped stays so.
        self.assertEqual(self.tripline("stop")[0], 0)
        self.assertEqual(self.repair(), 0)
        self.assertIsNone(self.wine.service_pid())

    def old_layout(self):
        """The state beside the config, as version 0.1.0 had it."""
        for path in list((self.wine.state / "state").iterdir()):
            path.rename(self.wine.state / path.name)
        (self.wine.state / "state").rmdir()

    def test_an_older_layout(self):
        """Until an installation moves it the state is used where it is; an upgrade moves all of it and loses nothing."""
        self.assertEqual(self.install(), 0)
        self.attack()
        self.wait_for_alerts(1)
        self.assertEqual(self.tripline("stop")[0], 0)
        self.old_layout()
        (self.wine.state / "tripline.db.damaged-1").write_text("x")
        self.assertEqual(self.tripline("start")[0], 0)
        self.attack()
        self.wait_for_alerts(2)
        self.assertFalse((self.wine.state / "state").exists())
        self.attack()  # lies in the log or in the outbox when the upgrade comes
        self.assertEqual(self.install("0.1.1", "REBOOT=ReallySuppress"), 0)
        self.attack()
        self.assertEqual(self.wait_for_alerts(4), {1, 2, 3, 4})
        names = {path.name for path in (self.wine.state / "state").iterdir()}
        self.assertLessEqual({"tripline.db", "tripline.log", "tripline.db.damaged-1"}, names)
        self.assertEqual({path.name for path in self.wine.state.iterdir()}, {"tripline.xml", "state"})

    def test_an_upgrade_that_fails_leaves_the_older_version_its_layout(self):
        self.assertEqual(self.install(), 0)
        self.assertEqual(self.tripline("stop")[0], 0)
        self.old_layout()
        self.assertIn(self.install("0.1.1", "COLLECTOR_URL=https://x.example/", "CLIENT_CERT=C:\\ca.pem",
                                   "RECONFIGURE=1"), FAILED)
        self.assertTrue((self.wine.state / "tripline.db").is_file())
        self.assertFalse((self.wine.state / "state").exists())

    def test_a_move_that_was_cut_off(self):
        """Half of the state waits: nothing starts on the other half, and the next installation carries on."""
        self.assertEqual(self.install(), 0)
        self.attack()
        self.wait_for_alerts(1)
        self.assertEqual(self.tripline("stop")[0], 0)
        (self.wine.state / "state").rename(self.wine.state / "state.new")
        (self.wine.state / "state.new" / "tripline.log").rename(self.wine.state / "tripline.log")
        self.assertNotEqual(self.tripline("start")[0], 0)
        self.assertEqual(self.install("0.1.1", "REBOOT=ReallySuppress"), 0)
        self.attack()
        self.assertEqual(self.wait_for_alerts(2), {1, 2})
        self.assertEqual({path.name for path in self.wine.state.iterdir()}, {"tripline.xml", "state"})

    def test_purge_of_another_directory(self):
        """A state that the config has elsewhere: all of the agent's own files go, somebody else's stay."""
        self.assertEqual(self.install(), 0)
        self.assertEqual(self.tripline("stop")[0], 0)
        config = self.wine.state / "tripline.xml"
        config.write_text(config.read_text().replace("<outputs", "<state directory=\"C:\\st\"/>\n    <outputs", 1))
        self.assertEqual(self.tripline("start")[0], 0)
        other = self.drive / "st"
        world.wait_for(lambda: (other / "status.json").is_file(), 20, "a status")
        for name in ("tripline.db.bookmarks", "tripline.db.damaged-20260101", "selftest.txt", "status.json.new", "mine.txt"):
            (other / name).write_text("x")
        self.assertEqual(self.wine.msiexec("/x", self.msi("0.1.0"), "PURGE=1", "/qn"), 0)
        self.assertEqual([path.name for path in other.iterdir()], ["mine.txt"])

    def test_a_domain_controller(self):
        """There the group is the domain's: an uninstallation takes the right from no other host."""
        self.assertEqual(self.wine.run("add", "HKLM\\System\\CurrentControlSet\\Control\\ProductOptions", "/v", "ProductType",
                                       "/d", "LanmanNT", "/f", program="reg")[0], 0)
        self.wine.home.mkdir()
        (self.wine.home / "tripline.exe").write_bytes(PROGRAM.read_bytes())
        code, out, errors = self.tripline("install", f"COLLECTOR_URL={self.receiver.url}", "CA_FILE=C:\\ca.pem")
        self.assertEqual(code, 0, out + errors)
        code, out, errors = self.tripline("uninstall")
        self.assertEqual(code, 0, out + errors)
        self.assertIn("stays in Event Log Readers", out)

    def test_downgrade(self):
        self.assertEqual(self.install("0.1.1"), 0)
        self.assertIn(self.install("0.1.0"), FAILED)
        self.attack()
        self.wait_for_alerts(1)

    def test_uninstall_and_purge(self):
        self.assertEqual(self.install(), 0)
        self.attack()
        self.wait_for_alerts(1)
        self.assertEqual(self.wine.msiexec("/x", self.msi("0.1.0"), "/qn"), 0)
        self.assertIsNone(self.wine.service_pid())
        self.assertFalse(self.wine.home.exists())
        self.assertTrue((self.wine.state / "tripline.xml").is_file())
        self.assertTrue((self.wine.state / "state" / "tripline.db").is_file())
        # With the old config and outbox it goes on where it was: what came before is not sent again.
        self.assertEqual(self.install("0.1.0", "REBOOT=ReallySuppress"), 0)
        self.attack()
        self.wait_for_alerts(2)
        self.assertEqual(self.wine.msiexec("/x", self.msi("0.1.0"), "PURGE=1", "/qn"), 0)
        left = self.snapshot() - self.before
        keys = [key for key in (SERVICE_KEY, SOURCE_KEY, KEPT_KEY) if self.registry(key)]
        print(f"left after purge: {len(left)} files, {len(keys)} registry keys")
        self.assertEqual((left, keys), (set(), []))

    def test_failures(self):
        """Bad properties: nothing is left behind, and the next try is free to do better."""
        self.assertIn(self.install("0.1.0", "COLLECTOR_URL=http://plain.example/"), FAILED)
        self.assertFalse((self.wine.state / "tripline.xml").exists())
        self.assertFalse((self.wine.home / "tripline.exe").exists())
        self.assertEqual(self.registry(SERVICE_KEY), "")
        self.assertIn(self.install("0.1.0", "COLLECTOR_URL=https://x.example/", "ACCOUNT=CORP\\bob"), FAILED)
        self.assertIn(self.install("0.1.0", f"COLLECTOR_URL={self.receiver.url}", "CA_FILE=C:\\none.pem"), FAILED)
        self.assertEqual(self.install(), 0)
        self.attack()
        self.wait_for_alerts(1)

    def test_without_config(self):
        """A config that comes later, from a configuration manager."""
        self.assertEqual(self.install("0.1.0", "REBOOT=ReallySuppress"), 0)
        self.assertIsNone(self.wine.service_pid())
        world.write_config(self.wine.state / "tripline.xml", self.receiver.url, "C:\\ca.pem", CHANNELS,
                           "C:\\ProgramData\\Tripline")
        self.assertEqual(self.tripline("start")[0], 0)
        self.attack()
        self.wait_for_alerts(1)

    def test_start_service_0_and_config_file(self):
        self.assertIn(self.install("0.1.0", f"COLLECTOR_URL={self.receiver.url}", "CA_FILE=C:\\ca.pem", "LOOKBACK=all",
                                   "CONFIG_FILE=C:\\other place\\t.xml", "START_SERVICE=0"), FAILED)  # no such folder
        (self.drive / "other place").mkdir()
        self.assertEqual(self.install("0.1.0", f"COLLECTOR_URL={self.receiver.url}", "CA_FILE=C:\\ca.pem", "LOOKBACK=all",
                                      "CONFIG_FILE=C:\\other place\\t.xml", "START_SERVICE=0"), 0)
        self.assertIsNone(self.wine.service_pid())
        self.assertTrue((self.drive / "other place" / "t.xml").is_file())
        # Remembered: the next version still reads that file.
        self.assertEqual(self.install("0.1.1", "REBOOT=ReallySuppress"), 0)
        self.assertIn("--config \"C:\\other place\\t.xml\"", self.registry(SERVICE_KEY))
        self.attack()
        self.wait_for_alerts(1)
        self.assertEqual(self.wine.msiexec("/x", self.msi("0.1.1"), "PURGE=1", "/qn"), 0)
        self.assertFalse((self.drive / "other place" / "t.xml").exists())

    def test_start_and_stop_50_times(self):
        self.assertEqual(self.install(), 0)
        self.assertEqual(self.tripline("stop")[0], 0)
        for i in range(50):
            for verb in ("start", "stop"):
                done = self.tripline(verb)
                self.assertEqual(done[0], 0, f"{verb} {i}: {done} {self.wine.log()[-1500:]}")
        self.assertEqual(self.tripline("start")[0], 0)
        self.attack()
        self.wait_for_alerts(1)
        self.wine.kill_service()
        self.attack()
        self.assertEqual(self.tripline("start")[0], 0)
        self.assertEqual(self.wait_for_alerts(2), {1, 2})

    def test_by_hand(self):
        """tripline install and uninstall do what the MSI does."""
        self.wine.home.mkdir()
        (self.wine.home / "tripline.exe").write_bytes(PROGRAM.read_bytes())
        listed = self.drive / "properties.txt"
        listed.write_bytes(b"\xef\xbb\xbf" + f"COLLECTOR_URL={self.receiver.url}\r\nCA_FILE=C:\\ca.pem\r\n"
                           "TOKEN=\"quoted\" <&>\r\nLOOKBACK=all\r\n".encode())
        code, out, errors = self.tripline("install", "--properties", "C:\\properties.txt", "START_SERVICE=1")
        self.assertEqual(code, 0, out + errors)
        self.attack()
        self.wait_for_alerts(1)
        headers = {name.lower(): value for name, value in self.taken()[0]["headers"].items()}
        self.assertEqual(headers["authorization"], "Bearer \"quoted\" <&>")
        self.assertRegex(self.registry(SOURCE_KEY), r"TypesSupported\s+REG_DWORD\s+0x7")
        self.assertIn("already", self.tripline("install")[2])
        self.assertEqual(self.tripline("uninstall")[0], 0)
        self.assertEqual(self.registry(SOURCE_KEY), "")
        config = self.wine.state / "tripline.xml"
        first = config.read_text()
        again = ("install", "--properties", "C:\\properties.txt", "LOOKBACK=7d")
        self.assertIn("is kept as it is", self.tripline(*again)[1])
        self.assertEqual(config.read_text(), first)
        self.assertEqual(self.tripline("uninstall")[0], 0)
        self.assertEqual(self.tripline(*again, "RECONFIGURE=1")[0], 0)
        self.assertIn("lookback=\"7d\"", config.read_text())
        self.assertEqual((self.wine.state / "tripline.xml.old").read_text(), first)
        self.assertEqual(self.tripline("install", "COLLECTOR=x")[0], 2)
        self.assertEqual(self.tripline("install", "--nonsense")[0], 2)
        self.assertEqual(self.tripline("install", "--properties", "C:\\none.txt")[0], 1)
        self.assertEqual(self.tripline("uninstall", "PURGE=1")[0], 0)
        self.assertFalse(self.wine.state.exists())

    def test_failed_reconfigure(self):
        """A new config that does not start the service gives way to the old one."""
        self.assertEqual(self.install(), 0)
        config = self.wine.state / "tripline.xml"
        first = config.read_text()
        self.assertIn(self.install("0.1.1", "COLLECTOR_URL=https://x.example/", "CLIENT_CERT=C:\\ca.pem",
                                   "RECONFIGURE=1"), FAILED)
        self.assertEqual(config.read_text(), first)
        self.assertFalse((self.wine.state / "tripline.xml.old").exists())

    def test_second_agent(self):
        self.assertEqual(self.install(), 0)
        code, _, errors = self.tripline("run")
        self.assertEqual(code, 1)
        self.assertIn("another agent uses the state directory", errors)

    def test_document(self):
        """docs/install.md: each of its commands, in its order."""
        text = (SOURCE / "docs" / "install.md").read_text(encoding="utf-8")
        commands = re.findall(r"^    (msiexec .*|sc .*|tripline .*)$", text, re.M)
        self.assertGreaterEqual(len(commands), 6)
        for command in commands:
            command = command.replace("https://collector.example.com/alerts", self.receiver.url)
            command = re.sub(r"tripline-[0-9.]+\.msi", lambda m: self.msi(m.group(0)[9:-4]), command)
            words = re.findall(r'(?:[^\s"]|"[^"]*")+', command.replace("D:\\ca.pem", "C:\\ca.pem"))
            words = [word.replace('"', "") for word in words]
            if words[0] == "msiexec":
                if "REINSTALL=ALL" in words:  # it stops nothing; Wine lays a file of the same version anew, though it is in use
                    self.assertEqual(self.tripline("stop")[0], 0)
                code = self.wine.msiexec(*words[1:])
            elif words[0] == "sc":
                code = self.wine.run(*words[1:], program="sc")[0]
            else:
                code = self.tripline(*words[1:])[0]
            self.assertEqual(code, 0, command)
            if "/i" in words:  # Wine's msiexec, unlike Windows', does not wait until the service runs
                self.assertEqual(self.tripline("start")[0], 0)
            if "/i" in words and "COLLECTOR_URL" in command:
                self.attack()
                self.wait_for_alerts(self.records)
        self.assertEqual(self.snapshot() - self.before, set())


suite.main(sys.argv[3:])
