#!/usr/bin/python3
"""docs/rules.md: its rule files are good, each of its commands does what it says.

    test_docs.py SOURCE PROGRAM [ARGUMENT ...]      (PROGRAM may be an emulator with the program behind it)
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE, PROGRAM = sys.argv[1], sys.argv[2:]
PAGE = open(SOURCE + "/docs/rules.md", encoding="utf-8").read()


class Page(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        for name, text in re.findall(r"```yaml (\S+)\n(.*?)```", PAGE, flags=re.S):
            path = os.path.join(self.directory, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        shutil.copy(SOURCE + "/tests/data/events/attack-4688.xml", self.directory + "/events.xml")

    def call(self, *arguments):
        return subprocess.run(PROGRAM + list(arguments), cwd=self.directory, capture_output=True, timeout=60, check=False,
                              encoding="utf-8")

    def test_commands(self):
        commands = re.findall(r"^    tripline (.*)$", PAGE, flags=re.M)
        self.assertGreaterEqual(len(commands), 4)
        for command in commands:
            done = self.call(*command.split())
            self.assertEqual(done.returncode, 0, f"tripline {command}: {done.stdout}{done.stderr}")
            self.assertTrue(done.stdout, command)

    def test_scan_finds_it(self):
        done = self.call("scan", "--rules", "rules", "events.xml")
        alerts = [json.loads(line) for line in done.stdout.splitlines()]
        ids = sorted(alert["rule"]["id"] for alert in alerts)
        self.assertEqual(ids, sorted(re.findall(r"^id: (\S+)$", PAGE, flags=re.M)))
        for alert in alerts:
            self.assertEqual("sentinel" in alert, alert["rule"]["ruleset"] != "Sigma")

    def test_check_as_json(self):
        done = self.call("rules", "check", "--json", "rules")
        for line in done.stdout.splitlines():
            verdict = json.loads(line)
            self.assertTrue(verdict["ok"])
            self.assertEqual(verdict["errors"], [])
            self.assertTrue(verdict["legs"])

    def test_a_mistake(self):
        with open(self.directory + "/rules/bad.yaml", "w", encoding="utf-8") as file:
            file.write("id: 9b1f7c52-6a0e-4d0b-9a52-3d6d0f7a1c33\nname: Bad\nseverity: High\nquery: |\n"
                       "  SecurityEvent\n  | where ComandLine has 'x'\n")
        done = self.call("rules", "check", "rules/bad.yaml")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"bad\.yaml:6:11: K2\d\d: .*CommandLine")
        self.assertIn("    | where ComandLine has 'x'\n", done.stdout)
        found = json.loads(self.call("rules", "check", "--json", "rules/bad.yaml").stdout)
        self.assertFalse(found["ok"])
        self.assertEqual((found["errors"][0]["line"], found["errors"][0]["column"]), (6, 11))


unittest.main(argv=["test_docs.py"])
