#!/usr/bin/python3
"""Measures speed and memory and prints tables; the same machine, the same run.

    bench.py [--peers] [--service] [--quick] [--sets] [--update]

--peers    Debian's syslog-ng and rsyslog too (unpacked, not installed)
--service  the Windows program in Wine too
--quick    the first table and the instruction counts alone
--sets     the cost of sets of rules alone
--update   writes the tables and the plot into docs/, the instruction counts into expected.tsv
"""
import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import files
import plot

ROOT = files.ROOT
HOST = ROOT / "build" / "host"
TRIPLINE = HOST / "tripline"
PROGRAMS = HOST / "tests" / "bench"
SHARED = Path(os.environ.get("TRIPLINE_SHARED", ROOT.parent / "shared"))
EXPECTED = files.HERE / "expected.tsv"
PAGE = ROOT / "docs" / "performance.md"
TERM = "ActiveSyncAllowedDeviceIDs"

os.environ["LC_ALL"] = "C"


class Cost:
    def __init__(self, line):
        cpu, median, wall, peak = line.split("\t")
        self.cpu, self.median, self.wall, self.mib = float(cpu), float(median), float(wall), int(peak) / 1024


def cost(command, runs=7):
    """The least of some runs. A list is a program and its arguments; a string goes to sh."""
    if isinstance(command, str):
        command = ["sh", "-c", command]
    done = subprocess.run([PROGRAMS / "bench_cost", str(runs), *map(str, command)], check=False, capture_output=True,
                          text=True)
    if done.returncode != 0:
        raise SystemExit(f"bench: {' '.join(map(str, command))}: {done.stderr}")
    return Cost(done.stdout)


class Report:
    """Tables as Markdown, on stdout as they come, and in docs/performance.md with --update."""

    def __init__(self):
        self.tables = {}

    def table(self, name, title, head, rows):
        lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
        self.tables[name] = lines
        print(f"\n{title}\n", *lines, sep="\n", flush=True)

    def update(self):
        page = PAGE.read_text(encoding="utf-8")
        for name, lines in self.tables.items():
            begin, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
            if begin not in page:
                raise SystemExit(f"bench: {PAGE} has no place for {name}")
            page = page[:page.index(begin) + len(begin)] + "\n".join(lines) + page[page.index(end):]
        PAGE.write_text(page, encoding="utf-8")


def gb_per_s(path, seconds):
    return f"{path.stat().st_size / seconds / 1e9:.2f}"


def machine(report):
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()).group(1)
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text()).group(1)
    vectors = "AVX2" if " avx2 " in Path("/proc/cpuinfo").read_text() else "SSE2"
    load = os.getloadavg()[0]
    report.table("machine", "Machine", ["processor", "cores", "memory", "system", "vectors", "load before"],
                 [[cpu, os.cpu_count(), f"{int(memory) / 1048576:.0f} GiB", os.uname().release, vectors, f"{load:.1f}"]])


def scan_table(report, peers):
    path = files.events(files.EVENTS, 20)
    reads, grep = cost([PROGRAMS / "bench_reads", path], 15), cost(["grep", "-iF", TERM, path], 15)
    rows = []

    def row(what, spent):
        rows.append([what, f"{spent.cpu:.3f}", f"{spent.wall:.3f}", f"{spent.mib:.1f}", gb_per_s(path, spent.cpu),
                     f"{spent.cpu / reads.cpu:.2f}", f"{spent.cpu / grep.cpu:.2f}"])
    for name, spent in peers:
        row(name, spent)
    row("Perl regular expressions",
        cost(["perl", "-ne", "print if /Set-CASMailbox/i && /ActiveSyncAllowedDeviceIDs/i && /(?<![a-z0-9])add(?![a-z0-9])/i",
              path], 3))
    row("libexpat over all events, 3 handlers, in C", cost([PROGRAMS / "bench_parses", path], 3))
    row("xmllint --stream (parses only)", cost(f"(echo '<Events>'; cat {path}; echo '</Events>') | xmllint --stream -", 3))
    row(f"LC_ALL=C grep -iF {TERM}", grep)
    row("read() of the file alone", reads)
    row("**tripline scan**", cost([TRIPLINE, "scan", path], 15))
    row("tripline scan --jobs 2", cost([TRIPLINE, "scan", "--jobs", "2", path], 15))
    row("tripline version (the start alone)", cost([TRIPLINE, "version"], 15))
    report.table("scan", f"{files.EVENTS} events 4688, one a line, {path.stat().st_size / 1e6:.0f} MB, 20 attacks",
                 ["what", "CPU s", "wall s", "peak MiB", "GB/s of CPU time", "times read()", "times grep"], rows)


def packed_table(report):
    path = files.events(files.EVENTS, 20)
    packed, wide, rows = files.gzipped(path), files.utf16(path), []
    spent = cost([TRIPLINE, "scan", packed], 5)
    for what, beside in (("gzip -dc", cost(["gzip", "-dc", packed], 5)),
                         ("zlib alone", cost([PROGRAMS / "bench_inflates", packed], 5))):
        rows.append([".gz", what, f"{beside.cpu:.3f}", f"{spent.cpu:.3f}", f"{spent.cpu / beside.cpu:.2f}"])
    grep, spent = cost(f"grep -iF {TERM} {wide} || true", 5), cost([TRIPLINE, "scan", wide], 5)
    rows.append(["UTF-16", "grep -iF (which can't read it)", f"{grep.cpu:.3f}", f"{spent.cpu:.3f}",
                 f"{spent.cpu / grep.cpu:.2f}"])
    evtx = files.evtx(SHARED)
    if evtx:
        paths = " ".join(shlex.quote(str(path)) for path in evtx)
        export = cost(f"for f in {paths}; do evtxexport -f xml $f; done | grep -iF {TERM} || true", 2)
        spent = cost(f"{TRIPLINE} scan {paths} || true", 2)
        rows.append([f"{len(evtx)} .evtx", "evtxexport, grep", f"{export.cpu:.3f}", f"{spent.cpu:.3f}",
                     f"{spent.cpu / export.cpu:.2f}"])
    else:
        print("\n(.evtx: no recorded files under", SHARED, "- left out)")
    report.table("packed", "Other forms of file, CPU s", ["form", "beside", "it", "tripline scan", "ratio"], rows)


def evtx_table(report):
    """A long log beside read(), and what prints all records of the largest recorded one as XML, on records a second."""
    path, rows = files.long_evtx(SHARED), []
    if path is None:
        print("\n(.evtx: no recorded files under", SHARED, "- left out)")
        return
    reads = cost([PROGRAMS / "bench_reads", path], 15)
    rules = SHARED / "corpus" / "sigma" / "rules"
    scans = [("read() of the file alone", reads), ("tripline scan", cost([TRIPLINE, "scan", path], 15))]
    if rules.is_dir():
        scans.append((f"tripline scan --rules, {len(list(rules.rglob('*.y*ml')))} rules",
                      cost([TRIPLINE, "scan", "--rules", rules, path], 5)))
        scans.append(("the same rules, an empty file", cost([TRIPLINE, "scan", "--rules", rules, "/dev/null"], 5)))
    for what, spent in scans:
        rows.append([what, f"{spent.cpu:.3f}", f"{spent.mib:.1f}", gb_per_s(path, spent.cpu), f"{spent.cpu / reads.cpu:.1f}"])
    report.table("evtx", f"An .evtx of {path.stat().st_size / 1e6:.0f} MB, repeated chunks, no attack",
                 ["what", "CPU s", "peak MiB", "GB/s of CPU time", "times read()"], rows)
    largest = sorted(files.evtx(SHARED), key=lambda one: one.stat().st_size)[-1]
    ours = HOST / "tests" / "collectors" / "evtx" / "print_evtx"
    count, rows = subprocess.run([ours, largest], check=True, capture_output=True).stdout.count(b"\0"), []
    for what, command in (("tests' print_evtx", [ours, largest]), ("evtxexport -f xml", f"evtxexport -f xml {largest}"),
                          ("python3-evtx's evtx_dump.py", f"evtx_dump.py {largest}")):
        spent = cost(command if isinstance(command, list) else command + " >/dev/null", 3)
        rows.append([what, f"{spent.cpu:.3f}", f"{count / spent.cpu:,.0f}"])
    report.table("evtx-xml", f"{count} records of a recorded log printed as XML", ["what", "CPU s", "records/s"], rows)


def jobs_table(report):
    """Two threads, beside two whole programs at the same time: virtual processors are not always there when wanted."""
    rows, inputs = [], [("one file of 269 MB", [files.events(files.EVENTS, 20)]), ("recorded .evtx", files.evtx(SHARED))]
    for what, paths in inputs:
        if not paths:
            continue
        names = " ".join(shlex.quote(str(path)) for path in paths)
        scan = f"{TRIPLINE} scan"
        one, two = cost(f"{scan} {names} || true", 9), cost(f"{scan} --jobs 2 {names} || true", 9)
        both = cost(f"{scan} {names} & {scan} {names}; wait", 9)
        rows.append([what, f"{one.wall:.3f}", f"{two.wall:.3f}", f"{one.wall / two.wall:.2f}", f"{both.wall:.3f}",
                     f"{2 * one.wall / both.wall:.2f}", f"{two.cpu / one.cpu:.2f}"])
    report.table("jobs", "Two threads, wall s", ["input", "--jobs 1", "--jobs 2", "times as fast", "two scans at once, each of "
                 "all", "most that two threads can be here", "CPU of --jobs 2 / 1"], rows)


def density_table(report):
    rows = []
    for share, attacks in (("0", 0), ("0.01 %", 20), ("1 %", 2000), ("10 %", 20_000), ("100 %", 200_000)):
        path = files.events(files.EVENTS, attacks)
        written, expat = cost([TRIPLINE, "scan", path], 3), cost([PROGRAMS / "bench_parses", path], 3)
        made = cost(f"{TRIPLINE} scan {path} >/dev/null", 3)
        counted = cost([PROGRAMS / "bench_rules", "1", path], 3)
        rows.append([share, f"{expat.cpu:.3f}"] + [f"{spent.cpu:.3f} ({spent.cpu / expat.cpu:.2f})"
                                                   for spent in (counted, made, written)])
    report.table("density", "How many events match: CPU s, and times libexpat alone", [
        "events that match", "libexpat alone", "alerts only counted", "alerts made, thrown away", "alerts written to a file"],
        rows)


def hostile_table(report):
    usual = files.events(files.EVENTS, 20)
    base = cost([TRIPLINE, "scan", usual]).cpu / usual.stat().st_size
    rows = [["usual events", f"{base * 1e9:.2f}", "1"]]
    for what, path in files.hostile() + files.parsed():
        spent = cost(f"{TRIPLINE} scan {path} || true", 3).cpu / path.stat().st_size
        rows.append([what, f"{spent * 1e9:.2f}", f"{spent / base:.1f}"])
    report.table("hostile", "Hostile input", ["input", "ns a byte", "times the usual"], rows)


def matcher_table(report):
    done = subprocess.run([PROGRAMS / "bench_lines"], check=True, capture_output=True, text=True)
    report.table("matcher", "The matcher alone, in memory", ["what", "characters", "ns a command line", "GB/s"],
                 [line.split("\t") for line in done.stdout.splitlines()])


def rules_table(report):
    path, rows = files.events(files.EVENTS, 0), []
    one = cost([PROGRAMS / "bench_rules", "1", path])
    for count in (1, 2, 3, 5, 10, 20, 50):
        spent = cost([PROGRAMS / "bench_rules", str(count), path])
        rows.append([count, f"{spent.cpu:.3f}", f"{spent.cpu / one.cpu:.2f}"])
    report.table("rules", "Rules of the same shape, on events that match none", ["rules", "CPU s", "times one"], rows)


ONE_RULE = """title: One rule
id: 7e9c3b1a-5f0d-4c8e-9a54-2d6b8f1e0c37
logsource: {category: process_creation, product: windows}
detection:
    selection: {'CommandLine|contains|all': [Set-CASMailbox, ActiveSyncAllowedDeviceIDs, add]}
    condition: selection
level: medium
"""


def sets_table(report):
    one = files.FOLDER / "one_rule.yml"
    one.write_text(ONE_RULE, encoding="utf-8")
    corpus, rows, before = SHARED / "corpus", [], os.getloadavg()[0]
    rules = [("one rule", one), ("Sentinel", corpus / "sentinel-rules"), ("Sigma", corpus / "sigma" / "rules"),
             ("both", corpus / "sentinel-rules", corpus / "sigma" / "rules")]
    events = [("made up, benign", ROOT / "tests" / "data" / "background.xml"),
              ("recorded attacks", corpus / "sigma" / "events", corpus / "json-reconstructed"),
              ("all recorded", corpus / "native", corpus / "xml", corpus / "evtx")]
    for what, *paths in events:
        base = None
        for name, *sets in rules:
            if not all(path.exists() for path in (*paths, *sets)):
                continue
            done = subprocess.run([PROGRAMS / "bench_match", "9", *paths, "--", *sets], check=True, capture_output=True,
                                  text=True)
            count, seen, spent, legs, _, load, tables, resident = done.stdout.split("\t")
            base = base or float(spent)
            rows.append([f"{int(seen):,} {what}", name, count, f"{float(spent):.2f}", f"{float(spent) / base:.1f}", legs,
                         load, f"{int(tables) / 1024:.2f}", f"{int(resident) / 1024:.1f}"])
    report.table("sets", f"Sets of rules on events that are read already; load before: {before:.1f}",
                 ["events", "rules", "number", "us an event", "times one rule", "legs evaluated an event", "ms to load",
                  "tables, MiB", "resident by loading, MiB"], rows)
    report.table("sets-machine", "Machine", ["cores", "load before", "load after"],
                 [[os.cpu_count(), f"{before:.1f}", f"{os.getloadavg()[0]:.1f}"]])


def growth_table(report):
    base, rows, points = files.events(files.EVENTS, 20), [], []
    for times, path in ((0.01, files.events(2000, 20)), (0.1, files.events(20_000, 20)), (1, base),
                        (10, files.many_times(10 * files.EVENTS, base))):
        spent, count = cost([TRIPLINE, "scan", path], 5), int(files.EVENTS * times)
        rows.append([f"{count:,}", f"{path.stat().st_size / 1e6:.0f}", f"{spent.cpu:.3f}", f"{spent.mib:.1f}"])
        points.append((count, spent.cpu))
    report.table("growth", "How cost grows", ["events", "MB", "CPU s", "peak MiB"], rows)
    return "A scan of so many events", "events", "s", [("CPU", points)]


def outbox_table(report):
    with tempfile.TemporaryDirectory(dir=files.FOLDER) as folder:
        done = subprocess.run([PROGRAMS / "bench_outbox", Path(folder) / "outbox.db"], check=True, capture_output=True,
                              text=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    report.table("outbox", "Alerts waiting in the outbox", ["waiting", "keeping one, ms, least", "median",
                 "fetching and delivering one, ms, least", "median", "file, MiB"],
                 rows)
    points = [(max(1, int(row[0])), float(row[2]), float(row[4])) for row in rows] # no place for 0 on this axis
    return ("Alerts waiting in the outbox", "alerts (1: none)", "ms", [
        ("keeping one", [(x, y) for x, y, _ in points]), ("delivering one", [(x, y) for x, _, y in points])])


def idle_table(report):
    """The agent in the foreground, on this system, with nothing to read."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "tripline.xml"
        config.write_text(f"<tripline version=\"1\"><state directory=\"{folder}/state\"/><outputs><webhook name=\"central\" "
                          "url=\"https://localhost:1/alerts\"/></outputs></tripline>\n")
        process = subprocess.Popen([TRIPLINE, "run", "--config", config], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(3)
        if process.poll() is not None:
            raise SystemExit("bench: tripline run ended: " + process.stderr.read().decode(errors="replace"))
        status = Path(f"/proc/{process.pid}/status").read_text()
        process.terminate()
        process.wait(20)
        process.stderr.close()
    mib = {name: int(re.search(name + r":\s*(\d+)", status).group(1)) / 1024 for name in ("VmRSS", "RssAnon", "VmHWM")}
    report.table("idle", "The idle agent (Linux build)", ["resident MiB", "of these its own (not libraries)", "peak"],
                 [[f"{mib['VmRSS']:.1f}", f"{mib['RssAnon']:.1f}", f"{mib['VmHWM']:.1f}"]])


def instructions(command):
    out = files.FOLDER / "callgrind.out"
    done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *map(str, command)], check=False,
                          capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if found is None:
        raise SystemExit("bench: callgrind: " + done.stderr)
    return int(found.group(1))


def instructions_table(report, update):
    """Three fixed inputs; the start's own instructions are taken off, as they are the dynamic linker's."""
    inputs = [("20,000 events, 2 match", files.events(20_000, 2)), ("2,000 events, all match", files.events(2000, 2000)),
              ("300 recorded-looking events, Sysmon among them", ROOT / "tests" / "data" / "background.xml")]
    start = instructions([TRIPLINE, "version"])
    expected = dict(line.rsplit("\t", 1) for line in EXPECTED.read_text().splitlines()) if EXPECTED.is_file() else {}
    rows, lines = [], []
    for name, path in inputs:
        count = instructions([TRIPLINE, "scan", path]) - start
        before = int(expected.get(name, count))
        rows.append([name, f"{count:,}", f"{before:,}", f"{100 * (count - before) / before:+.1f} %"])
        lines.append(f"{name}\t{count}\n")
    report.table("instructions", "Instructions (callgrind), less the start's",
                 ["input", "now", "expected.tsv before", "change"], rows)
    if update:
        EXPECTED.write_text("".join(lines), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n", 1)[0])
    for option, text in (("peers", "Debian's syslog-ng and rsyslog too"), ("service", "the Windows program in Wine too"),
                         ("quick", "the first table and the instruction counts alone"),
                         ("sets", "the cost of sets of rules alone"),
                         ("update", "writes docs/performance.md, its plot, expected.tsv")):
        parser.add_argument("--" + option, action="store_true", help=text)
    wanted = parser.parse_args()
    report = Report()
    if wanted.sets:
        sets_table(report)
        if wanted.update:
            report.update()
        return 0
    machine(report)
    peers = []
    if wanted.peers:
        import peers as others  # pylint: disable=import-outside-toplevel
        peers = others.measure(files.events(files.EVENTS, 20))
    scan_table(report, peers)
    instructions_table(report, wanted.update)
    plots = []
    if not wanted.quick:
        for table in (packed_table, evtx_table, jobs_table, density_table, hostile_table, matcher_table, rules_table,
                      sets_table, idle_table):
            table(report)
        plots = [growth_table(report), outbox_table(report)]
    if wanted.service:
        import service  # pylint: disable=import-outside-toplevel
        plots.append(service.measure(report))
    if plots:
        target = ROOT / "docs" / "performance.svg" if wanted.update else files.FOLDER / "performance.svg"
        target.write_text(plot.page(plots), encoding="utf-8")
    if wanted.update:
        report.update()
    return 0


sys.exit(main())
