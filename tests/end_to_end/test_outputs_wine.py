#!/usr/bin/python3
"""The unmodified tripline.exe as a service in Wine with every output of docs/outputs.md at once: one event in the log, and
each server has the same alert.

    test_outputs_wine.py TRIPLINE_EXE BUILD_TREE SOURCE
"""
import json
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import recipes
import servers
import standins
import suite
import wine
import world

PROGRAM, WEVTAPI = Path(sys.argv[1]), Path(sys.argv[2]) / "tests" / "winsim" / "wevtapi.dll"
RECIPES = recipes.read(Path(sys.argv[3]))


class EveryOutput(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.certificates = self.path / "certificates"
        world.make_certificates(self.certificates)
        self.servers, self.texts, self.ports = {}, [], {}
        self.wine = wine.Wine(self.path, PROGRAM, WEVTAPI, is_shared=True)
        self.wine.append(world.SECURITY)

    def tearDown(self):
        log = self.wine.log()
        self.wine.stop(is_well=not suite.failed(self))
        for server in self.servers.values():
            server.stop()
        self.folder.cleanup()
        if suite.failed(self):
            print("the agent's log:\n" + log)

    def add(self, section, hosts, kind, *arguments, index=0, **more):
        """A server of kind and the example that speaks to it; without the package it is left out, with a word."""
        try:
            server = kind(self.path / section, self.certificates, *arguments, **more)
        except servers.Missing as missing:
            print(f"left out: {missing}")
            return
        self.servers[section] = server
        self.texts.append(RECIPES[section]["xml"][index])
        self.ports.update({host: server.port for host in hosts})

    def add_azure(self):
        recipe = RECIPES["azure_logs"]["xml"][1]
        value = {name: re.search(rf'\b{name}="([^"]*)"', recipe).group(1)
                 for name in ("tenant", "client-id", "rule-id", "stream")}
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=app", "-keyout",
                        self.wine.state / "app.key", "-out", self.wine.state / "app.pem"], check=True,
                       capture_output=True)
        self.add("azure_logs", ["tripline-abcd.westeurope-1.ingest.monitor.example.com", "login.example.com"],
                 standins.Azure, index=1, tenant=value["tenant"], client_id=value["client-id"],
                 rule_id=value["rule-id"], stream=value["stream"], certificate=self.wine.state / "app.pem")

    def add_all(self):
        self.add("webhook", ["collector.example.com", "second.example.com"], standins.Webhook,
                 "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G")
        self.add("clickhouse", ["clickhouse.example.com"], servers.ClickHouse, "a secret")
        if "clickhouse" in self.servers:
            self.servers["clickhouse"].sql(RECIPES["clickhouse"]["sql"][0])
        self.add("elasticsearch", ["elastic.example.com"], standins.Elasticsearch, "VnVhQ2ZHY0JDZGJrU0")
        self.add("splunk_hec", ["splunk.example.com"], standins.SplunkHec, "2d1c1e2a-3f52-4e7b-9a55-6c0c1f0f6d11")
        self.add("alertmanager", ["alertmanager.example.com"], servers.Alertmanager, *RECIPES["alertmanager"]["yaml"],
                 ("tripline", "a secret"))
        self.add("otlp", ["otel.example.com"], standins.Otlp)
        self.add_azure()
        self.texts.append(RECIPES["file"]["xml"][0])

    def found(self):
        """The ids that each server has."""
        have = {
            "webhook": lambda s: [event["id"] for body in s.bodies() for event in json.loads(body)],
            "clickhouse": lambda s: [row["id"] for row in s.rows("SELECT id FROM tripline_alerts")],
            "elasticsearch": lambda s: list(s.documents),
            "splunk_hec": lambda s: [event["fields"]["alert_id"] for event in s.indexed],
            "alertmanager": lambda s: [alert["labels"]["alert_id"] for alert in s.alerts()],
            "otlp": lambda s: [standins.plain(record["body"])["event"]["id"] for record in s.records],
            "azure_logs": lambda s: [row["AlertId"] for row in s.rows],
        }
        found = {name: have[name](server) for name, server in self.servers.items()}
        path = self.wine.state / "alerts.ndjson"
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        found["file"] = [json.loads(line)["event"]["id"] for line in lines]
        return found

    def begin(self, change=lambda text: text):
        """The service with what was added. Returns the outputs' names."""
        for name in ("ca.pem", "client.pem", "client.key"):
            (self.wine.state / name).write_bytes((self.certificates / name).read_bytes())
        text, names = recipes.place(change("\n".join(self.texts)), self.ports)
        config = self.wine.state / "tripline.xml"
        config.write_text(f'<tripline version="1"><state directory="{self.wine.windows_path(self.wine.state)}"/>'
                          '<doctor interval="0s"/><heartbeat interval="0s"/>'
                          '<eventlog lookback="all"><channel name="Security"/></eventlog><outputs>\n'
                          + text + "\n</outputs></tripline>\n", encoding="utf-8")
        for verb in (["install", "--config", self.wine.windows_path(config)], ["start"]):
            code, out, err = self.wine.run(*verb)
            self.assertEqual(code, 0, out + err)
        self.wine.wait_for_log("T2001")
        return names

    def test_latency(self):
        """From an event being there to be read to the collector having its alert, alerts one by one."""
        self.add("webhook", ["collector.example.com", "second.example.com"], standins.Webhook)
        self.begin(lambda text: text.replace('name="soc"', 'name="soc" max-batch-age="0s"'))
        server, took = self.servers["webhook"], []
        for record in range(1, 101):
            written = time.time()
            self.wine.append(world.SECURITY, world.event_4688(record, world.ATTACK))
            world.wait_for(lambda: len(server.requests) >= record, 10, "the alert")
            took.append(server.requests[record - 1][0] - written)
        took.sort()
        print(f"from event to receipt, 100 alerts: median {1000 * took[49]:.0f} ms, 95th percentile "
              f"{1000 * took[94]:.0f} ms, 99th {1000 * took[98]:.0f} ms, longest {1000 * took[99]:.0f} ms")
        self.assertLess(took[49], 0.25)  # half of them: a machine that is busy makes some wait

    def test_all_at_once(self):
        self.add_all()
        names = self.begin()
        self.wine.append(world.SECURITY, world.event_4688(1, world.ATTACK), world.event_4688(2, world.ATTACK + " 2"))
        self.wine.wait_for_log("T4001", 60, count=len(names))
        world.wait_for(lambda: all(len(ids) == 2 for ids in self.found().values()), 30, "two alerts everywhere")
        code, out, err = self.wine.run("stop")
        self.assertEqual(code, 0, out + err)
        found = self.found()
        self.assertEqual(len(found), len(names))
        for name, ids in found.items():
            self.assertEqual(set(ids), set(found["file"]), name)
        for server in self.servers.values():
            self.assertEqual(getattr(server, "mistakes", []), [])
        self.assertEqual(self.wine.aborts(), "")
        print(f"{len(names)} outputs: {', '.join(found)}")


suite.main(sys.argv[4:])
