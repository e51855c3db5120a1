#!/usr/bin/python3
"""A disk that is full, at any moment, on a small tmpfs: the agent starts and goes on, what waits can leave, nothing is lost.

    test_disk_full.py TRIPLINE KEEP_ALERTS
"""
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import delivery
import standins
import suite
import world

TRIPLINE, KEEP_ALERTS = sys.argv[1], sys.argv[2]
SIZE_MB = 8


class Receiver(standins.StandIn):
    def __init__(self, certificates):
        self.is_away, self.ids = False, []
        super().__init__(None, certificates, plain=True)

    def post(self, path, headers, body):
        if self.is_away:
            return 503, None
        self.ids += [document["event"]["id"] for document in json.loads(body)]
        return 200, None


class DiskFull(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.disk = self.path / "disk"
        self.disk.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(self.disk)],
                              capture_output=True, check=False)
        if done.returncode != 0:
            self.folder.cleanup()
            self.skipTest("a tmpfs can't be mounted here")
        world.make_certificates(self.path / "certificates")
        self.receiver = Receiver(self.path / "certificates")
        self.agent = delivery.Agent(self.disk / "state", TRIPLINE, KEEP_ALERTS)
        self.configure()

    def tearDown(self):
        self.agent.stop()
        self.receiver.stop()
        if suite.failed(self):
            print(self.agent.log()[-4000:])
        subprocess.run(["umount", "-l", str(self.disk)], check=False)
        self.folder.cleanup()

    def configure(self, heartbeat="0s"):
        self.agent.write({"o": (f"http://127.0.0.1:{self.receiver.port}/", 'allow-plaintext="loopback" max-batch-alerts="20"')})
        text = self.agent.config.read_text(encoding="utf-8")
        self.agent.config.write_text(text.replace('<heartbeat interval="0s"/>', f'<heartbeat interval="{heartbeat}"/>'),
                                     encoding="utf-8")

    def fill(self):
        """To the last byte."""
        with open(self.disk / "filler", "ab", buffering=0) as file:
            for size in (65536, 4096, 512, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"x" * size)
        self.assertEqual(os.statvfs(self.disk).f_bavail, 0)

    def make_room(self):
        (self.disk / "filler").unlink()

    def keep(self, numbers):
        done = self.agent.keep(numbers)
        self.assertEqual(done.returncode, 0, done.stderr)
        return {delivery.alert(n)[0] for n in numbers}

    def status(self):
        done = subprocess.run([TRIPLINE, "status", "--json", "--config", str(self.agent.config)], capture_output=True,
                              text=True, timeout=30, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout else {}

    def all_leave(self, wanted):
        delivery.wait_until(lambda: set(self.receiver.ids) == wanted, 60, "all at the receiver")
        self.assertEqual(len(self.receiver.ids), len(wanted))

    def test_soon_after_a_start(self):
        """The log is small then: still all that waits can leave."""
        wanted = self.keep(range(600))
        self.receiver.is_away = True
        self.agent.start()
        delivery.wait_until(lambda: "T4002" in self.agent.log(), 30, "a try")
        self.fill()
        self.receiver.is_away = False
        self.all_leave(wanted)
        self.assertEqual(self.agent.stop(), 0)
        self.assertEqual(self.agent.waiting()["o"], set())

    def test_at_the_start(self):
        """After a clean stop: it starts, and what waits leaves."""
        self.agent.start()
        delivery.wait_until(lambda: "T1001" in self.agent.log(), 30, "the start")
        self.assertEqual(self.agent.stop(), 0)
        wanted = self.keep(range(300))
        self.fill()
        self.agent.start()
        self.all_leave(wanted)
        self.assertEqual(self.agent.stop(), 0)
        self.assertEqual(self.agent.waiting()["o"], set())

    def test_after_a_kill(self):
        """The same after kill -9; what was sent twice has the same id."""
        wanted = self.keep(range(300))
        self.receiver.is_away = True
        self.agent.start()
        delivery.wait_until(lambda: "T4002" in self.agent.log(), 30, "a try")
        self.fill()
        self.agent.process.kill()
        self.agent.process.wait()
        self.receiver.is_away = False
        self.agent.start()
        self.all_leave(wanted)

    def test_the_first_time(self):
        """There is no outbox yet, and no room for one: it starts all the same, its heartbeats wait in memory and leave, and
        with room again there is an outbox."""
        self.configure(heartbeat="1s")
        self.fill()
        self.agent.start()
        delivery.wait_until(lambda: len(self.receiver.ids) >= 2, 60, "heartbeats")
        self.make_room()
        delivery.wait_until(lambda: self.agent.database.is_file() and self.agent.database.stat().st_size > 0, 60, "an outbox")
        self.assertEqual(self.agent.stop(), 0)

    def test_in_the_middle(self):
        """Heartbeats are made while the disk is full: they leave, status says "disk full", not STUCK; then all is well."""
        self.configure(heartbeat="1s")
        self.agent.start()
        delivery.wait_until(lambda: self.receiver.ids and self.status()[0] in (0, 1), 60, "a heartbeat and a status")
        self.receiver.is_away = True
        self.fill()
        delivery.wait_until(lambda: any("disk full" in r for r in self.status()[1].get("reasons", [])), 60, "disk full")
        code, document = self.status()
        self.assertEqual(code, 1)
        self.assertNotEqual(document["verdict"], "STUCK")
        before = len(self.receiver.ids)
        self.receiver.is_away = False
        delivery.wait_until(lambda: len(self.receiver.ids) > before + 2, 90, "heartbeats from memory")
        self.make_room()
        delivery.wait_until(lambda: not any("disk full" in r for r in self.status()[1].get("reasons", ["disk full"])), 60,
                            "a status without it")
        self.assertEqual(len(self.receiver.ids), len(set(self.receiver.ids)))
        self.assertEqual(self.agent.stop(), 0)


if __name__ == "__main__":
    suite.main(sys.argv[3:])
