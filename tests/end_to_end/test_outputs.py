#!/usr/bin/python3
"""Each output of docs/outputs.md as written there, from the program's outbox to a server, and back by the server's own
way to read.

    test_outputs.py TRIPLINE KEEP_ALERTS SOURCE [TEST...]
"""
import contextlib
import gzip
import json
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import jsonschema
import recipes
import servers
import standins
import suite
import world

TRIPLINE, KEEP_ALERTS, SOURCE = sys.argv[1], sys.argv[2], Path(sys.argv[3])


RECIPES = recipes.read(SOURCE)

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
            self.assertEqual(getattr(server, "mistakes", []), [])
        if suite.failed(self):
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
        """Writes a config with these outputs; ports: {host of an example: port of ours}. Returns the outputs' names."""
        text, names = recipes.place("\n".join(outputs), dict(ports))
        (self.home / "tripline.xml").write_text(
            '<tripline version="1"><state directory="state"/><log level="debug"/><doctor interval="0s"/>'
            '<heartbeat interval="0s"/><outputs start-spread="0s">\n' + text + "\n</outputs></tripline>\n", encoding="utf-8")
        return names

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

    def deliver(self, documents, outputs, refused=0, expect=None, timeout_s=60):
        """Keeps documents, runs the agent until all (or expect, counted over all runs) are settled, and stops it.
        Returns them parsed."""
        alerts = self.keep(documents, outputs)
        want = len(documents) * len(outputs) if expect is None else expect
        before = 0 if expect is not None else self.settled()
        self.start_agent()
        world.wait_for(lambda: self.settled() >= before + want, timeout_s, "all to be settled")
        self.stop_agent()
        self.assertEqual(self.log().count("T4003"), refused)
        return alerts

    def settled(self):
        done = sum(int(a) + int(b) for a, b in re.findall(r"T4001 .*?delivered alerts=(\d+) heartbeats=(\d+)", self.log()))
        return done + self.log().count("T4003")

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



class Elasticsearch(Outputs):
    def begin(self, documents, **more):
        self.server = self.start(standins.Elasticsearch, "VnVhQ2ZHY0JDZGJrU0", **more)
        self.outputs = self.config(self.recipe("elasticsearch"), ports={"elastic.example.com": self.server.port})
        return documents

    def test_recipe(self):
        json.loads(self.recipe("elasticsearch", "json"))
        alerts = self.deliver(self.begin(self.attacks()), self.outputs)
        self.assertEqual(self.server.documents, {alert["event"]["id"]: alert for alert in alerts})

    def test_each_alert_has_its_answer(self):
        """One is there already, one is refused, one is put off twice, one has a stream that comes later."""
        documents = self.begin(self.documents(6))
        ids = [json.loads(document)["event"]["id"] for document in documents]
        self.server.documents[ids[1]] = {"was": "there"}
        self.server.busy[ids[3]] = 2
        self.server.refuse = ids[4]
        self.deliver(documents, self.outputs, refused=1)
        self.assertEqual(sorted(self.server.documents), sorted(set(ids) - {ids[4]}))
        self.assertEqual(self.server.documents[ids[1]], {"was": "there"})
        self.assertEqual([(name, reason[:8]) for name, reason in self.dead()], [(ids[4], "HTTP 400")])
        self.assertIn("failed to parse field", self.dead()[0][1])
        # Only what was put off came again.
        sizes = [len(body.splitlines()) // 2 for body in self.server.bodies()]
        self.assertEqual(sizes, [6, 1, 1])

    def test_answers_that_confirm_nothing(self):
        documents = self.begin(self.documents(16))
        answers = [(200, None), (200, b"<html>hello</html>"), (200, {"errors": False, "items": []}),
                   (200, {"errors": False}), (200, {"errors": False, "items": [{"create": {}}, {}]}), "drop", (503, None),
                   (413, None)]
        for i, answer in enumerate(answers):
            self.server.script += [answer]
            self.deliver(documents[2 * i:2 * i + 2], self.outputs)
            self.assertEqual(len(self.server.documents), 2 * i + 2, answer)

    def test_lost_answer(self):
        """The server took all and its answer was lost: 409 is success."""
        documents = self.begin(self.documents(4))
        self.server.script += [lambda answer: "drop"]
        self.deliver(documents, self.outputs)
        self.assertEqual(len(self.server.documents), 4)
        self.assertEqual(len(self.server.requests), 2)
        self.assertEqual(self.server.requests[0][2]["Idempotency-Key"], self.server.requests[1][2]["Idempotency-Key"])

    def test_no_stream_yet(self):
        documents = self.begin(self.documents(2))
        self.server.streams.clear()
        self.keep(documents, self.outputs)
        self.start_agent()
        self.wait_for_log("T4101")  # the operator's to mend: asked again once a minute
        self.server.streams.add("logs-tripline.alerts-default")
        self.wait_for_log("T4001")
        self.stop_agent()
        self.assertEqual((len(self.server.documents), self.dead()), (2, []))


class SplunkHec(Outputs):
    def begin(self, **more):
        self.server = self.start(standins.SplunkHec, "2d1c1e2a-3f52-4e7b-9a55-6c0c1f0f6d11", **more)
        self.outputs = self.config(self.recipe("splunk_hec"), ports={"splunk.example.com": self.server.port})

    def check(self, alerts):
        events = {event["fields"]["alert_id"]: event for event in self.server.indexed}
        self.assertEqual(len(events), len(alerts))
        for alert in alerts:
            event = events[alert["event"]["id"]]
            self.assertEqual(event, {
                "time": 1714979289.123, "host": "exch01.corp.example.com", "source": "tripline", "index": "security",
                "sourcetype": "tripline:alert", "event": alert,
                "fields": {"alert_id": alert["event"]["id"], "kind": "alert", "rule_id": alert["rule"]["id"]}})

    def test_recipe(self):
        self.begin()
        self.check(self.deliver(self.attacks(), self.outputs))

    def test_only_the_ack_counts(self):
        """While the indexer is silent the alerts stay in the outbox."""
        self.begin(polls=1000)
        alerts = self.keep(self.documents(2), self.outputs)
        self.start_agent()
        world.wait_for(lambda: sum(path.endswith("/ack") for _, path, _, _ in self.server.requests) >= 3, 20, "polls")
        self.stop_agent()
        self.assertNotIn("T4001", self.log())
        self.assertEqual(len(self.query("SELECT 1 FROM alert")), 2)
        self.server.polls = 1
        self.deliver([], self.outputs, expect=2)
        self.check(alerts)

    def test_without_ack(self):
        self.server = self.start(standins.SplunkHec, "2d1c1e2a-3f52-4e7b-9a55-6c0c1f0f6d11", ack=False)
        recipe = self.recipe("splunk_hec").replace('index="security"', 'index="security" ack="no"')
        outputs = self.config(recipe, ports={"splunk.example.com": self.server.port})
        self.check(self.deliver(self.documents(3), outputs))

    def test_answers(self):
        """Not confirmed, a wrong index, trouble: sent again; a bad event alone is a dead letter."""
        self.begin()
        self.server.script += [(200, None), (400, {"text": "x", "code": 7}), (503, {"text": "Server is busy", "code": 9})]
        documents = self.documents(4)
        bad = json.loads(documents[2])["event"]["id"]
        self.server.refuse = bad
        alerts = self.deliver(documents, self.outputs, refused=1)
        self.check([alert for alert in alerts if alert["event"]["id"] != bad])
        self.assertEqual([name for name, _ in self.dead()], [bad])

    def test_wrong_token(self):
        self.begin()
        self.server.token = "another"
        self.keep(self.documents(1), self.outputs)
        self.start_agent()
        self.wait_for_log("403")
        self.stop_agent()
        self.assertEqual((self.dead(), len(self.query("SELECT 1 FROM alert"))), ([], 1))
        self.assertNotIn("2d1c1e2a", self.log())


class File(Outputs):
    def lines(self, name="alerts.ndjson"):
        text = (self.home / name).read_bytes()
        self.assertTrue(text.endswith(b"\n"))
        return [json.loads(line) for line in text.decode("utf-8").split("\n")[:-1]]

    def test_recipe(self):
        alerts = self.deliver(self.attacks(), self.config(self.recipe("file")))
        self.assertEqual(self.lines(), alerts)

    def test_torn_line(self):
        """What a killed program left of a line goes; whole lines stay."""
        (self.home / "alerts.ndjson").write_text('{"whole":1}\n{"torn":' + "x" * 10000)
        alerts = self.deliver(self.documents(2), self.config(self.recipe("file")))
        self.assertEqual(self.lines(), [{"whole": 1}] + alerts)

    def test_rotation(self):
        recipe = self.recipe("file").replace('"100"', '"1"').replace('"5"', '"3"')
        outputs = self.config(recipe.replace("/>", ' max-batch-alerts="10"/>'))
        documents = self.documents(command_lines=[f"{world.ATTACK} {i} {'y' * 30000}" for i in range(70)])
        self.deliver(documents, outputs)
        names = sorted(path.name for path in self.home.glob("alerts.ndjson*"))
        self.assertEqual(names, ["alerts.ndjson", "alerts.ndjson.1", "alerts.ndjson.2"])
        kept = [json.loads(document)["event"]["sequence"] for document in documents]
        found = [a["event"]["sequence"] for name in reversed(names) for a in self.lines(name)]
        self.assertEqual(found, kept[-len(found):])
        for name in names:
            self.assertLess((self.home / name).stat().st_size, 1 << 20)

    def test_full_disk(self):
        """A file that can't be written: the alerts wait."""
        outputs = self.config('<file name="shipper" path="/dev/full"/>')
        self.keep(self.documents(1), outputs)
        self.start_agent()
        self.wait_for_log("T4002")
        self.stop_agent()
        self.assertEqual(len(self.query("SELECT 1 FROM alert")), 1)


class Alertmanager(Outputs):
    def begin(self):
        self.server = self.start(servers.Alertmanager, self.recipe("alertmanager", "yaml"),
                                 self.recipe("alertmanager", "yaml", 1), ("tripline", "a secret"))
        self.outputs = self.config(self.recipe("alertmanager"), ports={"alertmanager.example.com": self.server.port})

    def test_recipe(self):
        self.begin()
        alerts = self.deliver(self.attacks(), self.outputs)
        found = {a["labels"]["alert_id"]: a for a in self.server.alerts(alertname="Email access via active sync")}
        self.assertEqual(len(found), len(alerts))
        for alert in alerts:
            labels, notes = found[alert["event"]["id"]]["labels"], found[alert["event"]["id"]]["annotations"]
            self.assertEqual(labels, {
                "alertname": "Email access via active sync", "alert_id": alert["event"]["id"], "severity": "medium",
                "rule_id": alert["rule"]["id"], "host": "exch01.corp.example.com", "account": "CONTOSO\\dadmin",
                "source": "tripline"})
            self.assertEqual(notes["command_line"], alert["process"]["command_line"][:1024])
            self.assertEqual(notes["summary"],
                             "Email access via active sync on exch01.corp.example.com by CONTOSO\\dadmin")
            self.assertEqual(found[alert["event"]["id"]]["startsAt"], "2024-05-06T07:08:09.123Z")
            self.assertEqual(found[alert["event"]["id"]]["status"]["state"], "active")
        self.assertEqual(len(self.server.alerts(host="exch01.corp.example.com")), len(alerts))
        self.assertEqual(self.server.alerts(host="other"), [])

    def test_silence_and_repeat(self):
        """Silenced by account; the same alerts sent again are the same."""
        self.begin()
        documents = self.documents(3)
        self.deliver(documents, self.outputs)
        self.server.get("/api/v2/silences", json.dumps({
            "matchers": [{"name": "account", "value": "CONTOSO\\dadmin", "isRegex": False, "isEqual": True}],
            "startsAt": "2024-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z", "createdBy": "test",
            "comment": "test"}).encode())
        for path in (self.home / "state").iterdir():
            path.unlink()
        self.deliver(documents, self.outputs)
        world.wait_for(lambda: all(a["status"]["state"] == "suppressed" for a in self.server.alerts()), 10, "silence")
        self.assertEqual(len(self.server.alerts()), 3)

    def test_follow_ups(self):
        """What another witness or a child adds to an alert is no second alarm: it leaves the outbox, and nobody is told."""
        self.begin()
        documents = self.documents(1)
        for number, action in enumerate(("witness-added", "child-started"), 1):
            more = json.loads(documents[0])
            more["tripline"]["alert_id"] = more["event"]["id"]
            more["event"].update(id=f"{number:064x}", kind="event", action=action, dataset="endpoint.witness")
            documents.append(json.dumps(more))
        self.deliver(documents, self.outputs)
        self.assertEqual(self.query("SELECT 1 FROM alert"), [])
        self.assertEqual([a["labels"]["alert_id"] for a in self.server.alerts()], [json.loads(documents[0])["event"]["id"]])

    def test_wrong_password(self):
        self.begin()
        self.config(self.recipe("alertmanager").replace("a secret", "hunter2"),
                    ports={"alertmanager.example.com": self.server.port})
        self.keep(self.documents(1), self.outputs)
        self.start_agent()
        self.wait_for_log("401")
        self.stop_agent()
        self.assertNotIn("hunter2", self.log())


class Otlp(Outputs):
    def begin(self):
        self.server = self.start(standins.Otlp)
        self.outputs = self.config(self.recipe("otlp"), ports={"otel.example.com": self.server.port})

    def test_recipe(self):
        self.begin()
        alerts = self.deliver(self.attacks(), self.outputs)
        self.assertEqual([standins.plain(record["body"]) for record in self.server.records], alerts)
        record = self.server.records[0]
        self.assertEqual((record["timeUnixNano"], record["severityNumber"], record["severityText"], record["eventName"]),
                         ("1714979289123456700", 13, "Medium", "tripline.alert"))
        self.assertEqual({a["key"]: standins.plain(a["value"]) for a in record["attributes"]}, {
            "event.id": alerts[0]["event"]["id"], "security_rule.uuid": alerts[0]["rule"]["id"],
            "security_rule.name": "Email access via active sync", "security_rule.version": alerts[0]["rule"]["version"],
            "host.name": "exch01.corp.example.com", "user.name": "dadmin", "user.domain": "CONTOSO",
            "process.executable.path": world.POWERSHELL, "process.pid": 9636})
        self.assertEqual(standins.plain(self.server.resources[0]["attributes"][0]["value"]), "tripline")
        self.assertEqual(self.server.requests[0][2]["Authorization"], "Bearer abc")
        self.check_proto(self.server.requests[0])

    def check_proto(self, request):
        """What code made from the published .proto files understands is all that was sent."""
        try:
            reader = servers.otlp_reader(SOURCE / "build" / "node")
        except servers.Missing as missing:
            print(f"not read by the npm package @opentelemetry/otlp-transformer: {missing}")
            return
        raw = gzip.decompress(request[3]) if request[2].get("Content-Encoding") == "gzip" else request[3]
        done = subprocess.run(reader, input=raw, capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertEqual(json.loads(done.stdout), json.loads(raw))

    def test_partial_success(self):
        self.begin()
        documents = self.documents(5)
        ids = [json.loads(document)["event"]["id"] for document in documents]
        self.server.refuse = ids[3]
        self.deliver(documents, self.outputs, refused=1)
        self.assertEqual({standins.plain(record["body"])["event"]["id"] for record in self.server.records},
                         set(ids) - {ids[3]})
        self.assertEqual([(name, reason) for name, reason in self.dead()], [(ids[3], "HTTP 200: not these")])

    def test_retried_and_not(self):
        self.begin()
        documents = self.documents(7)
        for i, answer in enumerate([(503, None), (429, None, {"Retry-After": "1"}), (502, None), (504, None),
                                    (200, b"hello"), "drop"]):
            self.server.script += [answer]
            self.deliver([documents[i]], self.outputs)
            self.assertEqual(len(self.server.records), i + 1, answer)
        at = [when for when, *_ in self.server.requests]
        self.assertGreaterEqual(at[3] - at[2], 0.99)
        self.server.script += [(500, None)]
        self.keep([documents[6]], self.outputs)
        self.start_agent()
        self.wait_for_log("T4003")
        self.stop_agent()
        self.assertEqual((len(self.server.records), [reason for _, reason in self.dead()]), (6, ["HTTP 500"]))


class AzureLogs(Outputs):
    HOSTS = ("tripline-abcd.westeurope-1.ingest.monitor.example.com", "login.example.com")

    def begin(self, index=0, **more):
        recipe = self.recipe("azure_logs", "xml", index)
        value = lambda name: re.search(rf'\b{name}="([^"]*)"', recipe).group(1)
        if index == 1:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=app", "-keyout",
                            self.home / "app.key", "-out", self.home / "app.pem"], check=True, capture_output=True)
            more["certificate"] = self.home / "app.pem"
        else:
            more.setdefault("secret", value("client-secret"))
        self.server = self.start(standins.Azure, tenant=value("tenant"), client_id=value("client-id"),
                                 rule_id=value("rule-id"), stream=value("stream"), **more)
        self.outputs = self.config(recipe, ports={host: self.server.port for host in self.HOSTS})

    def check(self, alerts):
        rows = {row["AlertId"]: row for row in self.server.rows}
        self.assertEqual(len(rows), len(alerts))
        for alert in alerts:
            row = dict(alert["sentinel"], AlertId=alert["event"]["id"])
            del row["Type"]
            self.assertEqual(rows[alert["event"]["id"]], row)
        text = (SOURCE / "docs" / "outputs.md").read_text(encoding="utf-8").split("Columns:")[1].split("Repeats:")[0]
        self.assertEqual(set(re.findall(r"`(\w+)`", text)), set(self.server.rows[0]))

    def test_recipe(self):
        self.begin()
        self.check(self.deliver(self.attacks(), self.outputs))
        self.assertEqual(len(self.server.tokens), 1)

    def test_certificate(self):
        self.begin(1)
        self.check(self.deliver(self.documents(2), self.outputs))
        self.assertEqual(len(self.server.assertions), 1)

    def test_token_is_kept_and_renewed(self):
        """Three requests with one token; when it has nearly run out it is not even tried."""
        self.begin(life_s=4)
        self.config(self.recipe("azure_logs").replace("/>", ' max-batch-alerts="1" max-batch-age="0s"/>'),
                    ports={host: self.server.port for host in self.HOSTS})
        self.server.script += [lambda a: a, lambda a: a, lambda a: a, lambda a: (429, None, {"Retry-After": "5"})]
        self.deliver(self.documents(4), self.outputs)
        self.assertEqual(len(self.server.tokens), 2)
        self.assertEqual(sum("/streams/" in path for _, path, _, _ in self.server.requests), 4 + 1)

    def test_revoked(self):
        self.begin()
        self.server.script += [lambda a: a, (401, None)]
        self.deliver(self.documents(2), self.outputs, timeout_s=120)
        self.assertEqual(len(self.server.tokens), 2)

    def test_wrong_secret(self):
        self.begin(secret="another")
        self.keep(self.documents(1), self.outputs)
        self.start_agent()
        self.wait_for_log("no token: HTTP 401")
        self.stop_agent()
        self.assertEqual((self.dead(), len(self.query("SELECT 1 FROM alert"))), ([], 1))

    def test_size(self):
        """Calls stay under 1 MB, compressed and not."""
        self.begin()
        self.config(self.recipe("azure_logs").replace("/>", ' max-batch-alerts="1000" max-batch-kilobytes="900"/>'),
                    ports={host: self.server.port for host in self.HOSTS})
        self.check(self.deliver(self.documents(command_lines=[f"{world.ATTACK} {i} {'z' * 30000}" for i in range(60)]),
                                self.outputs))



class Webhook(Outputs):
    def begin(self, change=lambda recipe: recipe, key="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G"):
        self.behind = self.start(standins.Webhook, key, plain=True)
        self.nginx = self.start(servers.Nginx, self.behind.port)
        self.outputs = self.config(change(self.recipe("webhook")), ports={
            "collector.example.com": self.nginx.port, "second.example.com": world.free_port()})

    def bodies(self):
        return [body.decode("utf-8") for body in self.behind.bodies()]

    def test_recipe(self):
        """Through nginx with our client certificate; signed; read by the makers of CloudEvents."""
        self.begin()
        alerts = self.deliver(self.attacks(), self.outputs)
        headers = {name.lower(): value for name, value in self.behind.requests[0][2].items()}
        self.assertEqual((headers["x-client"], headers["content-type"]),
                         ("CN=client", "application/cloudevents-batch+json"))
        events = [event for body in self.bodies() for event in json.loads(body)]
        self.assertEqual([event["data"] for event in events], alerts)
        for event, alert in zip(events, alerts):
            del event["data"]
            self.assertEqual(event, {
                "specversion": "1.0", "id": alert["event"]["id"], "type": "tripline.alert",
                "source": "/tripline/hosts/exch01.corp.example.com", "subject": "CONTOSO\\dadmin",
                "time": "2024-05-06T07:08:09.1234567Z", "datacontenttype": "application/json"})
        try:
            reader = servers.cloudevents_reader(SOURCE / "build" / "node")
        except servers.Missing as missing:
            print(f"not read by the npm package cloudevents: {missing}")
            return
        message = {"headers": {"content-type": headers["content-type"]}, "body": self.bodies()[0]}
        done = subprocess.run(reader, input=json.dumps(message).encode(), capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertEqual([event["data"] for event in json.loads(done.stdout)], alerts[:len(json.loads(done.stdout))])

    def test_formats_and_encodings(self):
        for form in ("json", "ndjson"):
            for encoding in ("ecs", "ocsf", "sentinel"):
                with self.subTest(form=form, encoding=encoding):
                    self.begin(lambda recipe: recipe.replace(
                        'format="cloudevents"', f'format="{form}" encoding="{encoding}"'))
                    alerts = self.deliver(self.documents(3, first=3 * len(self.servers) + 1), self.outputs)
                    sent = "".join(self.bodies())
                    sent = [json.loads(line) for line in sent.splitlines()] if form == "ndjson" else json.loads(sent)
                    schema = {"ecs": "alert"}.get(encoding, encoding)
                    schema = json.loads((SOURCE / "config" / f"{schema}.schema.json").read_text(encoding="utf-8"))
                    for alert, document in zip(alerts, sent, strict=True):
                        jsonschema.validate(document, schema)
                        self.assertIn(alert["event"]["id"], json.dumps(document))
                    if encoding == "ecs":
                        self.assertEqual(sent, alerts)

    def test_failover(self):
        self.begin()
        port = self.nginx.port
        self.nginx.stop()
        outputs = self.config(self.recipe("webhook"), ports={
            "collector.example.com": port, "second.example.com": self.start(servers.Nginx, self.behind.port).port})
        alerts = self.deliver(self.documents(3), outputs)
        self.assertEqual([event["data"] for body in self.bodies() for event in json.loads(body)], alerts)
        self.assertNotIn("T4002", self.log())

    def test_no_client_certificate(self):
        """nginx says 400, as if the alert were at fault; nothing may be lost by that."""
        self.begin(lambda recipe: recipe.replace('client-certificate="client.pem"', "")
                   .replace('client-key="client.key"', ""))
        self.keep(self.documents(2), self.outputs)
        self.start_agent()
        self.wait_for_log("client certificate")
        self.stop_agent()
        self.assertEqual((self.dead(), len(self.query("SELECT 1 FROM alert"))), ([], 2))

    def test_bad_signing_key(self):
        for key in ("secret", "whsec_c2hvcnQ=", "whsec_not base64!", "whsec_" + "QUFB" * 30):
            self.config(self.recipe("webhook").replace("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G", key),
                        ports={"collector.example.com": 1, "second.example.com": 2})
            done = subprocess.run([TRIPLINE, "run", "--config", str(self.home / "tripline.xml")], timeout=30,
                                  capture_output=True, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("signing-key", self.log())
            self.assertNotIn(key, self.log())


class Several(Outputs):
    def test_each_has_its_place(self):
        """One output is away: the other is not held up, and the first gets all when it is back."""
        file, elastic = self.recipe("file"), self.recipe("elasticsearch")
        port = world.free_port()
        outputs = self.config(file, elastic, ports={"elastic.example.com": port})
        documents = self.documents(3)
        alerts = self.keep(documents, outputs)
        self.start_agent()
        self.wait_for_log("T4001 ")
        self.wait_for_log("T4002 ")
        server = self.start(standins.Elasticsearch, "VnVhQ2ZHY0JDZGJrU0", port=port)
        self.wait_for_log("T4001 ", 2)
        self.stop_agent()
        lines = (self.home / "alerts.ndjson").read_text(encoding="utf-8").splitlines()
        self.assertEqual([json.loads(line) for line in lines], alerts)
        self.assertEqual(server.documents, {alert["event"]["id"]: alert for alert in alerts})


if __name__ == "__main__":
    suite.main(sys.argv[4:])
