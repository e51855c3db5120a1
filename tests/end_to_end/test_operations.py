#!/usr/bin/python3
"""Living with the agent, the unmodified tripline.exe in Wine: what the operator and the central side see.

    test_operations.py TRIPLINE_EXE BUILD_TREE
"""
import collections
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import suite
import wine
import world

PROGRAM = Path(sys.argv[1])
WEVTAPI = Path(sys.argv[2]) / "tests" / "winsim" / "wevtapi.dll"
SOURCE = world.HERE.parents[1]
CHANNELS = [world.SECURITY, world.SYSMON]

WATCHING, TROUBLE, STOPPED, DEAD, STUCK, UNKNOWN = 0, 1, 3, 4, 5, 6

# Each command of docs/operations.md's blocks: exit codes, and what it prints (stdout, then stderr). In Wine the doctor finds
# file rights bad, and the status says so; hence 1 too. All of them run here: there is no exception.
SELFTEST = r"(?s)event after \d+ ms.*central: taken after \d+ ms.*\npassed: every output took the alert\n\Z"
DOCUMENT = [
    ("tripline doctor", (0, 1), r"(?s)good     .*What this host cannot see.*\n\d+ good, \d+ warnings?, \d+ bad\n\Z"),
    ("tripline selftest", (0,), SELFTEST),
    ("tripline status", (0, 1), r"(?s)\ATripline .*: (watching|running).*SOURCE +STATE.*OUTPUT +STATE.*outbox +working"),
    ("tripline check-config", (0,), r"\AC:\\ProgramData\\Tripline\\tripline\.xml: ok\n(  .+\n)+\Z"),
    ("tripline reload", (0,), r"\Aasked to read the config anew; .*\n\Z"),
    # Wine's service manager lacks some of what is asked for.
    ("tripline install", (0,), r"\A(the state stays in .*\n)?installed: service Tripline as .*\n(tripline install: warning: .*\n)*\Z"),
    ("tripline start", (0,), r"\Astarted\n\Z"),
    ("tripline selftest", (0,), SELFTEST),
    ("tests/heartbeat_verifier.py --silent-after 180 received.jsonl", (0,), r"\A\S+ \(.+\): \d+ heartbeats, .* 2 runs; .*\n\Z"),
    ("tripline stop", (0,), r"\Astopped\n\Z"),
    ("tripline deadletters list", (0,), r"\Ano dead letters\n\Z"),
    ("tripline start", (0,), r"\Astarted\n\Z"),
    ("tripline scan --report report.html Security.evtx forwarded.xml.gz", (0,),
     r'\A(\{"@timestamp":.*Set-CASMailbox.*\}\n){2}tripline scan: 2 files, 2 events, .* 2 alerts, 0 bad events, .*\n\Z'),
]


def commands_of(document):
    """Every line of the indented and of the fenced blocks of a Markdown document."""
    commands, fenced = [], False
    for line in document.splitlines():
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif line.strip() and (fenced or line.startswith(("    ", "\t"))):
            commands.append(line.strip())
    return commands


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.certificates = self.path / "certificates"
        world.make_certificates(self.certificates)
        self.receiver = None
        self.wine = wine.Wine(self.path, PROGRAM, WEVTAPI, is_shared=True)
        self.config_path = self.wine.state / "tripline.xml"
        for name in CHANNELS:
            self.wine.append(name)  # there, and empty

    def tearDown(self):
        aborts, log = self.wine.aborts(), self.wine.log()
        self.wine.stop(is_well=not aborts and not suite.failed(self))
        if self.receiver is not None:
            self.receiver.stop()
        self.folder.cleanup()
        if aborts or suite.failed(self):
            print("the agent's log:\n" + log[-6000:])
        self.assertEqual(aborts, "")

    def receive(self, *arguments, port=0):
        self.receiver = world.Receiver(self.path, self.certificates, *arguments, port=port)

    def config(self, **more):
        (self.wine.state / "ca.pem").write_bytes((self.certificates / "ca.pem").read_bytes())
        new = self.config_path.with_suffix(".new")
        inside = more.pop("more", "")
        world.write_config(new, self.receiver.url, "ca.pem", more.pop("channels", CHANNELS),
                           self.wine.windows_path(self.wine.state), **more)
        text = new.read_text(encoding="utf-8").replace('<doctor interval="0s"/>', "")
        if inside:
            text = text.replace('<heartbeat interval="0s"/>', inside, 1)
        new.write_text(text, encoding="utf-8")
        os.replace(new, self.config_path)

    def tripline(self, *arguments, code=0):
        got, out, err = self.wine.run(*arguments)
        self.assertEqual(got, code, f"{arguments}: {out}{err}")
        return out + err

    def status(self, *arguments):
        """Exit code and output of tripline status."""
        code, out, err = self.wine.run("status", *arguments)
        self.assertNotEqual(code, 2, err)
        return code, out, err

    def well(self):
        """The agent watches, and nothing is amiss but what the doctor says of Wine itself (who may write there)."""
        code, out, _ = self.status("--json")
        reasons = json.loads(out)["reasons"] if out else ["?"]
        return code in (WATCHING, TROUBLE) and all("doctor" in reason for reason in reasons)

    def document(self):
        return json.loads((self.wine.state / "status.json").read_text(encoding="utf-8"))

    def start(self, **more):
        self.config(**more)
        self.tripline("install", "--config", self.wine.windows_path(self.config_path))
        self.tripline("start")
        self.wine.wait_for_log("T1001")
        world.wait_for((self.wine.state / "status.json").exists, 20, "a first status")

    def taken(self):
        return [r for r in self.receiver.received() if 200 <= r["status"] < 300]

    def alerts(self):
        return [r for r in self.taken() if r["alert"]["event"]["kind"] == "alert"]

    def heartbeats(self):
        return [r for r in self.taken() if r["alert"]["event"].get("dataset") == "tripline.heartbeat"]


class Status(Case):
    def test_never_ran(self):
        self.receive()
        code, out, err = self.status()
        self.assertEqual((code, out), (UNKNOWN, ""))
        self.assertIn("has never run", err)

    def test_running_and_stopped(self):
        self.receive()
        self.start()
        self.wine.append(world.SECURITY, world.event_4688(7, world.ATTACK))
        world.wait_for(lambda: self.document()["outputs"][0]["delivered"] == 1, 20, "a status that knows the alert")
        self.assertTrue(self.well())
        document = json.loads(self.status("--json")[1])
        security = document["sources"][0]
        self.assertEqual((security["name"], security["state"], security["matches"], security["record"]),
                         ("Security", "reading", 1, 7))
        self.assertEqual({source["state"] for source in document["sources"]}, {"reading"})
        self.assertEqual([thread["overdue_s"] for thread in document["threads"]], [0, 0, 0])
        _, out, _ = self.status()
        print(out)
        self.assertLessEqual(max(map(len, out.splitlines())), 80)
        self.tripline("stop")
        code, out, _ = self.status()
        self.assertEqual(code, STOPPED, out)
        self.assertIn("stopped", out.splitlines()[0])

    def test_killed(self):
        self.receive()
        self.start()
        world.wait_for(lambda: self.well(), 20, "a running agent")
        self.wine.kill_service()
        code, out, _ = self.status()
        self.assertEqual(code, DEAD, out)
        self.assertIn("DEAD", out.splitlines()[0])

    def test_stuck(self):
        self.receive()
        self.start()
        world.wait_for(lambda: self.well(), 20, "a running agent")
        pid = self.wine.service_pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            world.wait_for(lambda: self.status()[0] == STUCK, 40, "a status that is too old")
            code, out, _ = self.status()
            self.assertEqual(code, STUCK, out)
            self.assertIn("STUCK", out.splitlines()[0])
        finally:
            os.kill(pid, signal.SIGCONT)
        world.wait_for(lambda: self.well(), 20, "an agent that goes on")

    def test_trouble(self):
        """A channel that may not be read, an output that does not answer."""
        self.receive()
        self.wine.scenario(f'denied "{world.SYSMON}"')
        self.start()
        self.receiver.stop()
        self.wine.append(world.SECURITY, world.event_4688(1, world.ATTACK))
        self.wine.wait_for_log("T4002")
        world.wait_for(lambda: self.document()["outputs"][0]["failing"] > 0, 20, "a status that knows")
        code, out, _ = self.status()
        self.assertEqual(code, TROUBLE, out)
        print(out)
        self.assertIn("is not read (denied)", " ".join(out.split()))
        self.assertIn("output central does not take alerts", " ".join(out.split()))
        self.assertLessEqual(max(map(len, out.splitlines())), 80)


class Selftest(Case):
    """Wine writes no event 4688 for a new process, so the test does, as Windows would: with the announced command line."""

    def selftest(self, *arguments, record=1, change=""):
        announced = self.wine.state / "selftest.txt"
        announced.unlink(missing_ok=True)
        done = []
        thread = threading.Thread(target=lambda: done.append(self.wine.run("selftest", *arguments)))
        thread.start()
        world.wait_for(lambda: announced.is_file() and announced.stat().st_size > 0, 20, "the announced command line")
        command_line = announced.read_text(encoding="utf-8")
        self.wine.append(world.SECURITY, world.event_4688(record, command_line + change))
        thread.join(60)
        self.assertFalse(announced.exists())
        return done[0]

    def test_taken_refused_silent(self):
        self.receive()
        port = self.receiver.port
        self.start()
        code, out, err = self.selftest("--timeout", "20")
        print(out)
        self.assertEqual((code, err), (0, ""), out)
        self.assertRegex(out, r"output central: taken after \d+ ms \(HTTP 200\)")
        self.assertTrue(self.alerts()[0]["alert"]["tripline"]["test"])
        self.assertIn("tripline-selftest-", self.alerts()[0]["alert"]["process"]["command_line"])
        # Words after it make it an alert like any other, and no test.
        code, out, _ = self.selftest("--timeout", "3", record=2, change=" & evil.exe")
        self.assertEqual(code, 1, out)
        self.assertNotIn("test", self.alerts()[1]["alert"]["tripline"])
        self.receiver.stop()

        self.receive("--refuse", "tripline-selftest", port=port)
        code, out, _ = self.selftest("--timeout", "20", record=3)
        self.assertEqual(code, 1, out)
        self.assertIn("REFUSED", out)
        self.receiver.stop()

        self.receive("--delay", "60000", port=port)
        code, out, _ = self.selftest("--timeout", "5", record=4)
        self.assertEqual(code, 1, out)
        self.assertIn("has not taken it yet", out)
        self.assertIn("FAILED: not every output", out)

    def test_as_the_document_says(self):
        """Every command of docs/operations.md's blocks, in its order, as DOCUMENT knows it; the verbs in its text exist."""
        self.receive()
        self.start(more='<heartbeat interval="1s"/>')
        text = (SOURCE / "docs" / "operations.md").read_text(encoding="utf-8")
        self.assertEqual(commands_of(text), [command for command, _, _ in DOCUMENT])
        usage = self.tripline("help")
        for verb in set(re.findall(r"`tripline ([a-z-]+)", text)):
            self.assertRegex(usage, rf"(?m)^  {verb} ")
        for record, (command, codes, shape) in enumerate(DOCUMENT, 1):
            if command == "tripline install":  # on a host that has none yet
                self.tripline("stop")
                self.tripline("uninstall")
            code, out, err = self.follow(record, *command.split())
            print(f"$ {command}\n{out}{err}")
            self.assertIn(code, codes, f"{command}: {out}{err}")
            self.assertRegex(out + err, shape, command)
            if command == "tripline reload":
                self.wine.wait_for_log("T1204")
        self.assertEqual(self.wine.log().count("T1001"), 3)  # the test's own start, and two of the document

    def follow(self, record, program, *command):
        """Runs one command of the document. Returns exit code, output, errors."""
        if command == ("selftest",):
            return self.selftest(record=record)
        if command[0] == "scan":
            return self.scan_as_the_document_says(command)
        if program == "tripline":
            return self.wine.run(*command)
        world.wait_for(lambda: len({beat["alert"]["tripline"]["heartbeat"]["boot"] for beat in self.heartbeats()}) == 2, 20,
                       "heartbeats of both runs")
        done = subprocess.run([sys.executable, SOURCE / program, *command[:-1], self.receiver.out], capture_output=True,
                              text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def scan_as_the_document_says(self, command):
        """The document's names, with events in both; told by the content, not by the name."""
        folder = self.wine.prefix / "drive_c"
        for name in command[3:]:
            (folder / name).write_text(world.event_4688(9, world.ATTACK) + "\n", encoding="utf-8")
        places = [self.wine.windows_path(folder / name) for name in command[2:]]
        code, out, err = self.wine.run("scan", "--report", *places)
        self.assertIn("Set-CASMailbox", (folder / command[2]).read_text(encoding="utf-8"))
        return code, out, err

    def test_nobody_there(self):
        self.receive()
        self.config()
        code, _, err = self.wine.run("selftest")
        self.assertEqual(code, 1)
        self.assertIn("no running agent", err)
        self.start()
        code, out, _ = self.wine.run("selftest", "--timeout", "2")  # no event comes
        self.assertEqual(code, 1)
        self.assertIn("the agent saw no such process", out)
        self.tripline("stop")
        code, _, err = self.wine.run("selftest")
        self.assertEqual(code, 1)
        self.assertIn("it was stopped", err)


class Reload(Case):
    def reloaded(self, count, words="T1204"):
        self.wine.wait_for_log(words, count=count)

    def test_good_and_bad_under_load(self):
        """Events flow while the config changes, now to a good one, now to a bad one: none is lost, none comes twice."""
        rounds = 100 if world.LONG else 12
        self.receive()
        self.start(lookback="all")
        stop, sent = threading.Event(), []

        def load():
            while not stop.is_set():
                number = len(sent) + 1
                self.wine.append(world.SECURITY, world.event_4688(number, world.ATTACK if number % 5 == 0
                                                                  else world.HARMLESS))
                sent.append(number)
                time.sleep(0.005)

        thread = threading.Thread(target=load)
        thread.start()
        good = bad = 0
        try:
            for i in range(rounds):
                if i % 4 == 3:
                    self.config_path.write_text(f"<tripline version='1'><nonsense{i}/></tripline>", encoding="utf-8")
                    bad += 1
                    self.reloaded(bad, "T1205")
                    continue
                self.config(lookback="all", channels=CHANNELS if i % 2 else [*CHANNELS, world.FORWARDED],
                            output=f'max-batch-alerts="{i + 1}"' + (' format="ndjson"' if i % 3 else ""))
                if i % 5 == 0:
                    self.tripline("reload")
                good += 1
                self.reloaded(good)
        finally:
            stop.set()
            thread.join()
        expected = {number for number in sent if number % 5 == 0}
        world.wait_for(lambda: len(self.alerts()) >= len(expected), 30, f"{len(expected)} alerts")
        time.sleep(0.5)
        got = collections.Counter(r["alert"]["event"]["sequence"] for r in self.alerts())
        self.assertEqual(set(got), expected)
        self.assertEqual(set(got.values()), {1})
        self.assertIn("nonsense", self.wine.log())
        self.assertEqual(self.wine.log().count("T1001"), 1)
        print(f"{good} good and {bad} bad configs, {len(sent)} events, {len(expected)} alerts")

    def test_status_knows(self):
        self.receive()
        self.start()
        world.wait_for(lambda: "config" in self.document(), 20, "a status")
        first = self.document()["config"]["sha256"]
        self.config_path.write_text("<tripline/>", encoding="utf-8")
        world.wait_for(lambda: self.document()["config"]["refused"], 20, "a refused config in the status")
        self.assertEqual(self.document()["config"]["sha256"], first)
        self.config(output='timeout="20s"')
        world.wait_for(lambda: not self.document()["config"]["refused"], 20, "a config that was taken")
        self.assertNotEqual(self.document()["config"]["sha256"], first)

    def test_renamed_output(self):
        """What waits for an output that goes is sent to the one that comes."""
        self.receive()
        port = self.receiver.port
        self.start()
        self.receiver.stop()
        self.wine.append(world.SECURITY, world.event_4688(1, world.ATTACK))
        self.wine.wait_for_log("T4002")
        text = self.config_path.read_text(encoding="utf-8").replace('"central"', '"other"')
        self.config_path.write_text(text, encoding="utf-8")
        self.reloaded(1)
        self.receive(port=port)
        world.wait_for(lambda: len(self.alerts()) == 1, 60, "the alert")


class Heartbeats(Case):
    def test_chain(self):
        """A chain over restart and kill is whole; metrics are there; the verifier says so."""
        self.receive()
        metrics = self.wine.state / "tripline.prom"
        self.config(more='<heartbeat interval="1s"/><metrics file="tripline.prom"/>')
        self.tripline("install", "--config", self.wine.windows_path(self.config_path))
        self.tripline("start")
        self.wine.append(world.SECURITY, world.event_4688(5, world.HARMLESS), world.event_4688(6, world.ATTACK))
        self.beats(4)
        self.tripline("stop")
        self.wine.append(world.SECURITY, world.event_4688(7, world.ATTACK))
        self.tripline("start")
        self.beats(7)
        self.wine.kill_service()
        self.wine.append(world.SECURITY, world.event_4688(8, world.ATTACK))
        self.tripline("start")
        self.beats(12)
        self.tripline("stop")
        verifier = [sys.executable, world.HERE.parent / "heartbeat_verifier.py", self.receiver.out]
        done = subprocess.run(verifier, capture_output=True, text=True, check=False)
        print(done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("Security to 8", done.stdout)
        self.assertIn("3 runs", done.stdout)
        text = metrics.read_text(encoding="utf-8")
        self.assertIn("tripline_running 0\n", text)
        # The store of yesterday comes back: the chain forks.
        backup = self.path / "backup"
        backup.mkdir()
        for file in self.wine.state.glob("tripline.db*"):
            shutil.copy(file, backup)
        count = len(self.heartbeats())
        self.tripline("start")
        self.beats(count + 3)
        self.tripline("stop")
        for file in self.wine.state.glob("tripline.db*"):
            file.unlink()
        for file in backup.iterdir():
            shutil.copy(file, self.wine.state)
        count = len(self.heartbeats())
        self.tripline("start")
        self.beats(count + 2)
        self.tripline("stop")
        done = subprocess.run(verifier, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("rollback", done.stdout)

    def beats(self, count):
        world.wait_for(lambda: len(self.heartbeats()) >= count, 40, f"{count} heartbeats")


@unittest.skipUnless(world.LONG, "takes five minutes: ./dev test --long")
class Watchdog(Case):
    def test_stuck_reader(self):
        """The Event Log's service does not answer: the status says which thread is stuck, then the process ends itself."""
        self.receive()
        self.wine.scenario("next-delay-ms 900000")
        self.wine.append(world.SECURITY, world.event_4688(1, world.HARMLESS))
        self.start()
        pid = self.wine.service_pid()
        self.wine.wait_for_log("T1206", timeout_s=150)
        world.wait_for(lambda: self.status()[0] == STUCK, 20, "a status that says stuck")
        self.assertIn("thread eventlog gives no sign of life", self.status()[1])
        self.wine.wait_for_log("T1208", timeout_s=150)
        world.wait_for(lambda: not wine.is_alive(pid), 20, "the end of the process")
        self.assertEqual(self.status()[0], DEAD)


class Doctor(Case):
    def test_screen(self):
        """What it finds in this Wine: policy unreadable or off, channels as the scenario says, an output that answers."""
        self.receive()
        self.wine.append(world.SECURITY, world.event_4688(1, world.HARMLESS))
        self.wine.append(world.SYSMON, world.event_sysmon(1, ""))
        self.wine.scenario(f'retention {world.SECURITY}')
        self.config(channels=[*CHANNELS, "No/Such"])
        code, out, err = self.wine.run("doctor", "--json")
        self.assertEqual((code, err), (1, ""))
        lines = {line["id"]: line for line in json.loads(out)["lines"]}
        for name, level in (("channel:Security", "good"), ("retention:Security", "bad"), ("channel:No/Such", "warning"),
                            (f"events:{world.SYSMON}", "warning"), ("output:central", "good"),
                            ("clock:central", "good"), ("disk", "good"), ("command-lines", "warning")):
            self.assertEqual(lines[name]["level"], level, lines[name])
        self.assertIn("TLSv1.3", lines["output:central"]["what"])
        self.assertEqual(lines["open-shell"]["level"], "blind")
        self.wine.run("add", r"HKLM\Software\Microsoft\Windows\CurrentVersion\Policies\System\Audit", "/v",
                      "ProcessCreationIncludeCmdLine_Enabled", "/t", "REG_DWORD", "/d", "1", "/f", program="reg")
        code, out, _ = self.wine.run("doctor")
        print(out)
        self.assertEqual(code, 1)
        self.assertIn("event 4688 has the command line", out)
        self.assertLessEqual(max(len(line) for line in out.splitlines() if "  > " not in line), 80)
        self.receiver.stop()
        code, out, _ = self.wine.run("doctor", "--json")
        lines = {line["id"]: line for line in json.loads(out)["lines"]}
        self.assertEqual(lines["output:central"]["level"], "bad")


if __name__ == "__main__":
    suite.main(sys.argv[3:])
