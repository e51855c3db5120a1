"""The Windows program in Wine, with the stand-in Event Log: size, start, memory, CPU time, time from event to receipt."""
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import files

sys.path.insert(0, str(files.HERE.parent / "end_to_end"))
import wine  # pylint: disable=wrong-import-position
import world  # pylint: disable=wrong-import-position

WIN64 = files.ROOT / "build" / "win64"
PROGRAM = WIN64 / "tripline.exe"
WEVTAPI = WIN64 / "tests" / "winsim" / "wevtapi.dll"
EVENTLOG_COST = WIN64 / "tests" / "bench" / "eventlog_cost.exe"
ALERTS, ALONE = 200, 20


def memory_mib(pid):
    return int(re.search(r"VmRSS:\s*(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def harmless(first, count, channel=world.event_4688):
    return [channel(first + i, world.HARMLESS) for i in range(count)]


class Service:
    """The installed service, a receiver, and channels."""

    def __init__(self, folder, channels=(world.SECURITY, world.SYSMON, world.FORWARDED), output=""):
        self.folder = Path(folder)
        self.certificates = self.folder / "certificates"
        world.make_certificates(self.certificates)
        self.receiver = world.Receiver(self.folder, self.certificates)
        self.wine = wine.Wine(self.folder, PROGRAM, WEVTAPI)
        for name in channels:
            self.wine.append(name)
        (self.wine.state / "ca.pem").write_bytes((self.certificates / "ca.pem").read_bytes())
        self.config = self.wine.state / "tripline.xml"
        world.write_config(self.config, self.receiver.url, "ca.pem", channels,
                           self.wine.windows_path(self.wine.state), output=output)

    def start(self):
        code, out, err = self.wine.run("install", "--config", self.wine.windows_path(self.config))
        if code == 0:
            code, out, err = self.wine.run("start")
        if code != 0:
            raise SystemExit(f"bench: the service does not start: {out}{err}")
        self.wine.wait_for_log("T1001")
        return self.wine.service_pid()

    def stop(self):
        self.wine.stop()
        self.receiver.stop()


def start_ms(service, pid):
    """From the start of the service's process, by the system, to its line that a channel is read, by its log."""
    ticks = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
    started = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")
    service.wine.wait_for_log("T2001")
    line = next(line for line in service.wine.log().splitlines() if "T2001" in line)
    return 1000 * (world.seconds(line[:23] + "000") - started)


def latencies(service, count, pause_s):
    """Milliseconds from an event's own time to the receiver's 2xx: median, 99th percentile."""
    for i in range(count):
        service.wine.append(world.SECURITY, world.event_4688(1_000_000 + i, world.ATTACK))
        time.sleep(pause_s)
    world.wait_for(lambda: len(service.receiver.received()) >= count, 30, "all alerts")
    took = []
    for one in service.receiver.received():
        when = one["alert"]["@timestamp"]
        took.append(1000 * (one["received_ns"] / 1e9 - world.seconds(when)))
    took.sort()
    return statistics.median(took), took[int(len(took) * 0.99)]


def eventlog_cost(folder, count):
    """CPU seconds and allocations of the reader alone for count harmless events and a hit."""
    place = wine.Wine(folder, PROGRAM, WEVTAPI)
    try:
        place.shell("winsim_prefix_remove", place.prefix)
        place.shell("winsim_prefix_new", place.prefix, WEVTAPI, EVENTLOG_COST.name)
        (place.prefix / "drive_c" / EVENTLOG_COST.name).write_bytes(EVENTLOG_COST.read_bytes())
        place.append(world.SECURITY, *harmless(1, count), world.event_4688(count + 1, world.ATTACK))
        place.shell("winsim_session_start", place.prefix)
        code, out, err = place.run(program="C:\\" + EVENTLOG_COST.name)
        if code != 0 or "\t" not in out:
            raise SystemExit(f"bench: eventlog_cost: {code} {out}{err}{place.aborts()}")
        cpu, allocations = out.strip().split("\t")
        return float(cpu), int(allocations)
    finally:
        place.stop()


def channels_cost(count):
    """CPU seconds of the service for 2,000 events in each... of 63 channels at most, 20,000 in all."""
    names = [world.SECURITY] + [f"Bench-{i}" for i in range(1, count)]
    with tempfile.TemporaryDirectory() as folder:
        service = Service(folder, names)
        try:
            pid = service.start()
            before = cpu_s(pid)
            for i, name in enumerate(names):
                service.wine.append(name, *harmless(1, 20_000 // count))
            service.wine.append(world.SECURITY, world.event_4688(900_000, world.ATTACK))
            world.wait_for(service.receiver.received, 60, "the alert")
            time.sleep(2)
            return cpu_s(pid) - before, memory_mib(pid)
        finally:
            service.stop()


def measure(report):
    subprocess.run(["ninja", "-C", WIN64, "--quiet", "tripline", "winsim", "eventlog_cost"], check=True)
    rows = [["tripline.exe, MiB", f"{PROGRAM.stat().st_size / 1048576:.2f}", "6"]]
    with tempfile.TemporaryDirectory() as folder:
        service = Service(folder)
        try:
            pid = service.start()
            time.sleep(3)
            rows.append(["idle service in Wine, resident MiB (Wine's own among them)", f"{memory_mib(pid):.1f}", "-"])
            rows.append(["start of the process to first read, ms (to 10 ms)", f"{start_ms(service, pid):.0f}", "200"])
            median, worst = latencies(service, ALONE, 1.2)
            rows.append([f"event to HTTPS receipt, {ALONE} alerts more than a second apart, median ms", f"{median:.0f}", "50"])
            rows.append(["the same, the slowest", f"{worst:.0f}", "250"])
            before = cpu_s(pid)
            service.wine.append(world.SECURITY, *harmless(2_000_000, 50_000), world.event_4688(2_100_000, world.ATTACK))
            world.wait_for(lambda: len(service.receiver.received()) > ALONE, 120, "the last alert")
            rows.append(["service, CPU s for 100,000 events, winsim's work among it", f"{2 * (cpu_s(pid) - before):.2f}",
                         "-"])
        finally:
            service.stop()
    with tempfile.TemporaryDirectory() as folder:
        service = Service(folder, output='max-batch-age="0s"')
        try:
            service.start()
            median, worst = latencies(service, ALERTS, 0.05)
        finally:
            service.stop()
    rows.append([f'event to HTTPS receipt, {ALERTS} alerts, 20 a second, max-batch-age="0s", median ms', f"{median:.0f}",
                 "50"])
    rows.append(["the same, 99th percentile", f"{worst:.0f}", "250"])
    few, many = [], []
    for count, to in ((1000, few), (10_000, many)):
        with tempfile.TemporaryDirectory() as folder:
            to.extend(eventlog_cost(folder, count))
    rows.append(["allocations for 9,000 events without a hit (keeping the bookmark, every few seconds, takes one)", str(many[1] - few[1]), "0"])
    rows.append(["Event Log reader alone, CPU s for 100,000 events, winsim's work among it",
                 f"{(many[0] - few[0]) / 9000 * 100_000:.2f}", "-"])
    report.table("service", "The service in Wine", ["what", "measured", "to reach"], rows)
    channels, points = [], []
    for count in (1, 2, 4, 8, 16, 32, 63):
        spent, mib = channels_cost(count)
        channels.append([count, f"{spent:.2f}", f"{mib:.1f}"])
        points.append((count, spent, mib))
    report.table("channels", "20,000 events in 1 to 63 channels, Wine", ["channels", "CPU s", "resident MiB"], channels)
    return ("20,000 events in so many channels", "channels", "s, MiB", [
        ("CPU s", [(x, y) for x, y, _ in points]), ("resident MiB", [(x, y) for x, _, y in points])])
