"""What tests of the service share: a Wine prefix of its own, a receiver, a config; and nothing left behind at the end."""
import collections
import re
import sqlite3
import tempfile
import time
import unittest
from pathlib import Path

import suite
import wine
import world


class ServiceCase(unittest.TestCase):
    """program and wevtapi are set by the test program."""

    program = wevtapi = None
    channels = [world.SECURITY, world.SYSMON, world.FORWARDED]

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.certificates = self.path / "certificates"
        world.make_certificates(self.certificates)
        self.receiver = None
        self.is_installed = False
        self.wine = wine.Wine(self.path, self.program, self.wevtapi, is_shared=True)
        for name in self.channels:
            self.wine.append(name if isinstance(name, str) else name[0])  # there, and empty

    def tearDown(self):
        try:
            if self.wine.service_pid() is not None:
                self.stop()
        finally:
            aborts, log, leaks = self.wine.aborts(), self.wine.log(), self.wine.leaks()
            self.wine.stop(is_well=not aborts and not suite.failed(self))
            if self.receiver is not None:
                self.receiver.stop()
            self.folder.cleanup()
            if aborts or suite.failed(self):
                print(f"the agent's log:\n{log[-20000:]}")
        self.assertEqual(aborts, "")
        for line in re.findall(r".*program=tripline.*", leaks):
            self.assertIn(" handles=0", line)

    def receive(self, *arguments, port=0):
        self.receiver = world.Receiver(self.path, self.certificates, *arguments, port=port)

    def configure(self, **settings):
        """Writes the config; a receiver is made unless there was one."""
        if self.receiver is None:
            self.receive()
        path = self.wine.state / "tripline.xml"
        (self.wine.state / "ca.pem").write_bytes((self.certificates / "ca.pem").read_bytes())
        settings.setdefault("eventlog", 'retry="1s"')
        world.write_config(path, self.receiver.url, "ca.pem", self.channels, self.wine.windows_path(self.wine.state),
                           **settings)
        return self.wine.windows_path(path)

    def tripline(self, *arguments, code=0):
        got, out, err = self.wine.run(*arguments)
        self.assertEqual(got, code, f"{arguments}: {out}{err}")
        return out + err

    def start(self, **settings):
        """Starts the service; the first time it is installed, with a config of these settings."""
        started = self.wine.log().count(" T1001 ")
        if not self.is_installed:
            self.tripline("install", "--config", self.configure(**settings))
            self.is_installed = True
        self.tripline("start")
        self.wine.wait_for_log(" T1001 ", count=started + 1)

    def stop(self):
        """Stops the service and waits until its process is gone."""
        pid = self.wine.service_pid()
        self.tripline("stop")
        world.wait_for(lambda: not wine.is_alive(pid), 20, "the service's end")

    def taken(self):
        return [r for r in self.receiver.received() if 200 <= r["status"] < 300]

    def records(self):
        """Record ids of the alerts taken, in the order of their coming."""
        return [r["alert"]["event"]["sequence"] for r in self.taken()]

    def expect(self, *records, timeout_s=15, repeats=False):
        """Waits until exactly these records' alerts have come: each once, unless repeats may be."""
        want = collections.Counter(records)
        world.wait_for(lambda: set(self.records()) >= set(want), timeout_s,
                       lambda: f"alerts of {records[:20]}, had {self.records()[:40]}")
        time.sleep(0.3)
        got = collections.Counter(self.records())
        self.assertEqual(set(got), set(want))
        if not repeats:
            self.assertEqual(got, want)
        return got

    def security(self, first, last, attacks=(), **more):
        """Records first to last of Security, in one write; those of attacks match."""
        self.wine.append(world.SECURITY, *(world.event_4688(i, world.ATTACK if i in attacks else world.HARMLESS, **more)
                                           for i in range(first, last + 1)))

    def lines(self, message):
        """The agent's log lines with that message id."""
        return [line for line in self.wine.log().splitlines() if f" T{message} " in line]

    def expect_line(self, message, words="", timeout_s=20):
        def find():
            return next((line for line in self.lines(message) if words in line), None)
        return world.wait_for(find, timeout_s, f"T{message} {words}")

    def mark(self, channel, text=None):
        """The bookmark kept for channel; text: what it is replaced by. The service must be stopped."""
        with sqlite3.connect(self.wine.state / "tripline.db") as db:
            if text is not None:
                changed = db.execute("UPDATE bookmark SET value = ? WHERE source = ?", (text, channel)).rowcount
                self.assertEqual(changed, 1)
            row = db.execute("SELECT value FROM bookmark WHERE source = ?", (channel,)).fetchone()
        db.close()
        return row[0] if row else None
