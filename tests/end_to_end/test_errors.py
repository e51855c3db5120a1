#!/usr/bin/python3
"""What a user sees who gives the program something bad: a clear line on stderr and the documented exit code.

    test_errors.py TRIPLINE
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import suite
import world

TRIPLINE = Path(sys.argv[1])


def tripline(*arguments, data=None, stdout=subprocess.PIPE, timeout=120):
    done = subprocess.run([TRIPLINE, *map(str, arguments)], input=data, stdout=stdout, stderr=subprocess.PIPE,
                          check=False, timeout=timeout)
    return done.returncode, (done.stdout or b"").decode(), done.stderr.decode(errors="replace")


class Errors(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def file(self, name, content):
        path = self.path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def check(self, arguments, code, *says, data=None):
        got, out, err = tripline(*arguments, data=data)
        self.assertEqual(got, code, err)
        for words in says:
            self.assertIn(words, err)
        return out

    def test_usage(self):
        self.check([], 2, "usage: tripline")
        self.check(["vrify"], 2, "did you mean verify?")
        self.check(["scan"], 2, "wants one file")
        self.check(["scan", "--jobs", "0", "x"], 2, "1 to 64")
        self.check(["scan", "--frobnicate", "x"], 2, "--frobnicate")
        self.check(["run", "--config"], 2, "--config wants a file")
        self.check(["run", "x"], 2, "unknown argument")

    def test_files(self):
        self.check(["scan", self.path / "nothere.xml"], 1, "nothere.xml: No such file or directory")
        self.check(["scan", self.path], 1, "holds no log")
        self.check(["scan", self.file("junk.txt", "hello\n")], 1, "no <Event> found")
        self.check(["scan", self.file("half.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03")], 1, "too early")
        self.check(["scan", self.file("half.evtx", b"ElfFile\0" + bytes(5000))], 0, "holds no event")
        self.check(["verify", self.path / "nothere.tsv"], 1, "nothere.tsv")
        self.check(["check-config", self.path / "nothere.xml"], 1, "there is no such file")

    def test_one_bad_event_stops_nothing(self):
        attack = world.event_4688(7, world.ATTACK)
        bad = world.event_4688(6, world.ATTACK).replace("</System>", "</Sistem>")
        path = self.file("mixed.xml", "\n".join([attack, bad, "<Event <Event>", attack.replace(">7<", ">8<")]) + "\n")
        out = self.check(["scan", path], 0, f"{path}: bad event at byte {len(attack) + 1}", "2 alerts")
        self.assertEqual([json.loads(line)["event"]["sequence"] for line in out.splitlines()], [7, 8])

    def test_pipes_are_opened_once(self):
        """What is in a pipe is lost with its only reader; so nobody looks into it before it is read."""
        paths = [self.path / name for name in "ab"]
        for number, path in enumerate(paths):
            os.mkfifo(path)
            data = (world.event_4688(number, world.ATTACK) + "\n").encode()
            threading.Thread(target=path.write_bytes, args=(data,), daemon=True).start()
        out = self.check(["scan", "--jobs", "2", *paths], 0, "2 files, 2 events", "2 alerts")
        self.assertEqual([json.loads(line)["event"]["sequence"] for line in out.splitlines()], [0, 1])

    def test_another_encoding_is_told(self):
        attack = world.event_4688(7, world.ATTACK) + "\n"
        path = self.file("two.xml", attack.encode() + attack.encode("utf-16-le"))
        self.check(["scan", "--strict", path], 3, "another encoding", "1 events", "1 bad event")

    def test_a_full_disk_is_not_silent(self):
        with open("/dev/full", "wb") as full:
            code, _, err = tripline("scan", "-", data=world.event_4688(1, world.ATTACK).encode(), stdout=full)
        self.assertEqual(code, 1)
        self.assertIn("No space left", err)

    def test_a_line_without_end_takes_no_memory(self):
        """A gigabyte in one line, in and outside an event, costs no more than a few MiB."""
        for begin, says, code in ((b"", b"no <Event> found", 1), (b"<Event ", b"event is too long", 1)):
            process = subprocess.Popen([TRIPLINE, "scan", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE)
            process.stdin.write(begin)
            block = b"a" * (1 << 20)
            for _ in range(1024):
                process.stdin.write(block)
            peak = [int(line.split()[1]) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
                    if line.startswith("VmHWM")]
            process.stdin.close()
            err = process.stderr.read()
            process.stderr.close()
            self.assertEqual(process.wait(60), code, err)
            self.assertIn(says, err)
            if "asan" not in str(TRIPLINE):
                self.assertLess(peak[0], 64 * 1024)

    def test_config_whose_outputs_can_not_be_opened(self):
        """What would only show when the agent starts shows before."""
        for output, says in (('<webhook name="soc" url="https://x.example/" signing-key="zz"/>', "signing-key is whsec_"),
                             ('<clickhouse name="soc" url="https://x.example/" database="a;b"/>', "database and table"),
                             (f'<webhook name="soc" url="https://x.example/" client-certificate="{self.path}/no.p12"/>',
                              "no.p12"),
                             ('<webhook name="soc" url="https://x.example/"><header name="Authorization" '
                              f'value="Bearer file:{self.path}/token"/></webhook>', "token")):
            path = self.file("c.xml", f'<tripline version="1"><outputs>{output}</outputs></tripline>')
            self.check(["check-config", path], 1, f"{path}: output soc: ", says)
        self.file("token", "secret").chmod(0o644)  # the agent refuses it too
        self.check(["check-config", path], 1, "output soc: ", "others can read it too")
        (self.path / "token").chmod(0o600)
        self.check(["check-config", path], 0)
        path = self.file("c.xml", '<tripline version="1"><outputs><webhook name="soc" url="https://x.example/"/></outputs>'
                                  "</tripline>")
        self.assertIn(f"{path}: ok", self.check(["check-config", f"--config={path}"], 0))
        self.check(["check-config", path, path], 2, "takes one file")
        self.check(["check-config", "--json", path], 2, 'knows no option "--json"')

    def test_status_of_a_config_that_is_not_there(self):
        """It says so, and does not show another agent."""
        self.check(["status", "--config", self.path / "nothere.xml"], 6, "nothere.xml: there is no such file")

    def test_config(self):
        path = self.file("bad.xml", '<tripline version="1">\n  <outputs>\n    <webhook nme="a" url="http://x"/>\n'
                                    "  </outputs>\n</tripline>\n")
        self.check(["check-config", path], 1, f"{path}:3:", "did you mean name?", "https://")
        self.check(["run", "--config", path], 1, f"{path}:3:")
        self.check(["check-config", self.file("cut.xml", "<tripline version='1'>")], 1, "cut.xml:1:")

    def test_service_verbs_elsewhere(self):
        for verb in ("install", "uninstall", "start", "stop", "service"):
            self.check([verb], 1, "only on Windows")


class Delivery(unittest.TestCase):
    """tripline run with a collector that is not there, or not who it says."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = Path(cls.folder.name)
        cls.certificates = cls.path / "certificates"
        world.make_certificates(cls.certificates)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def run_and_wait(self, says):
        """Runs the agent until its log says so; returns the log and the exit code after SIGTERM."""
        log = self.path / "state" / "tripline.log"
        process = subprocess.Popen([TRIPLINE, "run", "--config", self.path / "t.xml"], stderr=subprocess.DEVNULL)
        try:
            world.wait_for(lambda: log.is_file() and says in log.read_text(), 20, says)
        finally:
            process.terminate()
            code = process.wait(100)
        text = log.read_text()
        log.unlink()
        return text, code

    def config(self, url, ca="ca.pem", output=""):
        world.write_config(self.path / "t.xml", url, str(self.certificates / ca), [world.SECURITY],
                           str(self.path / "state"), output=output)

    def test_starts_and_stops(self):
        self.config("https://localhost:1/alerts")
        log, code = self.run_and_wait("T1001")
        self.assertEqual(code, 0)
        self.assertIn("T1005", log)  # says that nothing is watched here
        self.assertIn("T1002", log)

    def test_bad_certificates_are_named(self):
        (self.certificates / "junk.pem").write_text("junk")
        self.config("https://localhost:1/alerts", ca="junk.pem")
        code, _, err = tripline("run", "--config", self.path / "t.xml")
        self.assertEqual(code, 1)
        self.assertIn("t.xml:8:", err)
        self.assertIn("junk.pem\" is not PEM text", err)


resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
os.environ.setdefault("ASAN_OPTIONS", "allocator_may_return_null=0")
suite.main(sys.argv[2:])
