#!/usr/bin/python3
"""Disks that fail under the outbox, by strace's injection: no crash, and nothing is acknowledged that is not on disk.

    test_store_faults.py TRIPLINE KEEP_ALERTS
"""
import os
import re
import resource
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import delivery
import suite
import world

TRIPLINE, KEEP_ALERTS = sys.argv[1], sys.argv[2]
STRACE = shutil.which("strace")
LONG = world.LONG
ALERTS = range(6)
EVERY = {delivery.alert(n)[0] for n in ALERTS}

# What SQLite asks of the file system while alerts are kept.
CALLS = ("pwrite64", "fsync,fdatasync", "ftruncate,fallocate", "pread64", "openat")


class StoreFaults(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.agent = self.new("agent")
        self.server = None

    def tearDown(self):
        self.agent.stop()
        if self.server:
            self.server.close()
        if suite.failed(self):
            print(self.agent.log()[-4000:])
        self.folder.cleanup()

    def new(self, name, url="https://localhost:1/", more=""):
        agent = delivery.Agent(self.path / name, TRIPLINE, KEEP_ALERTS)
        agent.write({"central": (url, more)})
        return agent

    def strace(self, agent, *inject):
        files = [f"{agent.database}{end}" for end in ("", "-wal", "-journal")]
        return [STRACE, "-f", "-qq", "-o", agent.home / "trace.txt", *(part for file in files for part in ("-P", file)),
                *(part for rule in inject for part in ("-e", f"inject={rule}"))]

    def keep(self, agent, *inject, **more):
        """Keeps ALERTS with that fault: what was acknowledged, then looks whether it is there. Returns the exit code."""
        done = agent.keep(ALERTS, prefix=self.strace(agent, *inject) if inject else (),
                          env=dict(os.environ, TRIPLINE_KEEP_TELL="1"), **more)
        told = set(done.stdout.split())
        self.assertNotIn(-done.returncode, (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS), done.stderr)
        self.assertNotIn("Sanitizer", done.stderr)
        there = agent.waiting()["central"] if told else set()
        self.assertLessEqual(told, there, f"{inject}: acknowledged and not on disk")
        return done.returncode

    def recovers(self, agent, inject):
        """Afterwards all is as if nothing had been."""
        done = agent.keep(ALERTS)
        self.assertEqual(done.returncode, 0, f"{inject}: {done.stderr}")
        self.assertEqual(agent.waiting()["central"], EVERY, inject)

    def every(self, what):
        """The fault at the first call, the second ..., until a run sees none of it."""
        tried = 0
        for call in CALLS:
            number, step = 1, 1 if LONG else 7
            while number < 400:
                agent = self.new(f"{call}-{number}")
                inject = f"{call}:{what}:when={number}"
                self.keep(agent, inject)
                trace = (agent.home / "trace.txt").read_text(errors="replace")
                self.recovers(agent, inject)
                shutil.rmtree(agent.home)
                if "INJECTED" not in trace and "+++ killed" not in trace:
                    break  # there are fewer calls than that
                tried += 1
                number += step
        return tried

    def test_errors(self):
        """EIO, ENOSPC and EROFS once, at each place."""
        print(sum(self.every(f"error={error}") for error in ("EIO", "ENOSPC", "EROFS")), "faults, 0 lost")

    def test_kill(self):
        """kill -9 at each place."""
        print(self.every("signal=SIGKILL"), "times killed, 0 lost")

    def test_for_good(self):
        """The same from some call on, for ever."""
        for call in CALLS[:3]:
            for error in ("EIO", "ENOSPC"):
                for first in (1, 5, 12):
                    agent = self.new(f"{call}-{error}-{first}")
                    inject = f"{call}:error={error}:when={first}+"
                    self.keep(agent, inject)
                    self.recovers(agent, inject)

    def test_short_writes(self):
        """A disk with room for part of a write: it is short, the next one fails."""
        def limit(size):
            def prepare():
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            return prepare
        failed = 0
        for size in range(4000, 80000, 3001):
            agent = self.new(f"short-{size}")
            failed += self.keep(agent, preexec_fn=limit(size), restore_signals=False) != 0
            self.recovers(agent, size)
        self.assertGreater(failed, 3)

    def test_agent(self):
        """The program itself with a disk that fails after a while: it says so and goes on; nothing is lost."""
        certificates = self.path / "certificates"
        world.make_certificates(certificates)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "server.pem", certificates / "server.key")

        def serve(server, connection, number):
            with context.wrap_socket(connection, server_side=True) as stream:
                server.take(stream)
        self.server = delivery.Server(serve)
        for error, first in (("EIO", 6), ("ENOSPC", 6), ("EROFS", 9)):
            self.agent = agent = self.new(f"run-{error}", f"https://localhost:{self.server.port}/",
                                          f'ca-file="{certificates}/ca.pem" max-batch-alerts="2"')
            self.recovers(agent, error)
            agent.start(self.strace(agent, f"pwrite64,fsync,fdatasync:error={error}:when={first}+"))
            delivery.wait_until(lambda a=agent: re.search("T4004|T1003", a.log()), 20, f"words about {error}")
            tracer = agent.process.pid  # which keeps signals to itself
            child = int(Path(f"/proc/{tracer}/task/{tracer}/children").read_text(encoding="ascii").split()[0])
            os.kill(child, signal.SIGINT)
            self.assertNotIn(-agent.process.wait(20), (signal.SIGSEGV, signal.SIGABRT))
            agent.process = None
            agent.start()
            # What the collector took but the disk could not note comes again, under the same id.
            delivery.wait_until(lambda: set(self.server.ids()) == EVERY, 20, "all alerts")
            delivery.wait_until(lambda a=agent: a.log().count("T4001") > 0, 20, "a delivery")
            self.assertEqual(agent.stop(), 0)
            delivery.wait_until(lambda a=agent: a.waiting()["central"] == set(), 20, "an empty outbox")
            self.server.bodies.clear()

    def test_damaged(self):
        """A file that is no database any more: the program moves it aside, says what it saved, and goes on."""
        self.recovers(self.agent, "")
        data = bytearray(self.agent.database.read_bytes())
        data[:100] = b"\xa5" * 100
        self.agent.database.write_bytes(data)
        self.agent.start()
        delivery.wait_until(lambda: "T4106" in self.agent.log(), 20, "the report")
        delivery.wait_until(lambda: "T1001" in self.agent.log(), 20, "the start")
        self.assertEqual(self.agent.stop(), 0)
        line = re.search("T4106 .*", self.agent.log()).group(0)
        moved = re.search(r"it is now (\S+\.damaged-[\w-]+)", line).group(1)
        self.assertEqual(Path(moved).read_bytes()[:100], data[:100])
        self.recovers(self.agent, "")


if __name__ == "__main__":
    os.environ["ASAN_OPTIONS"] = "detect_leaks=0"  # that does not work under ptrace
    if STRACE is None:
        print("skipped: strace is not there: apt-get install strace")
        sys.exit(77)
    suite.main(sys.argv[3:])
