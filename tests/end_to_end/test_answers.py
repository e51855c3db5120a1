#!/usr/bin/python3
"""What the agent makes of a central collector's answers: what is given up and what is not, what is said of it, where.

    test_answers.py TRIPLINE KEEP_ALERTS SOURCE [TEST...]
"""
import json
import re
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import standins
import suite
import test_outputs
import world

Outputs, TRIPLINE = test_outputs.Outputs, test_outputs.TRIPLINE
QUIET = '<heartbeat interval="0s"/><doctor interval="0s"/>'


class Scripted(standins.StandIn):
    """Answers as self.reply(path, headers, body) says."""

    def __init__(self, directory, certificates, reply):
        self.reply = reply
        super().__init__(directory, certificates, plain=True)

    def post(self, path, headers, body):
        return self.reply(path, headers, body)


class Case(Outputs):
    def serve(self, reply):
        return self.start(Scripted, reply)

    def configure(self, kind, server, more="", path="", before=QUIET, inside=""):
        (self.home / "tripline.xml").write_text(
            f'<tripline version="1"><state directory="state"/>{before}<outputs start-spread="0s">'
            f'<{kind} name="o" url="http://127.0.0.1:{server.port}{path}" allow-plaintext="loopback" {more}>{inside}</{kind}>'
            "</outputs></tripline>", encoding="utf-8")

    def tripline(self, *command, **more):
        return subprocess.run([TRIPLINE, *command, "--config", str(self.home / "tripline.xml")], capture_output=True,
                              text=True, timeout=30, check=False, **more)

    def status(self):
        done = self.tripline("status", "--json")
        return done.returncode, json.loads(done.stdout)

    def wait_for_status(self, words):
        """Until one of the reasons holds words; that reason."""
        found = []

        def look():
            found[:] = [reason for reason in self.status()[1].get("reasons", []) if words in reason]
            return found
        world.wait_for(look, 60, f"{words} in the status")
        return found[0]


class GivenUp(Case):
    def test_padded(self):
        """A command line that makes its alert too large for the collector does not keep it away: it comes shortened."""
        padded = f"{world.ATTACK} # " + "\u6f22" * 30000

        def reply(_, __, body):
            return (413, b"too large") if len(body) > 64 * 1024 else (200, b"{}")
        for kind, more in (("webhook", ""), ("webhook", 'encoding="sentinel"'), ("webhook", 'encoding="ocsf"'), ("otlp", 'gzip="no"'),
                           ("elasticsearch", 'gzip="no"')):
            with self.subTest(kind=kind, more=more):
                server = self.serve(reply if kind != "elasticsearch" else self.lucene)
                self.configure(kind, server, more)
                alert, = self.deliver(self.documents(command_lines=[padded]), ["o"])
                self.assertEqual(self.dead(), [])
                keys = [request[2]["Idempotency-Key"] for request in server.requests]
                self.assertEqual((len(keys), len(set(keys))), (2, 2))  # another body, another key
                last = server.requests[-1][3].decode()
                self.assertIn(alert["event"]["id"], last)
                self.assertIn("Set-CASMailbox", last)
                self.assertLess(len(last), 32 * 1024)
                self.stop_agent()
                for path in (self.home / "state").iterdir():
                    path.unlink()

    @staticmethod
    def lucene(_, __, body):
        """A keyword of more than 32766 bytes is refused (Lucene's limit for a term)."""
        items = []
        for line in body.decode().splitlines()[1::2]:
            is_large = len(json.loads(line)["process"]["command_line"].encode()) > 32766
            items.append({"create": {"status": 400, "error": {"type": "illegal_argument_exception",
                                                              "reason": "immense term"}} if is_large else {"status": 201}})
        return 200, {"errors": any("error" in item["create"] for item in items), "items": items}

    def test_everything_refused(self):
        """A gateway that refuses everything destroys nothing: a few dead letters, then the output is doubted; all that waits
        arrives once the gateway is mended, and status and log say what it said."""
        for kind, status in (("webhook", 400), ("webhook", 406), ("otlp", 500), ("clickhouse", 415)):
            with self.subTest(kind=kind, status=status):
                server = self.serve(lambda *_, s=status: (s, b"gateway says no because of policy 7"))
                self.configure(kind, server)
                self.keep(self.documents(150), ["o"])
                self.start_agent()
                self.wait_for_log("T4109")
                self.assertIn("gateway says no because of policy 7", self.wait_for_status("does not take alerts"))
                self.assertEqual(self.status()[0], 1)
                requests = len(server.requests)
                self.assertLess(requests, 40)
                self.stop_agent()
                self.assertEqual(len(self.dead()), 3)
                self.assertEqual(len(self.query("SELECT 1 FROM alert")), 147)
                server.reply = lambda *_: (200, b"")
                self.start_agent()
                world.wait_for(lambda: self.settled() >= 150, 30, "the rest")
                self.wait_for_status("3 alerts were refused for good")
                self.assertEqual(self.status()[0], 1)
                self.stop_agent()
                for path in (self.home / "state").iterdir():
                    path.unlink()

    def test_one_refused_is_told(self):
        """One alert that is refused: a dead letter, in words, and no longer "watching"."""
        server = self.serve(lambda _, __, body: (422, "c\u009b2J\u202e no".encode()) if b"refuse-me" in body else (200, b""))
        self.configure("webhook", server, 'max-batch-alerts="10"')
        self.deliver(self.documents(command_lines=[world.ATTACK, world.ATTACK + " refuse-me", world.ATTACK + " 3"]), ["o"],
                     refused=1)
        self.assertIn("it says: c", self.log())
        for text in (self.log(), self.tripline("deadletters", "list").stdout):
            self.assertNotIn("\u009b", text)
            self.assertNotIn("\u202e", text)
            self.assertIn("{U+009B}2J{U+202E} no", text)
        self.start_agent()
        self.wait_for_status("1 alert was refused for good")
        self.assertEqual(self.status()[0], 1)


class Words(Case):
    """What each collector says reaches the log and the status, where operators look."""

    def said(self, kind, reply, *words, more="", documents=1):
        server = self.serve(reply)
        self.configure(kind, server, more)
        self.keep(self.documents(documents), ["o"])
        self.start_agent()
        trouble = self.wait_for_status("does not take alerts")
        for word in words:
            self.assertIn(word, trouble)
            self.assertIn(word, self.log())
        self.stop_agent()
        self.assertEqual(self.dead(), [])
        for path in (self.home / "state").iterdir():
            path.unlink()
        return server

    def test_clickhouse(self):
        self.said("clickhouse", lambda *_: (404, b"Code: 60. DB::Exception: Table default.tripline_alerts does not exist"),
                  "Table default.tripline_alerts does not exist")

    def test_elasticsearch(self):
        item = {"create": {"status": 404, "error": {"type": "index_not_found_exception", "reason": "no such index [x]"}}}
        self.said("elasticsearch", lambda *_: (200, {"errors": True, "items": [item]}),
                  "index_not_found_exception: no such index [x]")

    def test_splunk(self):
        for status, code, words in ((400, 7, "(code 7)"), (400, 14, "(code 14)"), (403, 21, "(code 4, 21)"),
                                    (400, 21, "(code 4, 21)"), (400, 22, "(code 22)")):
            with self.subTest(code=code):
                self.said("splunk_hec", lambda *_, s=status, c=code: (s, {"text": "no", "code": c}), words,
                          more='token="t0ken-of-mine" ack="no"')

    def test_secrets_stay(self):
        """A server that repeats what it was sent: neither the token nor the event comes into log or status."""
        def reply(_, headers, body):
            return 503, f"you sent {headers['Authorization']} and {body.decode()[:400]}".encode()
        server = self.serve(reply)
        self.configure("webhook", server, inside='<header name="Authorization" value="Bearer hunter2-hunter2"/>')
        self.keep(self.documents(1), ["o"])
        self.start_agent()
        self.wait_for_status("it says: you sent Bearer ***")
        self.stop_agent()
        status = (self.home / "state" / "status.json").read_text(encoding="utf-8")
        for text in (self.log(), status):
            self.assertNotIn("hunter2", text)
            self.assertNotIn("CASMailbox", text)

    def test_login_server(self):
        """Entra's own words, and a token that would add a header."""
        login = self.serve(lambda *_: (401, {"error": "invalid_client", "error_description":
                                             "AADSTS700024: Client assertion is not within its valid time range."}))
        more = (f'tenant="t" client-id="c" client-secret="s3cret-of-mine" rule-id="dcr-1" stream="Custom-T" '
                f'login-url="http://127.0.0.1:{login.port}"')
        server = self.said("azure_logs", lambda *_: (204, None), "AADSTS700024", "is the clock right?", more=more)
        self.assertEqual(server.requests, [])
        for token in ("abc\r\nX-Injected: yes", "a b", "t\u00f6ken", ""):
            login.reply = lambda *_, t=token: (200, {"access_token": t, "token_type": "Bearer", "expires_in": 3600})
            server = self.said("azure_logs", lambda *_: (204, None), "no token", more=more)
            self.assertEqual(server.requests, [])


class Splunk(Case):
    def test_sticky_cookie(self):
        """Eight indexers after a balancer that keeps a client with one by a cookie: the first question finds the right one."""
        turn = [0]

        def reply(path, headers, _):
            cookie = re.search(r"n=(\d)", headers.get("Cookie") or "")
            node = int(cookie.group(1)) if cookie else turn[0] % 8
            turn[0] += 1
            body = {"acks": {"7": node == 0}} if path.endswith("/ack") else {"text": "Success", "code": 0, "ackId": 7}
            return 200, body, {"Set-Cookie": f"n={node}; Path=/"}
        server = self.serve(reply)
        self.configure("splunk_hec", server, 'token="t" ack="yes"')
        self.deliver(self.documents(1), ["o"])
        self.assertEqual([request[1] for request in server.requests], ["/services/collector/event", "/services/collector/ack"])
        self.assertIsNone(server.requests[0][2].get("Cookie"))
        self.assertIn("n=0", server.requests[1][2]["Cookie"])

    def test_no_acknowledgement(self):
        """A token without acknowledgement: the events are indexed at each try, so the next one is far away."""
        server = self.serve(lambda *_: (200, {"text": "Success", "code": 0}))
        self.configure("splunk_hec", server, 'token="t" ack="yes"')
        self.keep(self.documents(1), ["o"])
        self.start_agent()
        self.wait_for_log("no ackId")
        waits = [int(n) for n in re.findall(r"next try in (\d+) ms", self.log())]
        self.assertGreaterEqual(min(waits), 600000)
        self.assertEqual(len(server.requests), 1)

    def test_whole_address(self):
        """The URL as other tools want it, with the interface in it."""
        for kind, more, good, path, ok in (
                ("otlp", "", "/v1/logs", "/v1/logs", b"{}"),
                ("splunk_hec", 'token="t" ack="no"', "/services/collector/event", "/services/collector/event", {"code": 0}),
                ("splunk_hec", 'token="t" ack="no"', "/services/collector/event", "/services/collector", {"code": 0}),
                ("elasticsearch", "", "/_bulk", "/_bulk", {"items": [{"create": {"status": 201}}]}),
                ("alertmanager", "", "/api/v2/alerts", "/api/v2/alerts", b"")):
            with self.subTest(kind=kind, path=path):
                server = self.serve(lambda p, *_, g=good, o=ok: (200, o) if p.split("?")[0] == g else (404, b""))
                self.configure(kind, server, more, path=path)
                self.deliver(self.documents(1), ["o"])
                for file in (self.home / "state").iterdir():
                    file.unlink()

    def test_failure_store(self):
        """Elasticsearch took it and put it aside: not plainly delivered."""
        server = self.serve(lambda *_: (200, {"errors": False, "items": [{"create": {"status": 201,
                                                                                    "failure_store": "used"}}]}))
        self.configure("elasticsearch", server)
        self.deliver(self.documents(1), ["o"], refused=1)
        self.assertIn("failure store", self.dead()[0][1])


class Settings(Case):
    def test_leading_blank(self):
        """A blank pasted before a secret: told of or taken, in no time."""
        server = self.serve(lambda *_: (200, b""))
        for kind, more, inside in (("splunk_hec", 'token=" abc"', ""), ("clickhouse", 'user="u" password=" x  y"', ""),
                                   ("webhook", "", '<header name="A" value=" b"/>'), ("elasticsearch", 'api-key=" "', "")):
            self.configure(kind, server, more, inside=inside)
            self.assertIn(self.check().returncode, (0, 1))

    def check(self):
        return subprocess.run([TRIPLINE, "check-config", str(self.home / "tripline.xml")], capture_output=True, text=True,
                              timeout=30, check=False)

    def test_elastic_key(self):
        server = self.serve(lambda *_: (200, b""))
        self.configure("elasticsearch", server, 'api-key="VuaCfGcBCdbkQm-e5aOx:ui2lp2axTNmsyakw9tvNnw"')
        done = self.check()
        self.assertEqual(done.returncode, 1)
        self.assertIn("base64", done.stderr)
        self.assertNotIn("ui2lp2ax", done.stderr + done.stdout)

    def test_forced_reloads(self):
        """Who may ask for a reload can't keep the agent at that: however often it is asked, no output is begun anew that has
        not changed, and a slow delivery ends."""
        def reply(*_):
            time.sleep(3)
            return 200, b""
        server = self.serve(reply)
        self.configure("webhook", server, 'max-batch-alerts="1"')
        self.keep(self.documents(3), ["o"])
        self.start_agent()
        end = time.monotonic() + 60
        while self.settled() < 3 and time.monotonic() < end:
            self.process.send_signal(signal.SIGUSR1)
            time.sleep(0.005)
        self.assertEqual(self.settled(), 3)
        self.assertEqual(len(server.requests), 3)  # none was broken off
        self.assertLessEqual(self.log().count("T1204"), 3)

    def test_a_key_that_changed(self):
        """A forced reload begins the output anew whose secret has changed."""
        secret = self.home / "secret.txt"
        server = self.serve(lambda _, headers, __: (200, b"") if headers["Authorization"] == "new-secret" else (401, b""))
        secret.write_text("old-secret\n", encoding="utf-8")
        secret.chmod(0o600)
        self.configure("webhook", server, inside='<header name="Authorization" value="file:secret.txt"/>')
        self.keep(self.documents(1), ["o"])
        self.start_agent()
        self.wait_for_log("T4101")
        secret.write_text("new-secret\n", encoding="utf-8")
        self.process.send_signal(signal.SIGUSR1)
        self.wait_for_log("T4001")  # the next try by itself would come a minute later
        self.assertIn("outputs begun anew", self.log())

    def test_heartbeats_are_no_alerts(self):
        server = self.serve(lambda *_: (200, b""))
        metrics = self.home / "metrics.prom"
        self.configure("webhook", server, before=f'<metrics file="{metrics}"/><heartbeat interval="1s"/><doctor interval="0s"/>')
        self.start_agent()
        self.wait_for_log("alerts=0 heartbeats=1")
        world.wait_for(lambda: (self.status()[1].get("outputs") or [{}])[0].get("heartbeats", 0) > 0, 60, "the status")
        output = self.status()[1]["outputs"][0]
        self.assertEqual(output["delivered"], 0)
        world.wait_for(lambda: re.search(r'delivered_total\{output="o",kind="heartbeat"\} [1-9]',
                                         metrics.read_text(encoding="utf-8")), 60, "the metrics")
        self.assertIn('tripline_delivered_total{output="o",kind="alert"} 0', metrics.read_text(encoding="utf-8"))


class Terminal(unittest.TestCase):
    def test_scan(self):
        """Neither a file's name nor what a process was started with moves the terminal that scan writes to."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "ev\x1b]0;owned\x07il\u009b2J.xml"
            world.append(path, world.event_4688(1, world.ATTACK + " \u009b2J\u202e\u007f"))
            bad = Path(folder) / "no\x1b[2Jne.xml"
            done = subprocess.run([TRIPLINE, "scan", str(path), str(bad)], capture_output=True, timeout=60, check=False)
            text = (done.stdout + done.stderr).decode("utf-8")
            self.assertEqual([c for c in text if c != "\n" and (c < " " or "\x7f" <= c <= "\x9f" or c == "\u202e")], [])
            alert = json.loads(done.stdout)
            self.assertTrue(alert["process"]["command_line"].endswith(" \u009b2J\u202e\u007f"))


if __name__ == "__main__":
    suite.main(test_outputs.sys.argv[4:])
