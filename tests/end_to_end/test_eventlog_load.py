#!/usr/bin/python3
"""The Event Log reader under load and under kill -9, inside the unmodified tripline.exe service.

    test_eventlog_load.py TRIPLINE_EXE BUILD_TREE [unittest arguments]

The service is killed 12 times in all of four streams of 8,000 events, with ./dev test --long 200 times in 20,000 each.
TRIPLINE_SEED: of its random points.
"""
import os
import random
import sys
import threading
import time
from pathlib import Path

import service_case
import suite
import wine
import world
from world import ATTACK, FORWARDED, HARMLESS, SECURITY, SYSMON, event_4688, event_sysmon

service_case.ServiceCase.program = Path(sys.argv[1])
service_case.ServiceCase.wevtapi = Path(sys.argv[2]) / "tests" / "winsim" / "wevtapi.dll"

EVENTS = 20_000 if world.LONG else 8_000
ATTACKS = EVENTS // 100
KILLS = 200 if world.LONG else 12
SEED = int(os.environ.get("TRIPLINE_SEED", "1"))
BACKLOG = 100_000

# What the service may need at most, with the stand-in inside it (32 bytes a record, 256 KB a channel).
MOST_RSS_MB = 64
MOST_GROWTH_MB = 16


def memory_mb(pid, name="VmRSS"):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"no {name}")


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Backlog(service_case.ServiceCase):
    channels = [SECURITY]

    def test_100000_events(self):
        """Memory does not follow the backlog; all of it is read."""
        self.start()
        self.wine.append(SECURITY, event_4688(1, ATTACK))
        self.expect(1)
        small = memory_mb(self.wine.service_pid())
        self.stop()
        attacks = range(1000, BACKLOG + 1, 1000)
        when = world.now()
        self.wine.append(SECURITY, *(event_4688(i, ATTACK if i % 1000 == 0 else HARMLESS, when)
                                     for i in range(2, BACKLOG + 1)))
        begin = time.monotonic()
        self.start()
        pid = self.wine.service_pid()
        self.expect(1, *attacks, timeout_s=180)
        took = time.monotonic() - begin
        most, cpu = memory_mb(pid, "VmHWM"), cpu_s(pid)
        print(f"{BACKLOG} events: {took:.1f} s, CPU {1000 * cpu / (BACKLOG / 1000):.1f} ms per 1,000 events with the "
              f"stand-in, RSS {small:.0f} MB with one event, {most:.0f} MB at most with the backlog")
        self.assertLess(most, MOST_RSS_MB)
        self.assertLess(most - small, MOST_GROWTH_MB)


class Killed(service_case.ServiceCase):
    channels = [SECURITY, SYSMON, FORWARDED]

    def stream(self, chance, seconds):
        """EVENTS events in three channels, over so many seconds; ATTACKS of them attacks. Runs beside the kills."""
        attacks = set(chance.sample(range(1, EVENTS + 1), ATTACKS))
        made = []
        for i in range(1, EVENTS + 1):
            line = ATTACK if i in attacks else HARMLESS
            made.append((SECURITY, event_4688(i, line)) if i % 3 == 0 else
                        (SYSMON, event_sysmon(i, line)) if i % 3 == 1 else
                        (FORWARDED, event_4688(i, line, computer=f"pc{i % 7}")))

        def write():
            step = 50
            for begin in range(0, EVENTS, step):
                for channel in self.channels:
                    self.wine.append(channel, *(e for c, e in made[begin:begin + step] if c == channel))
                time.sleep(seconds * step / EVENTS)

        writer = threading.Thread(target=write)
        writer.start()
        return attacks, writer

    def kill_9_at_random_points(self, stream):
        """Each attack's alert arrives at least once, whatever the moment; ids tell repeats apart."""
        chance = random.Random(1000 * SEED + stream)
        wanted = max(1, KILLS // 4)
        self.receive("--delay", "5")
        self.start()
        attacks, writer = self.stream(chance, seconds=max(8, 1.2 * wanted))
        kills = 0
        while kills < wanted:
            time.sleep(chance.random() * 0.6)
            if self.wine.service_pid() is None:
                self.fail("the service ended by itself:\n" + self.wine.log())
            self.wine.kill_service()
            kills += 1
            self.start()
        writer.join()
        world.wait_for(lambda: set(self.records()) >= attacks, 60, "all attacks")
        time.sleep(1)
        got, ids = self.records(), {r["alert"]["event"]["id"] for r in self.taken()}
        fresh = [r for r in self.taken() if not r["repeat"]]
        print(f"{kills} kills, {EVENTS} events: {len(set(got))} of {ATTACKS} alerts arrived, missing "
              f"{len(attacks - set(got))}, ids {len(ids)}, repeats on the wire {len(got) - len(set(got))}, "
              f"after de-duplication {len(fresh) - len(ids)}")
        self.assertEqual(set(got), attacks)
        self.assertEqual(len(ids), ATTACKS)
        self.assertEqual(len(fresh), ATTACKS)
        self.assertEqual(self.lines(2006), [])  # no gap was seen where there was none

    def test_kill_9_1(self):
        self.kill_9_at_random_points(1)

    def test_kill_9_2(self):
        self.kill_9_at_random_points(2)

    def test_kill_9_3(self):
        self.kill_9_at_random_points(3)

    def test_kill_9_4(self):
        self.kill_9_at_random_points(4)


if __name__ == "__main__":
    suite.main(sys.argv[3:])
