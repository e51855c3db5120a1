#!/usr/bin/python3
"""What config/central offers is what the systems take and the alerts hold.

    test_central.py SOURCE
"""
import configparser
import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import servers
import suite
import world

SOURCE = Path(sys.argv[1]).resolve()
CENTRAL = SOURCE / "config" / "central"


def schema_of(name):
    return json.loads((SOURCE / "config" / f"{name}.schema.json").read_text(encoding="utf-8"))


class Sentinel(unittest.TestCase):
    def setUp(self):
        self.template = json.loads((CENTRAL / "sentinel" / "azuredeploy.json").read_text(encoding="utf-8"))
        self.resources = {r["type"].rsplit("/", 1)[1]: r for r in self.template["resources"]}
        self.columns = {"TimeGenerated": "datetime", "timestamp": "datetime", "DomainIndex": "int", "IsTest": "boolean"}
        self.columns = {name: self.columns.get(name, "string") for name in schema_of("sentinel")["properties"]}

    def test_columns(self):
        """The table and the stream have the columns that the output sends, and the flow joins them."""
        table = self.resources["tables"]["properties"]["schema"]
        rule = self.resources["dataCollectionRules"]["properties"]
        stream, = rule["streamDeclarations"]
        for columns in (table["columns"], rule["streamDeclarations"][stream]["columns"]):
            self.assertEqual({c["name"]: c["type"].lower() for c in columns}, self.columns)
            self.assertEqual(len(columns), len(self.columns))
        flow, = rule["dataFlows"]
        self.assertEqual((flow["streams"], flow["outputStream"], stream), ([stream], "Custom-" + table["name"], stream))
        self.assertEqual(flow["destinations"], [d["name"] for d in rule["destinations"]["logAnalytics"]])
        self.assertIn(f'stream="{stream}"', (SOURCE / "docs" / "outputs.md").read_text(encoding="utf-8"))

    def test_references(self):
        """Each parameter and variable that is used is there and the other way round; what is depended on is made."""
        text = json.dumps(self.template["resources"]) + json.dumps(self.template["outputs"])
        variables = json.dumps(self.template["variables"])
        self.assertEqual(set(re.findall(r"parameters\('(\w+)'\)", text + variables + json.dumps(
            self.template["parameters"]))), set(self.template["parameters"]))
        self.assertEqual(set(re.findall(r"variables\('(\w+)'\)", text)), set(self.template["variables"]))
        made = {r["type"] for r in self.template["resources"]}
        for resource in self.template["resources"]:
            for needed in resource.get("dependsOn", []):
                self.assertIn(re.match(r"\[resourceId\('([^']+)'", needed).group(1), made)

    def test_rule(self):
        """The analytic rule asks for columns that there are."""
        rule = self.resources["alertRules"]["properties"]
        table, = re.findall(r"^\w+_CL$", rule["query"], re.M)
        self.assertEqual(table, self.resources["tables"]["properties"]["schema"]["name"])
        words = set(re.findall(r"\b[A-Z]\w+", rule["query"])) - {table}
        self.assertLessEqual(words, set(self.columns))
        mapped = [f["columnName"] for e in rule["entityMappings"] for f in e["fieldMappings"]]
        self.assertLessEqual(set(mapped + list(rule["customDetails"].values())), set(self.columns))
        entities = {e["entityType"] for e in rule["entityMappings"]}
        self.assertLessEqual(set(rule["incidentConfiguration"]["groupingConfiguration"]["groupByEntities"]), entities)


class Splunk(unittest.TestCase):
    def read(self, name):
        parser = configparser.RawConfigParser(strict=True, delimiters=("=",), interpolation=None)
        parser.optionxform = str
        parser.read_string((CENTRAL / "splunk" / "default" / name).read_text(encoding="utf-8"))
        return parser

    def has(self, path):
        """Is there such a member of an alert or a heartbeat?"""
        at = schema_of("alert")
        for name in path.removesuffix("{}").split("."):
            if name not in at.get("properties", {}):
                return False
            at = at["properties"][name]
            while "$ref" in at:
                at = schema_of("alert")["$defs"][at["$ref"].rsplit("/", 1)[1]]
        return True

    def test_fields(self):
        props = self.read("props.conf")["tripline:alert"]
        for name, value in props.items():
            if name.startswith("FIELDALIAS-"):
                self.assertTrue(self.has(value.split(" AS ")[0]), value)
        fields = re.findall(r"\b(?:host|user|rule|log|process|event|tripline)\.[\w.]+", "\n".join(
            value for name in ("savedsearches.conf", "eventtypes.conf") for section in self.read(name).values()
            for value in section.values()))
        self.assertGreater(len(fields), 10)
        for field in fields:
            self.assertTrue(self.has(field), field)

    def test_names(self):
        """Searches and tags name event types that there are, and those the source type that the output sends."""
        types = self.read("eventtypes.conf")
        used = re.findall(r"eventtype=(\w+)", (CENTRAL / "splunk" / "default" / "savedsearches.conf").read_text())
        used += [section.split("=")[1] for section in self.read("tags.conf").sections()]
        self.assertEqual(set(used), set(types.sections()))
        for section in types.values():
            if section.name != "DEFAULT":
                self.assertIn('sourcetype="tripline:alert"', section["search"])
        self.assertIn("`tripline:alert`", (SOURCE / "docs" / "configuration.md").read_text(encoding="utf-8"))


@unittest.skipUnless(shutil.which("amtool"), "amtool is missing: Debian's package prometheus-alertmanager")
class Alertmanager(unittest.TestCase):
    FILE = CENTRAL / "alertmanager" / "alertmanager.yml"

    def test_good(self):
        done = subprocess.run(["amtool", "check-config", self.FILE], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_routes(self):
        for labels, receiver in (
                (["source=tripline", "test=true", "severity=high"], "nobody"),
                (["source=tripline", "severity=high"], "on-call"), (["source=tripline", "severity=medium"], "security"),
                (["alertname=TriplineSilent", "severity=critical"], "operations"), (["alertname=Other"], "security")):
            done = subprocess.run(["amtool", "config", "routes", "test", f"--config.file={self.FILE}", *labels],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.stdout.strip(), receiver, done.stderr)

    def test_inhibited_names(self):
        """Names of the agents' own rules stand there as they are."""
        rules = (SOURCE / "config" / "prometheus" / "tripline.rules.yml").read_text(encoding="utf-8")
        known = set(re.findall(r"- alert: (\w+)", rules))
        text = self.FILE.read_text(encoding="utf-8")
        self.assertLessEqual(set(re.findall(r"\bTripline[A-Z]\w+", text)), known)


@unittest.skipUnless(shutil.which("clickhouse-server") or Path("/usr/sbin/clickhouse-server").exists(),
                     "clickhouse-server is missing: Debian's package clickhouse-server")
class ClickHouse(unittest.TestCase):
    @staticmethod
    def statements(name):
        text = (CENTRAL / "clickhouse" / name).read_text(encoding="utf-8")
        return [part.strip() for part in re.sub(r"^--.*\n", "", text, flags=re.M).split(";") if part.strip()]

    def test_tables_and_queries(self):
        documented = (SOURCE / "docs" / "outputs.md").read_text(encoding="utf-8")
        columns = re.search(r"CREATE TABLE tripline_alerts\n(\(.*?\n\))", documented, re.S).group(1)
        self.assertIn(columns, self.statements("tables.sql")[0])  # as the output's page says
        with tempfile.TemporaryDirectory() as home:
            certificates = Path(home) / "certificates"
            world.make_certificates(certificates)
            server = servers.ClickHouse(Path(home) / "clickhouse", certificates, "a secret")
            self.addCleanup(server.stop)
            for _ in range(2):  # made again, nothing happens
                for statement in self.statements("tables.sql"):
                    server.sql(statement)
            row = {"id": "a", "time": "2026-11-20 10:00:00", "created": "2026-11-20 12:00:00", "kind": "alert",
                   "rule_name": "R", "host": "h1", "user_name": "u", "process_command_line": "c"}
            rows = [row, row, {**row, "id": "b", "host": "h2"},  # a repeat; another host
                    {**row, "id": "m", "kind": "metric", "host": "h3", "rule_name": ""}, {**row, "id": "f", "kind": "event"}]
            for one in rows:
                server.sql("INSERT INTO tripline_alerts FORMAT JSONEachRow " + json.dumps(one))
            queries = self.statements("queries.sql")
            self.assertEqual(len(queries), 10)
            answers = [server.rows(query) for query in queries]
            self.assertEqual(len(answers[0]), 2)
            self.assertEqual([(r["day"], int(r["alerts"])) for r in answers[1]], [("2026-11-20", 2)])
            self.assertEqual(int(answers[3][0]["alerts"]), 2)
            self.assertEqual([r["host"] for r in answers[5]], ["h3"])
            self.assertEqual([int(r["hosts"]) for r in answers[6]], [2])
            self.assertEqual([int(r["alerts"]) for r in answers[7]], [2])
            self.assertEqual({r["host"]: int(r["seconds"]) for r in answers[9]}, {"h1": 7200, "h2": 7200})


if __name__ == "__main__":
    suite.main(sys.argv[2:])
