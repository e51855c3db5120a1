#!/usr/bin/python3
"""The unmodified tripline.exe as a Windows service in Wine: from an event in the log to the receiver, and back to nothing.

    test_service.py TRIPLINE_EXE BUILD_TREE
"""
import collections
import signal
import sys
import tempfile
import time
import unittest
from pathlib import Path

import suite
import wine
import world

PROGRAM = Path(sys.argv[1])
WEVTAPI = Path(sys.argv[2]) / "tests" / "winsim" / "wevtapi.dll"
CHANNELS = [world.SECURITY, world.SYSMON, world.FORWARDED]


class Service(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.certificates = self.path / "certificates"
        world.make_certificates(self.certificates)
        self.receiver = None
        self.wine = wine.Wine(self.path, PROGRAM, WEVTAPI, is_shared=True)
        for name in CHANNELS:
            self.wine.append(name)  # there, and empty

    def tearDown(self):
        aborts, log = self.wine.aborts(), self.wine.log()
        self.wine.stop(is_well=not aborts and not suite.failed(self))
        if self.receiver is not None:
            self.receiver.stop()
        self.folder.cleanup()
        if aborts or suite.failed(self):
            print("the agent's log:\n" + log)
        self.assertEqual(aborts, "")

    def receive(self, *arguments, port=0):
        self.receiver = world.Receiver(self.path, self.certificates, *arguments, port=port)

    def config(self, lookback="all", url=None, ca="ca.pem", output="", extra=""):
        path = self.wine.state / "tripline.xml"
        (self.wine.state / "ca.pem").write_bytes((self.certificates / ca).read_bytes())
        world.write_config(path, url or self.receiver.url, "ca.pem", CHANNELS,
                           self.wine.windows_path(self.wine.state), lookback, output, extra=extra)
        return self.wine.windows_path(path)

    def tripline(self, *arguments, code=0):
        got, out, err = self.wine.run(*arguments)
        self.assertEqual(got, code, f"{arguments}: {out}{err}")
        return out + err

    def ids(self, count, timeout_s=20):
        """Waits for count alerts, then a little longer for one too many; returns them by event code and record."""
        world.wait_for(lambda: len(self.taken()) >= count, timeout_s, f"{count} alerts")
        time.sleep(0.3)
        return collections.Counter((r["alert"]["event"]["code"], r["alert"]["event"]["sequence"]) for r in self.taken())

    def taken(self):
        return [r for r in self.receiver.received() if 200 <= r["status"] < 300]

    def fill(self, first, count):
        """Harmless events in both local channels."""
        self.wine.append(world.SECURITY, *(world.event_4688(first + i, world.HARMLESS) for i in range(count)))
        self.wine.append(world.SYSMON, *(world.event_sysmon(first + i, world.HARMLESS) for i in range(count)))

    def install_and_start(self):
        self.tripline("install", "--config", self.config())
        self.tripline("start")
        self.wine.wait_for_log("T1001")

    def test_the_whole_road(self):
        self.receive()
        self.fill(1, 150)
        self.wine.append(world.SECURITY, world.event_4688(151, world.ATTACK))
        self.install_and_start()
        self.assertEqual(self.ids(1), {("4688", 151): 1})  # it was there before the agent

        begin = time.time()
        self.wine.append(world.SYSMON, world.event_sysmon(151, world.ATTACK))
        self.assertEqual(self.ids(2), {("4688", 151): 1, ("1", 151): 1})
        took = max(r["received_ns"] for r in self.taken()) / 1e9 - begin
        print(f"from event to receipt: {1000 * took:.0f} ms")

        forwarded = world.event_4688(99, world.ATTACK, computer="other.example.com")
        self.wine.append(world.FORWARDED, forwarded)
        self.assertEqual(self.ids(3)[("4688", 99)], 1)
        alert = self.taken()[-1]["alert"]
        self.assertEqual(alert["sentinel"]["Type"], "WindowsEvent")
        self.assertEqual(alert["sentinel"]["Computer"], "other.example.com")
        self.assertEqual(alert["user"]["name"], "dadmin")

        self.tripline("stop")
        self.wine.append(world.SECURITY, world.event_4688(152, world.ATTACK))  # while nobody watches
        self.tripline("start")
        self.assertEqual(self.ids(4), {("4688", 151): 1, ("1", 151): 1, ("4688", 99): 1, ("4688", 152): 1})

        self.tripline("uninstall")
        self.assertIsNone(self.wine.service_pid())
        self.assertIn("not installed", self.tripline("start", code=1))
        self.assertIn("not installed", self.tripline("uninstall", code=1))
        self.assertNotIn("Tripline", self.wine.run("query", "HKLM\\System\\CurrentControlSet\\Services\\Tripline",
                                                   program="reg")[1])
        self.assertRegex(self.wine.leaks(), r"\A(.*: 0 .*\n|.*\b0\b.*\n)*\Z")

    def test_one_process_one_story(self):
        """4688 and Sysmon of the same process: one alert, one follow-up; also when a restart lies between them."""
        self.receive()
        self.install_and_start()
        for record in (1, 2):
            when = world.now()
            self.wine.append(world.SECURITY, world.event_4688(record, world.ATTACK, when, pid=100 * record))
            self.ids(2 * record - 1)
            if record == 2:
                self.wine.kill_service()
                self.tripline("start")
            self.wine.append(world.SYSMON, world.event_sysmon(record, world.ATTACK, when, pid=100 * record))
            self.ids(2 * record)
        alerts = [r["alert"] for r in self.taken() if not r["repeat"]]
        self.assertEqual([a["event"]["kind"] for a in alerts], ["alert", "event", "alert", "event"])
        for alert, follow_up in (alerts[0:2], alerts[2:4]):
            self.assertEqual(follow_up["event"]["action"], "witness-added")
            self.assertEqual(follow_up["tripline"]["alert_id"], alert["event"]["id"])
            self.assertEqual(follow_up["sentinel"]["Type"], "Event: Microsoft-Windows-Sysmon")
        self.tripline("stop")

    def test_faithful(self):
        """The rule as it is written: a row for each table and each child."""
        self.receive()
        config = self.config(extra='<matching reading="faithful"/>')
        self.tripline("install", "--config", config)
        self.tripline("start")
        when = world.now()
        self.wine.append(world.SECURITY, world.event_4688(1, world.ATTACK, when, pid=100))
        self.wine.append(world.SYSMON, world.event_sysmon(1, world.ATTACK, when, pid=100),
                         *(world.event_sysmon(record, "whoami.exe", parent=world.ATTACK, parent_pid=100, pid=100 + record)
                           for record in (2, 3)))
        self.assertEqual(self.ids(4), {("4688", 1): 1, ("1", 1): 1, ("1", 2): 1, ("1", 3): 1})
        self.assertEqual({r["alert"]["event"]["kind"] for r in self.taken()}, {"alert"})
        self.tripline("stop")

    def test_killed_in_the_middle(self):
        """kill -9 while the collector is down: after it, each alert comes, and comes once."""
        self.receive("--drop", "2")
        self.install_and_start()
        self.wine.append(world.SECURITY, *(world.event_4688(i, world.ATTACK) for i in range(1, 21)))
        self.wine.wait_for_log("T3001", count=20)
        self.wine.kill_service()
        self.wine.append(world.SECURITY, *(world.event_4688(i, world.ATTACK) for i in range(21, 41)))
        self.tripline("start")
        got = self.ids(40)
        self.assertEqual(set(got), {("4688", i) for i in range(1, 41)})
        fresh = [r for r in self.taken() if not r["repeat"]]
        self.assertEqual(len(fresh), 40)

    def test_the_collector_is_away(self):
        """Alerts wait on disk while the collector is down, over a restart of the agent, and come in order."""
        self.receive()
        port = self.receiver.port
        config = self.config()
        self.receiver.stop()
        self.tripline("install", "--config", config)
        self.tripline("start")
        self.wine.append(world.SECURITY, world.event_4688(1, world.ATTACK), world.event_4688(2, world.ATTACK))
        self.wine.wait_for_log("T4002")
        self.tripline("stop")
        self.tripline("start")
        self.receive(port=port)
        self.assertEqual(self.ids(2, timeout_s=90), {("4688", 1): 1, ("4688", 2): 1})
        self.assertEqual([r["alert"]["event"]["sequence"] for r in self.taken()], [1, 2])

    def test_a_wrong_certificate(self):
        self.receive()
        self.tripline("install", "--config", self.config(ca="other-ca.pem"))
        self.tripline("start")
        self.wine.append(world.SECURITY, world.event_4688(1, world.ATTACK))
        self.wine.wait_for_log("T4002")
        self.assertIn("certificate", self.wine.log())
        self.assertEqual(self.receiver.received(), [])
        self.tripline("stop")

    def test_mutual_tls_and_gzip(self):
        self.receive("--ca", self.certificates / "ca.pem", "--require-client")
        for name in ("client.pem", "client-encrypted.key"):
            (self.wine.state / name).write_bytes((self.certificates / name).read_bytes())
        self.tripline("install", "--config", self.config(output=(
            'client-certificate="client.pem" client-key="client-encrypted.key" client-key-password="secret word" '
            'gzip="yes" format="ndjson"')))
        self.tripline("start")
        self.wine.append(world.SECURITY, world.event_4688(1, world.ATTACK))
        self.assertEqual(self.ids(1), {("4688", 1): 1})
        headers = {name.lower(): value for name, value in self.taken()[0]["headers"].items()}
        self.assertEqual(headers["content-encoding"], "gzip")
        self.assertNotIn("secret word", self.wine.log())
        self.tripline("stop")

    def test_bad_config(self):
        self.receive()
        config = self.config()
        self.tripline("install", "--config", config)
        self.assertIn("already", self.tripline("install", "--config", config, code=1))
        (self.wine.state / "tripline.xml").write_text("<tripline version='1'><nonsense/></tripline>")
        self.assertIn("code 1", self.tripline("start", code=1))
        # A config that can't be read names no place for the log: it stands where a config that names none has it.
        log = self.wine.state / "state" / "tripline.log"
        self.assertIn("T1004", log.read_text(encoding="utf-8"))
        self.assertIn("nonsense", self.tripline("install", "--config", config, code=1))

    def test_foreground(self):
        """tripline run --config does what the service does."""
        self.receive()
        config = self.config(lookback="24h")
        old = world.event_4688(1, world.ATTACK, when="2022-01-01T00:00:00.0000000Z")
        self.wine.append(world.SECURITY, old, world.event_4688(2, world.ATTACK))
        process = self.wine_process("run", "--config", config)
        try:
            self.assertEqual(self.ids(1), {("4688", 2): 1})  # the first is older than the lookback
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)

    def wine_process(self, *arguments):
        import os
        import subprocess
        environment = dict(os.environ, WINEPREFIX=str(self.wine.prefix), WINEDEBUG="-all",
                           WINEDLLOVERRIDES="mscoree,mshtml=;winedbg.exe=d")
        with open(self.path / "run.log", "wb") as log:
            return subprocess.Popen(["wine", self.wine.windows_path(self.wine.home / "tripline.exe"), *arguments],
                                    env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


suite.main(sys.argv[3:])
