#!/usr/bin/python3
"""Each output of docs/outputs.md as written there, from the program's outbox to a server, and back by the server's own
way to read.

    test_outputs.py TRIPLINE KEEP_ALERTS SOURCE [TEST...]
"""
import contextlib
import json
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import servers
import world

TRIPLINE, KEEP_ALERTS, SOURCE = sys.argv[1], sys.argv[2], Path(sys.argv[3])


def recipes():
    """The code blocks of docs/outputs.md: {section: {language: [block, ...]}}"""
    found, section, language, block = {}, None, None, []
    for line in (SOURCE / "docs" / "outputs.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:].strip()
        elif line.startswith("```") and language is None:
            language, block = line[3:].strip(), []
        elif line == "```":
            found.setdefault(section, {}).setdefault(language, []).append("\n".join(block))
            language = None
        elif language is not None:
            block.append(line)
    return found


RECIPES = recipes()

# Command lines that every way must carry unharmed.
ODD = ["\u00e9\u20ac\U0001f600 'single' \"double\" \\back\\slash\ttab\r\nnew line", "</script>&amp;%41%00${jndi}{{x}}",
       "x" * 20000]


class Outputs(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = Path(cls.folder.name)
        cls.certificates = cls.path / "certificates"
        world.make_certificates(cls.certificates)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.home = self.path / self.id().rsplit(".", 1)[1]
        self.home.mkdir()
        self.process = None
        self.servers = []
        for name in ("ca.pem", "client.pem", "client.key"):
            (self.home / name).write_bytes((self.certificates / name).read_bytes())

    def tearDown(self):
        self.stop_agent()
        for server in self.servers:
            server.stop()
        if self._outcome.result.failures or self._outcome.result.errors:
            print(self.log())

    def start(self, kind, *arguments, **more):
        """A server of kind, or the test is skipped."""
        try:
            server = kind(self.home / f"server{len(self.servers)}", self.certificates, *arguments, **more)
        except servers.Missing as missing:
            print(f"skipped: {missing}")
            self.skipTest(str(missing))
        self.servers.append(server)
        return server

    def log(self):
        path = self.home / "state" / "tripline.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    def recipe(self, section, language="xml", index=0):
        return RECIPES[section][language][index]

    def config(self, *outputs, ports=()):
        """Writes a config with these outputs; ports: {host of an example: port of ours}."""
        text = "\n".join(outputs)
        for host, port in dict(ports).items():
            text, count = re.subn(re.escape(host) + r"(:\d+)?(?=[/\"])", f"localhost:{port}", text)
            self.assertGreater(count, 0, f"{host} is not in the example")
        self.assertNotIn(".example.com", text)
        (self.home / "tripline.xml").write_text(
            '<tripline version="1"><state directory="state"/><log level="debug"/><outputs>\n' + text +
            "\n</outputs></tripline>\n", encoding="utf-8")
        return re.findall(r'<\w+ name="([\w-]+)"', text)

    def documents(self, count=3, first=1, command_lines=()):
        """count alerts of the program's own making, as texts."""
        lines = list(command_lines) or [f"{world.ATTACK} {i}" for i in range(count)]
        path = self.home / "events.xml"
        path.unlink(missing_ok=True)
        world.append(path, *(world.event_4688(first + i, line, when="2024-05-06T07:08:09.1234567Z")
                             for i, line in enumerate(lines)))
        done = subprocess.run([TRIPLINE, "scan", str(path)], check=True, capture_output=True, timeout=60)
        documents = done.stdout.decode("utf-8").splitlines()
        self.assertEqual(len(documents), len(lines))
        return documents

    def keep(self, documents, outputs):
        (self.home / "state").mkdir(exist_ok=True)
        done = subprocess.run([KEEP_ALERTS, str(self.home / "state" / "tripline.db"), *outputs], check=True,
                              input="".join(d + "\n" for d in documents).encode(), capture_output=True, timeout=60)
        self.assertEqual(int(done.stdout), len(documents))
        return [json.loads(document) for document in documents]

    def start_agent(self):
        self.process = subprocess.Popen([TRIPLINE, "run", "--config", str(self.home / "tripline.xml")],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        world.wait_for(lambda: "T1001" in self.log() or self.process.poll() is not None, 20, "the agent")
        self.assertIsNone(self.process.poll(), "the agent ended")

    def stop_agent(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
        self.process = None

    def query(self, sql):
        """What the outbox holds; it is read while the agent is stopped."""
        with contextlib.closing(sqlite3.connect(self.home / "state" / "tripline.db")) as database:
            return database.execute(sql).fetchall()

    def dead(self):
        return self.query("SELECT id, reason FROM dead ORDER BY number")

    def wait_for_log(self, words, count=1, timeout_s=30):
        world.wait_for(lambda: self.log().count(words) >= count, timeout_s, f"{words} in the agent's log")

    def deliver(self, documents, outputs, refused=0):
        """Keeps documents, runs the agent until all are settled, and stops it. Returns them parsed."""
        alerts = self.keep(documents, outputs)
        self.start_agent()
        def settled():
            done = sum(int(n) for n in re.findall(r"T4001 .*?delivered alerts=(\d+)", self.log()))
            return done + self.log().count("T4003") >= len(documents) * len(outputs)
        world.wait_for(settled, 40, "all to be settled")
        self.stop_agent()
        self.assertEqual(self.log().count("T4003"), refused)
        return alerts

    def attacks(self):
        return self.documents(command_lines=[f"{world.ATTACK} {odd}" for odd in ODD] + [world.ATTACK])


class ClickHouse(Outputs):
    def test_recipe(self):
        server = self.start(servers.ClickHouse, "a secret")
        server.sql(self.recipe("clickhouse", "sql"))
        outputs = self.config(self.recipe("clickhouse"), ports={"clickhouse.example.com": server.port})
        alerts = self.deliver(self.attacks(), outputs)
        rows = {row["id"]: row for row in server.rows("SELECT * FROM tripline_alerts")}
        self.assertEqual(len(rows), len(alerts))
        for alert in alerts:
            row = rows[alert["event"]["id"]]
            self.assertEqual(json.loads(row["document"]), alert)
            self.assertEqual(row["process_command_line"], alert["process"]["command_line"])
            self.assertEqual((row["time"], row["event_time"]), ("2024-05-06 07:08:09", "2024-05-06T07:08:09.1234567Z"))
            self.assertEqual((row["host"], row["user_domain"], row["user_name"], int(row["process_pid"])),
                             ("exch01.corp.example.com", "CONTOSO", "dadmin", 9636))
            self.assertEqual((row["rule_id"], row["severity"]), (alert["rule"]["id"], "Medium"))
            self.assertNotEqual(row["created"][:4], "1970")

    def test_repeats_go(self):
        """The same alerts from another outbox: one row per id."""
        server = self.start(servers.ClickHouse, "a secret")
        server.sql(self.recipe("clickhouse", "sql"))
        outputs = self.config(self.recipe("clickhouse"), ports={"clickhouse.example.com": server.port})
        documents = self.documents(5)
        self.deliver(documents, outputs)
        for path in (self.home / "state").iterdir():
            path.unlink()
        self.deliver(documents, outputs)
        self.assertEqual(server.rows("SELECT count() AS n FROM tripline_alerts FINAL")[0]["n"], "5")

    def test_trouble(self):
        """No table, then a wrong password: the alerts wait; nothing is a dead letter."""
        server = self.start(servers.ClickHouse, "a secret")
        outputs = self.config(self.recipe("clickhouse"), ports={"clickhouse.example.com": server.port})
        self.keep(self.documents(3), outputs)
        self.start_agent()
        self.wait_for_log("T4002")
        server.sql(self.recipe("clickhouse", "sql"))
        self.wait_for_log("T4001")
        self.stop_agent()
        self.assertEqual(self.dead(), [])
        self.assertEqual(server.rows("SELECT count() AS n FROM tripline_alerts")[0]["n"], "3")
        self.config(self.recipe("clickhouse").replace("a secret", "hunter2"),
                    ports={"clickhouse.example.com": server.port})
        self.keep(self.documents(1, first=50), outputs)
        self.start_agent()
        self.wait_for_log("HTTP 401")
        self.stop_agent()
        self.assertNotIn("hunter2", self.log())
        self.assertNotIn("a secret", self.log())
        self.assertEqual(len(self.query("SELECT 1 FROM alert")), 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
