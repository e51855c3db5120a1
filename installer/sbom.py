#!/usr/bin/python3
"""Writes the bill of materials of tripline.exe as CycloneDX 1.5 JSON, from what was really built in.

    sbom.py --version 0.1.0 --commit HASH --pins cmake/deps/pins.txt --versions PREFIX/versions.txt --exe F --out F.cdx.json

Every library that is linked in, with its version, its source package and the SHA-256 of each source file; the compiler as a
tool. Nothing in it depends on when or where it is written: time is SOURCE_DATE_EPOCH, the serial number comes of the contents.
"""
import argparse
import datetime
import hashlib
import json
import os
import re
import sys
import uuid
from pathlib import Path

NAMESPACE = uuid.UUID("6e0c1b1d-7e0b-5b52-9a0b-3c6c2d1f8a41")
NOT_SHIPPED = {"cunit"}  # tests alone

# SPDX licence and, for vulnerability databases, the name that the NVD gives it (nvd.nist.gov/products/cpe).
KNOWN = {
    "openssl": ("Apache-2.0", "openssl:openssl"),
    "expat": ("MIT", "libexpat_project:libexpat"),
    "curl": ("curl", "haxx:curl"),
    "sqlite3": ("blessing", "sqlite:sqlite"),
    "jansson": ("MIT", "jansson_project:jansson"),
    "libyaml": ("MIT", "pyyaml:libyaml"),
    "pcre2": ("BSD-3-Clause", "pcre:pcre2"),
    "zlib": ("Zlib", "zlib:zlib"),
}


def read_versions(path):
    """[(name, Debian version, how it was got, [(sha256, file)])] and the compiler's own words."""
    libraries, compiler = [], ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            digest, name = line.split()
            libraries[-1][3].append((digest, name))
        elif line.startswith("compiler "):
            compiler = line.partition(" ")[2]
        else:
            name, version, how = line.split(" ", 2)
            libraries.append((name, version, how, []))
    return libraries, compiler


def read_pins(path):
    """{file: sha256} of what was asked for."""
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return {row[4]: row[3] for row in rows}


def upstream(version):
    """3.5.7 of 3.5.7-1~deb13u2, 1.2.13 of 1:1.2.13.dfsg-1."""
    version = re.sub(r"^\d+:", "", version).rsplit("-", 1)[0]
    return re.sub(r"[.+]dfsg.*$", "", version)


def component(name, version, how, sources, pins):
    licence, cpe = KNOWN[name]
    number = upstream(version)
    entry = {
        "type": "library", "bom-ref": f"pkg:deb/debian/{name}@{version}?arch=source", "name": name, "version": number,
        "licenses": [{"license": {"id": licence}}],
        "cpe": f"cpe:2.3:a:{cpe}:{number}:*:*:*:*:*:*:*",
        "purl": f"pkg:deb/debian/{name}@{version}?arch=source",
        "properties": [{"name": "tripline:source", "value": f"Debian {name} {version}, {how}"}],
    }
    references = []
    for digest, file in sources:
        pinned = pins.get(file)
        if pinned is not None and pinned != digest:
            raise SystemExit(f"sbom.py: {file} is not the file that pins.txt names")
        references.append({"type": "source-distribution", "url": file,
                           "hashes": [{"alg": "SHA-256", "content": digest}]})
    if references:
        entry["externalReferences"] = references
    return entry


def main():
    parser = argparse.ArgumentParser(description="writes the bill of materials")
    for name in ("version", "commit", "pins", "versions", "exe", "out"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    libraries, compiler = read_versions(Path(options.versions))
    pins = read_pins(Path(options.pins))
    shipped = [library for library in libraries if library[0] not in NOT_SHIPPED]
    missing = set(KNOWN) ^ {library[0] for library in shipped}
    if missing:
        raise SystemExit(f"sbom.py: libraries and this file do not agree on: {', '.join(sorted(missing))}")
    components = [component(*library, pins) for library in shipped]
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "1704067200"))
    reference = f"pkg:generic/tripline@{options.version}"
    bom = {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "serialNumber": "", "version": 1,
        "metadata": {
            "timestamp": datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tools": {"components": [{"type": "application", "name": compiler or "unknown"}]},
            "component": {
                "type": "application", "bom-ref": reference, "name": "tripline", "version": options.version,
                "purl": reference, "licenses": [{"license": {"id": "Apache-2.0"}}],
                "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(Path(options.exe).read_bytes()).hexdigest()}],
                "properties": [{"name": "tripline:commit", "value": options.commit}],
            },
        },
        "components": components,
        "dependencies": [{"ref": reference, "dependsOn": [entry["bom-ref"] for entry in components]}],
    }
    bom["serialNumber"] = f"urn:uuid:{uuid.uuid5(NAMESPACE, json.dumps(bom, sort_keys=True))}"
    Path(options.out).write_text(json.dumps(bom, indent=2) + "\n", encoding="utf-8")
    return 0


sys.exit(main())
