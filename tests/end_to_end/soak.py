#!/usr/bin/python3
"""The soak: the unmodified tripline.exe as a service in Wine for a long time, under load and with things going wrong.

    soak.py TRIPLINE_EXE BUILD_TREE [--minutes M] [--rate EVENTS_PER_SECOND] [--forget NUMBER] [--if-long]

Events 4688 and Sysmon 1 flow; each RATE'th is an attack with a number of its own. Meanwhile the config changes (good and
bad ones), the receiver is away, the agent's process is killed with kill -9. At the end: each attack has arrived, none
twice once event ids are compared; the heartbeats' chain is whole; memory, threads and files did not grow from
the first third of the measurements to the last (memory, threads, open files: of the process that lived longest).

--forget takes the attack of that number out of what arrived, to see the soak fail. Exit code 0: all well; 1: not.
"""
import argparse
import collections
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import wine
import world

CHANNELS = [world.SECURITY, world.SYSMON]
HEARTBEAT_S = 2
HOLE = re.compile(r": hole: (\S+): records (\d+) to (\d+) ")
NUMBER = re.compile(r"#soak-(\d+)#")

# When the agent is killed, as parts of the whole time: what is between the second and the third lives longest.
KILLS = (0.08, 0.15, 0.93)

# What the median of the last third may be above the first third's. RSS holds the stand-in too: 32 bytes a record.
# Wine does not say how many kernel handles a process has; most of them are files of the process for Linux.
MOST_GROWTH = {"rss_kb": 6 * 1024, "threads": 2, "files": 8, "state_kb": 1024, "log_kb": 1024}
OF_PROCESS = ("rss_kb", "threads", "files")
STANDIN_BYTES_A_RECORD = 64


class Soak:
    """One run. The load and the measurements have threads of their own; the troubles come one after the other."""

    def __init__(self, options, path):
        self.options = options
        self.certificates = path / "certificates"
        self.path = path
        world.make_certificates(self.certificates)
        self.receiver = world.Receiver(path, self.certificates)
        self.wine = wine.Wine(path, options.program, options.build_tree / "tests" / "winsim" / "wevtapi.dll")
        self.config_path = self.wine.state / "tripline.xml"
        for name in CHANNELS:
            self.wine.append(name)  # there, and empty
        self.done = threading.Event()
        self.pid = None
        self.events = 0
        self.attacks = set()
        self.samples = []
        self.killed = []  # the last record of each channel when the process was killed
        self.counts = collections.Counter()
        self.wrong = []

    def config(self, batch):
        """A good config, put in place whole."""
        (self.wine.state / "ca.pem").write_bytes((self.certificates / "ca.pem").read_bytes())
        new = self.config_path.with_suffix(".new")
        world.write_config(new, self.receiver.url, "ca.pem", CHANNELS, self.wine.windows_path(self.wine.state),
                           output=f'max-batch-alerts="{batch}"', eventlog='retry="1s"')
        text = new.read_text(encoding="utf-8")
        text = text.replace('<heartbeat interval="0s"/>', f'<heartbeat interval="{HEARTBEAT_S}s"/>')
        new.write_text(text.replace('<log level="debug"/>', '<log max-megabytes="1" files="2"/>'), encoding="utf-8")
        os.replace(new, self.config_path)

    def tripline(self, *arguments):
        code, out, err = self.wine.run(*arguments)
        if code != 0:
            raise AssertionError(f"tripline {arguments}: {code}: {out}{err}")

    def start(self):
        begin = time.time()
        self.tripline("start")
        status = self.wine.state / "status.json"
        world.wait_for(lambda: status.is_file() and status.stat().st_mtime > begin, 60, "a status of the agent")
        self.pid = self.wine.service_pid()

    def document(self):
        """The agent's status, or {} while it is being replaced."""
        try:
            return json.loads((self.wine.state / "status.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    def load(self):
        """Writes events until the end; ten writes a second."""
        begin = time.monotonic()
        while not self.done.is_set():
            due = int((time.monotonic() - begin) * self.options.rate)
            made = {name: [] for name in CHANNELS}
            while self.events < due:
                self.events += 1
                number = self.events
                line = world.HARMLESS
                if number % self.options.rate == 0:
                    line = f"{world.ATTACK} #soak-{number}#"
                    self.attacks.add(number)
                # Records of each channel follow each other; each process has an id of its own.
                pid = 4 * number + 1000
                made[CHANNELS[(number // self.options.rate + number) % 2]].append((pid, line))
            self.write(made)
            time.sleep(0.1)

    def write(self, made):
        for name, make in ((world.SECURITY, world.event_4688), (world.SYSMON, world.event_sysmon)):
            events = []
            for pid, line in made[name]:
                self.counts[name] += 1
                events.append(make(self.counts[name], line, pid=pid))
            if events:
                self.wine.append(name, *events)

    def measure(self):
        """One sample a second."""
        while not self.done.wait(1):
            pid, sample = self.pid, {"pid": self.pid}
            try:
                status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
                sample["rss_kb"] = int(re.search(r"VmRSS:\s*(\d+)", status).group(1))
                sample["threads"] = int(re.search(r"Threads:\s*(\d+)", status).group(1))
                sample["files"] = len(os.listdir(f"/proc/{pid}/fd"))
                sizes = {path.name: path.stat().st_size for path in self.wine.state.iterdir()}
            except (OSError, AttributeError, KeyError, TypeError):
                continue  # killed meanwhile, or a file replaced
            logs = sum(size for name, size in sizes.items() if ".log" in name)
            sample["log_kb"] = logs / 1024
            sample["state_kb"] = (sum(sizes.values()) - logs) / 1024
            if sample["pid"] == self.pid:
                self.samples.append(sample)

    def good_config(self):
        before = self.document()["config"]["sha256"]
        self.config(self.counts["good_config"] % 50 + 2)
        world.wait_for(lambda: self.document().get("config", {}).get("sha256", before) != before, 40, "the new config")

    def bad_config(self):
        """Refused, and a good one comes after it."""
        self.config_path.write_text(f"<tripline version='1'><nonsense{self.counts['bad_config']}/></tripline>",
                                    encoding="utf-8")
        world.wait_for(lambda: self.document().get("config", {}).get("refused"), 40, "the config to be refused")
        self.config(self.counts["bad_config"] % 50 + 52)
        world.wait_for(lambda: self.document().get("config", {}).get("refused") is False, 40, "the config after it")

    def outage(self):
        """The receiver goes, and comes back on its port."""
        port = self.receiver.port
        self.receiver.stop()
        time.sleep(3)
        self.receiver = world.Receiver(self.path, self.certificates, port=port)

    def kill(self):
        if self.wine.service_pid() != self.pid:
            raise AssertionError("the service ended by itself")
        self.wine.kill_service()
        self.killed.append({name: self.counts[name] for name in CHANNELS})
        self.start()

    def trouble(self, seconds):
        """What goes wrong, until the time is over and each kind was there."""
        begin = time.monotonic()
        kinds, turn = ("outage", "good_config", "bad_config"), 0
        kills = [part * seconds for part in KILLS]
        while kills or time.monotonic() - begin < seconds or turn < len(kinds):
            if kills and time.monotonic() - begin >= kills[0]:
                kills.pop(0)
                kind = "kill"
            else:
                kind = kinds[turn % len(kinds)]
                turn += 1
            getattr(self, kind)()
            self.counts[kind] += 1
            time.sleep(min(10, max(0.5, seconds / 100)))

    def numbers(self):
        """Attack number -> event ids of its alerts; and how many alerts were taken in all."""
        ids, taken = collections.defaultdict(set), 0
        for line in self.receiver.received():
            if not 200 <= line["status"] < 300 or line["alert"]["event"]["kind"] != "alert":
                continue
            taken += 1
            found = NUMBER.search(line["alert"]["process"]["command_line"])
            number = int(found.group(1)) if found else None
            if number != self.options.forget:
                ids[number].add(line["alert"]["event"]["id"])
        return ids, taken

    def check(self, is_good, what):
        print(f"  {'ok   ' if is_good else 'WRONG'} {what}")
        if not is_good:
            self.wrong.append(what)

    def judge_alerts(self):
        ids, taken = self.numbers()
        missing = sorted(self.attacks - set(ids))
        twice = sorted(str(number) for number, some in ids.items() if len(some) > 1)
        strange = set(ids) - self.attacks
        alerts = sum(len(some) for some in ids.values())
        self.check(not missing, f"{len(self.attacks)} attacks, {len(self.attacks) - len(missing)} arrived; missing: "
                   f"{missing[:10] or 'none'}")
        self.check(not twice and not strange, f"{taken} alerts on the wire, {taken - alerts} repeats of an id, twice "
                   f"under other ids: {twice[:10] or 'none'}; of no attack: {len(strange)}")

    def verify(self):
        """The verifier's run, and whether the receipts reach the last record of each channel."""
        done = subprocess.run([sys.executable, world.HERE.parent / "heartbeat_verifier.py", self.receiver.out],
                              capture_output=True, text=True, check=False)
        return done, all(re.search(rf"{name} to {self.counts[name]}\b", done.stdout) for name in CHANNELS)

    def judge_heartbeats(self):
        """A chain that is whole, up to the last record of each channel."""
        done, reached = self.verify()
        self.check(reached, "the receipts reach the last record of each channel")
        findings, holes = [], 0
        for line in done.stdout.splitlines()[:-1]:
            hole = HOLE.search(line)
            if hole and self.is_of_a_kill(hole.group(1), int(hole.group(2)), int(hole.group(3))):
                holes += 1
            else:
                findings.append(line)
        self.check(done.returncode in (0, 1) and not findings, f"heartbeats: {'; '.join(findings) or 'no finding'}"
                   f"{done.stderr}; {holes} holes of {self.counts['kill']} kills; {done.stdout.splitlines()[-1]}")

    def is_of_a_kill(self, channel, first, last):
        """What a killed process had read and kept since its last heartbeat is in no receipt (docs/heartbeat.md)."""
        most = self.options.rate * 2 * HEARTBEAT_S
        return any(killed[channel] - most <= first <= last <= killed[channel] for killed in self.killed)

    def judge_growth(self):
        pid = collections.Counter(sample["pid"] for sample in self.samples).most_common(1)[0][0]
        of_process = [sample for sample in self.samples if sample["pid"] == pid]
        print(f"  {len(self.samples)} samples, {len(of_process)} of the process that lived longest; medians of thirds:")
        print(f"        {'':9} {'first':>9} {'last':>9} {'growth':>9} {'allowed':>9} {'most':>9}")
        for name, allowed in MOST_GROWTH.items():
            values = [sample[name] for sample in (of_process if name in OF_PROCESS else self.samples)]
            if name == "rss_kb":
                allowed += self.events * STANDIN_BYTES_A_RECORD / 1024
            third = len(values) // 3
            if third < 2:
                self.check(False, f"{name}: too few samples")
                continue
            first, last = statistics.median(values[:third]), statistics.median(values[-third:])
            self.check(last - first <= allowed, f"{name:9} {first:9.0f} {last:9.0f} {last - first:9.0f} {allowed:9.0f} "
                       f"{max(values):9.0f}")

    def run(self):
        self.config(1)
        self.tripline("install", "--config", self.wine.windows_path(self.config_path))
        self.start()
        threads = [threading.Thread(target=self.load), threading.Thread(target=self.measure)]
        begin = time.monotonic()
        for thread in threads:
            thread.start()
        try:
            self.trouble(self.options.minutes * 60)
        finally:
            self.done.set()
            for thread in threads:
                thread.join()
        try:
            world.wait_for(lambda: self.attacks <= set(self.numbers()[0]), 5 if self.options.forget else 60, "all attacks")
            world.wait_for(lambda: self.verify()[1], 30, "a heartbeat that knows the last records")
        except AssertionError:
            pass  # told below
        self.tripline("stop")
        world.wait_for(lambda: self.pid not in wine.process_table(), 30, "the service's end")
        print(f"{time.monotonic() - begin:.0f} s, {self.events} events ({self.options.rate} a second), "
              f"{self.counts['good_config']} good and {self.counts['bad_config']} bad configs, "
              f"{self.counts['outage']} outages of the receiver, {self.counts['kill']} kills")
        self.judge_alerts()
        self.judge_heartbeats()
        self.judge_growth()
        self.check(not self.wine.aborts(), f"wrong uses of the Event Log: {self.wine.aborts() or 'none'}")
        ends = re.findall(r"program=tripline\S* handles=(\d+)", self.wine.leaks())
        self.check(ends and set(ends) == {"0"}, f"Event Log handles open at the end: {', '.join(ends[-1:]) or 'unknown'}")

    def close(self):
        log = self.wine.log()
        self.wine.stop()
        self.receiver.stop()
        if self.wrong:
            print("the agent's log:\n" + log[-6000:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("build_tree", type=Path)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=int, default=60, help="events a second; one of them is an attack")
    parser.add_argument("--forget", type=int, metavar="NUMBER")
    parser.add_argument("--if-long", action="store_true", help="be skipped unless by ./dev test --long")
    options = parser.parse_args()
    if options.if_long and not world.LONG:
        print("skipped: ./dev test --long runs it")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(options, Path(folder))
        try:
            soak.run()
        except AssertionError as error:
            soak.check(False, str(error))
        finally:
            soak.close()
    print("the soak found " + (f"{len(soak.wrong)} things wrong" if soak.wrong else "nothing wrong"))
    return 1 if soak.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
