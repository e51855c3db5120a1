#!/usr/bin/python3
"""The verifier of heartbeats finds what it shall; metrics and alert rules are what Prometheus takes.

    test_heartbeat.py SOURCE TEST_HEARTBEAT [EMULATOR]

TEST_HEARTBEAT: the program of that name, which makes real heartbeats.
"""
import copy
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE, PROGRAM = Path(sys.argv[1]), sys.argv[3:] + [sys.argv[2]]
sys.path.insert(0, str(SOURCE / "tests"))
import heartbeat_verifier as verifier  # pylint: disable=wrong-import-position


def rehash(beat):
    beat["hash"] = hashlib.sha256(verifier.canonical(beat)).hexdigest()
    return beat


class Verifier(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = Path(cls.folder.name)
        subprocess.run([*PROGRAM, cls.path], check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def beats(self, name="good.jsonl"):
        with open(self.path / name, encoding="utf-8") as file:
            return list(verifier.read(file))

    def kinds(self, beats, **options):
        return [finding[2] for finding in verifier.verify(beats, **options)[0]]

    def test_good(self):
        beats = self.beats()
        self.assertEqual(len(beats), 6)
        self.assertEqual(self.kinds(beats), [])
        self.assertEqual(self.kinds([*beats[:3], beats[2], *beats[3:]]), [])  # one was delivered twice
        self.assertEqual(verifier.verify(beats)[1][beats[0]["agent_id"]].reached["Security"], 160)

    def test_removed(self):
        beats = self.beats()
        del beats[2]
        self.assertEqual(self.kinds(beats), ["missing", "hole"])
        self.assertEqual(self.kinds(self.beats()[1:]), ["missing"])

    def test_removed_and_renumbered(self):
        """Who takes one away and counts the rest anew must break the chain."""
        beats = self.beats()
        del beats[2]
        beats[2]["sequence"] = 3
        self.assertIn("changed", self.kinds(beats))
        rehash(beats[2])
        self.assertIn("broken", self.kinds(beats))

    def test_changed(self):
        beats = self.beats()
        beats[3]["receipts"][0]["matches"] = 0 if beats[3]["receipts"][0]["matches"] else 1
        self.assertIn("changed", self.kinds(beats))

    def test_rolled_back(self):
        self.assertEqual(self.kinds(self.beats("rolled-back.jsonl")), ["rollback"])

    def test_cloned(self):
        self.assertIn("clone", self.kinds(self.beats("cloned.jsonl")))
        beats = self.beats()
        beats[5]["host"] = "other.example.com"
        self.assertIn("clone", self.kinds([*beats[:5], rehash(beats[5])]))

    def test_hole(self):
        beats = copy.deepcopy(self.beats()[:2])
        beats[1]["receipts"][0]["after"] += 5
        self.assertEqual(self.kinds([beats[0], rehash(beats[1])]), ["hole"])
        beats[1]["receipts"][0].update(after=None, to=3)
        self.assertEqual(self.kinds([beats[0], rehash(beats[1])]), ["back"])
        beats[1]["receipts"][0].update(restarted=True)
        self.assertEqual(self.kinds([beats[0], rehash(beats[1])]), ["restarted"])

    def test_lost(self):
        self.assertIn("lost", self.kinds(self.beats("lost.jsonl")))

    def test_deleted_state(self):
        beats = self.beats()
        fresh = copy.deepcopy(beats[0])
        fresh["agent_id"] = "another"
        self.assertEqual(self.kinds([*beats, rehash(fresh)]), ["new identity"])

    def test_silent(self):
        beats = copy.deepcopy(self.beats()[:2])
        beats[1]["time"] = "2099-01-01T00:00:00.000Z"
        self.assertEqual(self.kinds([beats[0], rehash(beats[1])], silent_after=120), ["silent"])

    def test_program(self):
        call = [sys.executable, SOURCE / "tests" / "heartbeat_verifier.py"]
        done = subprocess.run([*call, self.path / "good.jsonl"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = subprocess.run([*call, self.path / "rolled-back.jsonl"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("rollback", done.stdout)

    @unittest.skipUnless(shutil.which("promtool"), "promtool is missing: Debian's package prometheus")
    def test_prometheus(self):
        text = (self.path / "tripline.prom").read_bytes()
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, b""))
        done = subprocess.run(["promtool", "check", "rules", SOURCE / "config" / "prometheus" / "tripline.rules.yml"],
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = subprocess.run(["promtool", "test", "rules", SOURCE / "tests" / "data" / "prometheus" / "rules-test.yml"],
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        # Each rule is seen to speak and to be silent.
        tests = (SOURCE / "tests" / "data" / "prometheus" / "rules-test.yml").read_text(encoding="utf-8")
        rules = (SOURCE / "config" / "prometheus" / "tripline.rules.yml").read_text(encoding="utf-8")
        for name in re.findall(r"- alert: (\w+)", rules):
            self.assertRegex(tests, rf"alertname: {name}\n +exp_alerts:\n", name)
            self.assertRegex(tests, rf"alertname: {name}, exp_alerts: \[\] }}", name)
        # Whatever rules and dashboard ask for is among the metrics.
        names = {line.split()[2] for line in text.decode().splitlines() if line.startswith("# TYPE")}
        board = json.loads((SOURCE / "config" / "prometheus" / "grafana-dashboard.json").read_text(encoding="utf-8"))
        wanted = " ".join(target["expr"] for panel in board["panels"] for target in panel.get("targets", []))
        wanted += rules
        for name in set(re.findall(r"\btripline_[a-z_]+\b(?=[\s{\[)])", wanted)):
            self.assertIn(name, names)


unittest.main(argv=sys.argv[:1], verbosity=2)
