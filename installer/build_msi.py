#!/usr/bin/python3
"""Builds the MSI: wixl makes the database of tripline.wxs, msibuild adds what wixl can't say, and what would differ from one
build to the next (times, package code) is set to what follows from the contents. An MSI that breaks one of ice.py's rules
is not made.

    build_msi.py --version 0.1.0 --exe F --messages F.dll --action F --sbom F --out F.msi

SOURCE_DATE_EPOCH is the time that all files and the database bear. Needs msitools and wixl.
"""
import argparse
import hashlib
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

import ice

HERE = Path(__file__).resolve().parent
NAMESPACE = uuid.UUID("6e0c1b1d-7e0b-5b52-9a0b-3c6c2d1f8a41")  # the upgrade code

# learn.microsoft.com/windows/win32/msi/custom-action-in-script-execution-options and -hidden-target-option
DLL_FROM_BINARY, CONTINUE, ROLLBACK, IN_SCRIPT, NO_IMPERSONATE, HIDE_TARGET = 1, 64, 256, 1024, 2048, 8192
SET_PROPERTY = 51

PUBLIC = ["ACCOUNT", "CA_FILE", "CLIENT_CERT", "CLIENT_KEY", "COLLECTOR_URL", "CONFIG_FILE", "LOOKBACK", "OUTPUT_TYPE",
          "PURGE", "RECONFIGURE", "SOURCES", "START_SERVICE", "TOKEN"]

# The message table's own version, which changes with the table alone: agent/tripline_messages.rc.
MESSAGES_VERSION = "1.0.0.0"


def action(name, more=0):
    kind = DLL_FROM_BINARY + IN_SCRIPT + NO_IMPERSONATE + more
    return f"UPDATE `CustomAction` SET `Type` = {kind} WHERE `Action` = '{name}'"


def condition(name, text):
    return f"UPDATE `InstallExecuteSequence` SET `Condition` = '{text}' WHERE `Action` = '{name}'"


QUERIES = [
    # What an administrator's own command line says reaches the part of the installation that runs as SYSTEM.
    "UPDATE `Property` SET `Value` = '{secure}' WHERE `Property` = 'SecureCustomProperties'",
    "INSERT INTO `Property` (`Property`, `Value`) VALUES ('MsiHiddenProperties', "
    "'TOKEN;COLLECTOR_URL;Configure;Upgrade;Restore;Unconfigure')",
    *(action(name, HIDE_TARGET) for name in ("Configure", "Upgrade", "Unconfigure")),
    action("Settle"),
    *(action(name, CONTINUE + ROLLBACK + HIDE_TARGET) for name in ("Restore", "Undo")),
    *(f"UPDATE `CustomAction` SET `Type` = {SET_PROPERTY + HIDE_TARGET} WHERE `Action` = '{name}'"
      for name in ("SetConfigure", "AddConfigure", "SetUpgrade")),
    # The newer version is there and runs before the older one goes, so that its components, the service among them, are
    # shared and stay. What fails before undoes what was done, and the older one was not touched.
    "INSERT INTO `InstallExecuteSequence` (`Action`, `Sequence`) VALUES ('InstallExecute', 6500)",
    "UPDATE `InstallExecuteSequence` SET `Sequence` = 6550 WHERE `Action` = 'RemoveExistingProducts'",
    # A repair changes nothing that runs; an upgrade keeps the service as it is (start type, recovery, access list).
    condition("StopServices", "NOT Installed OR REMOVE=\"ALL\""),
    condition("InstallServices", "NOT WIX_UPGRADE_DETECTED"),
    # A name that is no short one needs a short one before it.
    *(f"UPDATE `File` SET `FileName` = '{short}' WHERE `File` = '{name}'"
      for name, short in (("TriplineMessages", "triplmsg.dll|tripline_messages.dll"),
                          ("Sbom", "tripline.jsn|tripline.cdx.json"))),
    # A file with a version is replaced by that version's rule, not by its hash: the message table never, unless it changed.
    *(f"UPDATE `File` SET `Version` = '{number}' WHERE `File` = '{name}'"
      for name, number in (("TriplineExe", "{version}.0"), ("TriplineMessages", MESSAGES_VERSION))),
    *(f"UPDATE `File` SET `Language` = '1033' WHERE `File` = '{name}'" for name in ("TriplineExe", "TriplineMessages")),
    *(f"DELETE FROM `MsiFileHash` WHERE `File_` = '{name}'" for name in ("TriplineExe", "TriplineMessages")),
    # Windows searches once, and what is found before a dialog would not reach the part that installs.
    "DELETE FROM `InstallUISequence` WHERE `Action` = 'AppSearch'",
    # A service that can't be made ends the installation (msidbServiceInstallErrorControlVital).
    "UPDATE `ServiceInstall` SET `ErrorControl` = 32769 WHERE `ServiceInstall` = 'Service'",
    # REG_EXPAND_SZ, which wixl writes as REG_SZ: "#%" before the value.
    "UPDATE `Registry` SET `Value` = '#%[INSTALLFOLDER]tripline_messages.dll' WHERE `Name` = 'EventMessageFile'",
]


def run(*command, **more):
    done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise SystemExit(f"build_msi.py: {command[0]} failed: {done.stdout}{done.stderr}")
    # wixl only warns of what it leaves out, which would then be missing.
    if done.stderr.strip():
        raise SystemExit(f"build_msi.py: {command[0]} complains: {done.stderr}")
    return done.stdout


def set_summary(path, code, epoch):
    """Revision number and the two times of the summary information, in place: same length, so nothing moves."""
    data = bytearray(path.read_bytes())
    # [MS-OLEPS] 2.21: FMTID_SummaryInformation, then the offset of its section from the property set's beginning.
    fmtid = uuid.UUID("f29f85e0-4ff9-1068-ab91-08002b27b3d9").bytes_le
    at = data.find(fmtid)
    if at < 0 or data.find(fmtid, at + 1) >= 0:
        raise SystemExit("build_msi.py: the summary information is not where it should be")
    section = at - 28 + struct.unpack_from("<I", data, at + 16)[0]
    filetime = (epoch + 11644473600) * 10_000_000
    found = set()
    for i in range(struct.unpack_from("<I", data, section + 4)[0]):
        number, offset = struct.unpack_from("<II", data, section + 8 + 8 * i)
        kind = struct.unpack_from("<I", data, section + offset)[0]
        if number in (12, 13) and kind == 64:  # created, saved: VT_FILETIME
            struct.pack_into("<Q", data, section + offset + 4, filetime)
            found.add(number)
        elif number == 9 and kind == 30:  # revision number: VT_LPSTR
            text = f"{{{str(code).upper()}}}".encode("ascii")
            length = struct.unpack_from("<I", data, section + offset + 4)[0]
            if length != len(text) + 1:
                raise SystemExit("build_msi.py: the package code has another length than expected")
            data[section + offset + 8:section + offset + 8 + len(text)] = text
            found.add(number)
    if found != {9, 12, 13}:
        raise SystemExit("build_msi.py: the summary information lacks something")
    path.write_bytes(data)


def main():
    parser = argparse.ArgumentParser(description="builds the MSI")
    for name in ("version", "exe", "messages", "action", "sbom", "out"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "1704067200"))
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        inputs = {"Exe": options.exe, "Messages": options.messages, "Action": options.action, "Sbom": options.sbom}
        for path in ("LICENSE", "NOTICE", "config/tripline.xml", "config/tripline.xsd"):
            (work / path).parent.mkdir(exist_ok=True)
            shutil.copyfile(HERE.parent / path, work / path)
        for key, path in inputs.items():
            shutil.copyfile(path, work / key)
        shutil.copyfile(HERE / "tripline.wxs", work / "tripline.wxs")
        files = sorted(path for path in work.rglob("*") if path.is_file())
        digest = hashlib.sha256(options.version.encode())
        for path in files:
            os.utime(path, (epoch, epoch))
            digest.update(path.relative_to(work).as_posix().encode() + hashlib.sha256(path.read_bytes()).digest())
        digest.update("\n".join(QUERIES).encode())
        product = uuid.uuid5(NAMESPACE, "product " + options.version)
        package = uuid.uuid5(NAMESPACE, "package " + digest.hexdigest())
        msi = work / "out.msi"
        # wixl finds files by names relative to where it runs alone.
        run("wixl", "-a", "x64", "-o", msi, "-D", f"Version={options.version}", "-D", f"ProductCode={str(product).upper()}",
            "-D", "Source=.", *(word for key in inputs for word in ("-D", f"{key}={key}")), "tripline.wxs",
            env=dict(os.environ, TZ="UTC"), cwd=work)
        for query in QUERIES:
            secure = ";".join(PUBLIC + ["WIX_UPGRADE_DETECTED", "WIX_DOWNGRADE_DETECTED"])
            run("msibuild", msi, "-q", query.format(secure=secure, version=options.version))
        set_summary(msi, package, epoch)
        broken = ice.check(ice.read(msi))
        if broken:
            raise SystemExit("build_msi.py: this MSI would not do on Windows:\n" + "\n".join(broken))
        shutil.copyfile(msi, options.out)
    return 0


sys.exit(main())
