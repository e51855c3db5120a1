#!/usr/bin/python3
"""What is no alert, or only one for a test, at each output and in each encoding: a heartbeat arrives as what it is or not at
all, and never as an alert; a test alert says that it is one.

    test_output_kinds.py TRIPLINE KEEP_ALERTS SOURCE [TEST...]
"""
import json
import re
import unittest

import jsonschema
import servers
import standins
import suite
import test_outputs
import world

Outputs, SOURCE = test_outputs.Outputs, test_outputs.SOURCE


class Kinds(Outputs):
    def setUp(self):
        super().setUp()
        self.heartbeat = self.make_heartbeat()
        alert, test = (json.loads(document) for document in self.documents(2))
        test["tripline"]["test"] = True
        self.alert, self.test = alert, test
        self.follow_up = json.loads(json.dumps(alert))  # what adds to the alert
        self.follow_up["event"].update(kind="event", action="witness-added", dataset="endpoint.witness", id="f" * 64)
        self.follow_up["tripline"]["alert_id"] = alert["event"]["id"]
        self.ids = [document["event"]["id"] for document in (self.heartbeat, alert, test)]

    def make_heartbeat(self):
        """One of the program's own making, by way of a file."""
        (self.home / "tripline.xml").write_text(
            '<tripline version="1"><state directory="state"/><heartbeat interval="1s"/><outputs start-spread="0s">'
            '<file name="beats" path="beats.ndjson"/></outputs></tripline>', encoding="utf-8")
        (self.home / "state").mkdir()
        self.start_agent()
        path = self.home / "beats.ndjson"
        world.wait_for(lambda: path.is_file() and path.read_bytes().endswith(b"\n"), 20, "a heartbeat")
        self.stop_agent()
        for file in (self.home / "state").iterdir():
            file.unlink()
        return json.loads(path.read_text(encoding="utf-8").splitlines()[0])

    def send(self, section, change=lambda recipe: recipe, ports=None, more=()):
        """All three, and more, in one batch; every output is done with them, and nothing is a dead letter."""
        recipe = change(self.recipe(section))
        outputs = self.config(recipe, ports=ports or {})
        self.deliver([json.dumps(d) for d in (self.heartbeat, self.alert, self.test, *more)], outputs)
        self.assertEqual(self.dead(), [])
        self.assertEqual(self.query("SELECT id FROM alert"), [])

    def test_webhook(self):
        for encoding, form in (("ecs", "json"), ("ecs", "cloudevents"), ("ocsf", "ndjson"), ("sentinel", "ndjson")):
            with self.subTest(encoding=encoding, form=form):
                server = self.start(standins.Webhook, plain=True)
                self.send("webhook", lambda recipe, e=encoding, f=form, s=server: (
                    f'<webhook name="soc" url="http://127.0.0.1:{s.port}/" allow-plaintext="loopback" format="{f}" '
                    f'encoding="{e}"/>'), more=[self.follow_up] if form == "cloudevents" else [])
                body = server.requests[0][3].decode()
                got = [json.loads(line) for line in body.splitlines()] if form == "ndjson" else json.loads(body)
                if form == "cloudevents":
                    self.assertEqual([(event["id"], event["type"]) for event in got], list(zip(
                        [*self.ids, "f" * 64],
                        ("tripline.heartbeat", "tripline.alert", "tripline.alert", "tripline.follow-up"))))
                elif encoding == "ecs":
                    self.assertEqual(got, [self.heartbeat, self.alert, self.test])
                    self.assertEqual([d["event"]["kind"] for d in got], ["metric", "alert", "alert"])
                else:
                    schema = json.loads((SOURCE / "config" / f"{encoding}.schema.json").read_text(encoding="utf-8"))
                    self.assertEqual(len(got), 2)
                    for document in got:
                        jsonschema.validate(document, schema)
                    tests = [d.get("IsTest") if encoding == "sentinel" else d["unmapped"]["tripline"].get("test")
                             for d in got]
                    self.assertEqual(tests, [None, True])
                for path in (self.home / "state").iterdir():
                    path.unlink()

    def test_refused_beside_a_heartbeat(self):
        """With the heartbeat left out, an answer still meets the right alert."""
        server = self.start(standins.Webhook, plain=True)
        recipe = (f'<webhook name="soc" url="http://127.0.0.1:{server.port}/" allow-plaintext="loopback" format="ndjson" '
                  'encoding="sentinel"/>')
        outputs = self.config(recipe)
        server.script += [(422, b"no")]
        self.deliver([json.dumps(d) for d in (self.heartbeat, self.alert)], outputs, refused=1)
        self.assertEqual([name for name, _ in self.dead()], [self.ids[1]])

    def test_file(self):
        self.send("file")
        lines = (self.home / "alerts.ndjson").read_text(encoding="utf-8").splitlines()
        self.assertEqual([json.loads(line) for line in lines], [self.heartbeat, self.alert, self.test])

    def test_clickhouse(self):
        server = self.start(servers.ClickHouse, "a secret")
        server.sql(self.recipe("clickhouse", "sql"))
        self.send("clickhouse", ports={"clickhouse.example.com": server.port})
        rows = {row["id"]: row for row in server.rows("SELECT * FROM tripline_alerts")}
        self.assertEqual([rows[name]["kind"] for name in self.ids], ["metric", "alert", "alert"])
        self.assertEqual(rows[self.ids[0]]["rule_id"], "")
        self.assertEqual(json.loads(rows[self.ids[0]]["document"]), self.heartbeat)

    def test_elasticsearch(self):
        server = self.start(standins.Elasticsearch, "VnVhQ2ZHY0JDZGJrU0")
        self.send("elasticsearch", ports={"elastic.example.com": server.port})
        self.assertEqual(server.documents, dict(zip(self.ids, (self.heartbeat, self.alert, self.test))))

    def test_splunk_hec(self):
        server = self.start(standins.SplunkHec, "2d1c1e2a-3f52-4e7b-9a55-6c0c1f0f6d11")
        self.send("splunk_hec", ports={"splunk.example.com": server.port})
        self.assertEqual([event["fields"] for event in server.indexed], [
            {"alert_id": self.ids[0], "kind": "metric"},
            {"alert_id": self.ids[1], "kind": "alert", "rule_id": self.alert["rule"]["id"]},
            {"alert_id": self.ids[2], "kind": "alert", "rule_id": self.alert["rule"]["id"], "test": "true"}])

    def test_alertmanager(self):
        server = self.start(servers.Alertmanager, self.recipe("alertmanager", "yaml"),
                            self.recipe("alertmanager", "yaml", 1), ("tripline", "a secret"))
        self.send("alertmanager", ports={"alertmanager.example.com": server.port})
        found = {a["labels"]["alert_id"]: a["labels"].get("test") for a in server.alerts()}
        self.assertEqual(found, {self.ids[1]: None, self.ids[2]: "true"})

    def test_otlp(self):
        server = self.start(standins.Otlp)
        self.send("otlp", ports={"otel.example.com": server.port}, more=[self.follow_up])
        got = [(record["eventName"], record["severityNumber"],
                {a["key"]: standins.plain(a["value"]) for a in record["attributes"]}.get("tripline.test"))
               for record in server.records]
        self.assertEqual(got, [("tripline.heartbeat", 9, None), ("tripline.alert", 13, None),
                               ("tripline.alert", 13, True), ("tripline.follow-up", 13, None)])
        self.assertEqual(standins.plain(server.records[0]["body"]), self.heartbeat)

    def test_azure_logs(self):
        recipe = self.recipe("azure_logs")
        value = lambda name: re.search(rf'\b{name}="([^"]*)"', recipe).group(1)
        server = self.start(standins.Azure, tenant=value("tenant"), client_id=value("client-id"), rule_id=value("rule-id"),
                            stream=value("stream"), secret=value("client-secret"))
        self.send("azure_logs", ports={host: server.port for host in test_outputs.AzureLogs.HOSTS})
        self.assertEqual([(row["AlertId"], row.get("IsTest")) for row in server.rows],
                         [(self.ids[1], None), (self.ids[2], True)])


def load_tests(loader, _tests, _pattern):
    """Not those of the module whose class this one is made of."""
    return loader.loadTestsFromTestCase(Kinds)


if __name__ == "__main__":
    suite.main(test_outputs.sys.argv[4:])
