#!/usr/bin/python3
"""What a network and a collector can do to a delivery: no fault loses an alert, forges one, or brings one under another id.

    test_faults.py TRIPLINE KEEP_ALERTS
"""
import base64
import collections
import gzip
import json
import os
import re
import resource
import socket
import ssl
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import delivery
import suite
import world
from fault_proxy import FaultProxy, pump

TRIPLINE, KEEP_ALERTS = sys.argv[1], sys.argv[2]
LONG = world.LONG


def answer(stream, status="200 OK", more=b"", body=b""):
    stream.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n%s" % (status.encode(), len(body), more, body))


class Faults(unittest.TestCase):
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
        self.servers = []
        self.agent = delivery.Agent(self.path / self.id().rsplit(".", 1)[1], TRIPLINE, KEEP_ALERTS)

    def tearDown(self):
        self.agent.stop()
        for server in self.servers:
            server.close()
        if suite.failed(self):
            print(self.agent.log()[-8000:])

    def server(self, reply=None):
        """A TLS server; reply(server, stream, number) has each connection."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificates / "server.pem", self.certificates / "server.key")

        def serve(server, connection, number):
            with context.wrap_socket(connection, server_side=True) as stream:
                (reply or (lambda s, c, n: s.take(c)))(server, stream, number)
        server = delivery.Server(serve)
        self.servers.append(server)
        return server

    def config(self, outputs, more='timeout="2s" connect-timeout="1s"', **rest):
        """outputs: {name: port or (port, attributes, inner)}"""
        full = {}
        for name, value in outputs.items():
            port, attributes, inner = value if isinstance(value, tuple) else (value, "", "")
            full[name] = (f"https://localhost:{port}/", f'ca-file="{self.certificates}/ca.pem" {more} {attributes}', inner)
        self.agent.write(full, **rest)

    def deliver(self, outputs, numbers, timeout_s=60, **rest):
        """Starts the agent with alerts waiting, until all outputs are done with them."""
        self.config(outputs, **rest)
        kept = self.agent.keep(numbers)
        self.assertEqual(kept.returncode, 0, kept.stderr)
        self.agent.start()
        for name in outputs:
            delivery.wait_until(lambda n=name: self.delivered(n) == len(numbers), timeout_s, name)
        self.assertEqual(self.agent.stop(), 0)
        self.assertEqual(set().union(*self.agent.waiting().values()), set())

    def delivered(self, name):
        return sum(int(n) for n in re.findall(f"output {name}: delivered alerts=([0-9]+)", self.agent.log()))

    def check(self, server, numbers, name, repeats=True):
        """All came, none is forged; repeats have the same id and the same document."""
        want = dict(delivery.alert(n) for n in numbers)
        got = collections.Counter()
        for _, body in server.bodies:
            for document in json.loads(body):
                identity = document["event"]["id"]
                self.assertEqual(document, json.loads(want[identity]), name)
                got[identity] += 1
        self.assertEqual(set(got), set(want), name)
        if not repeats:
            self.assertEqual(max(got.values()), 1, name)

    def test_network(self):
        """Each fault at once, on an output of its own, three times; then it is over."""
        faults = {"refuse": 0, "stall": 0, "deaf": 3, "garbage": 0, "http": 0, "tls_alert": 0, "half_close": 0,
                  "drip": 0, "cut_up": 1, "cut_down": 1}
        cuts = [("cut_up", n) for n in (200, 600, 900)] + [("cut_down", n) for n in (500, 900)]
        servers, outputs = {}, {}
        for name, value in [*faults.items(), *cuts]:
            server = self.server()
            proxy = FaultProxy(name, server.port, value, count=2)
            self.servers.append(proxy.listener)
            key = f"{name}-{value}"
            servers[key], outputs[key] = server, proxy.port
        numbers = range(20)
        self.deliver(outputs, numbers)
        for key, server in servers.items():
            self.check(server, numbers, key)
        lines = re.findall(r"T4002 output ([a-z_]+-[0-9]+):", self.agent.log())
        for key in outputs:
            if not key.startswith("drip"):  # slow, and still in time or not
                self.assertIn(key, lines, "the fault did nothing")
        print(f"{len(outputs)} network faults, {len(lines)} failed tries, 0 lost")

    def test_cut_everywhere(self):
        """The connection cut after each number of bytes, in steps: up and down."""
        step = 16 if LONG else 97
        tried = 0
        places = [("cut_up", n) for n in range(1, 1500, step)] + [("cut_down", n) for n in range(1, 2600, step)]
        for begin in range(0, len(places), 16):
            some = places[begin:begin + 16]
            self.agent = delivery.Agent(self.path / f"cut{begin}", TRIPLINE, KEEP_ALERTS)
            servers, outputs = {}, {}
            for name, value in some:
                server = self.server()
                proxy = FaultProxy(name, server.port, value, count=1)
                self.servers.append(proxy.listener)
                servers[f"{name}-{value}"], outputs[f"{name}-{value}"] = server, proxy.port
            self.deliver(outputs, range(3))
            for key, server in servers.items():
                self.check(server, range(3), key)
            tried += len(some)
        print(f"cut at {tried} places, 0 lost")

    def test_answers(self):
        """What a collector may say instead of a plain 200."""
        def late(server, stream, number):
            request = delivery.read_request(stream)
            if request:
                server.bodies.append(request)  # it has them ...
                if number == 0:
                    time.sleep(4)  # ... but says so too late
                answer(stream)
                server.take(stream)

        def huge(server, stream, number):
            if number == 0 and delivery.read_request(stream):
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
                for _ in range(1024):
                    stream.sendall(b"x" * 1048576)
            server.take(stream)

        def bomb(server, stream, number):
            request = delivery.read_request(stream)
            if request:
                server.bodies.append(request)
                answer(stream, more=b"Content-Encoding: gzip\r\n", body=gzip.compress(b"\0" * (64 << 20)))
                server.take(stream)

        def flood(server, stream, number):
            if number == 0 and delivery.read_request(stream):
                stream.sendall(b"HTTP/1.1 200 OK\r\n")
                for i in range(200000):
                    stream.sendall(b"X-%d: %s\r\n" % (i, b"y" * 900))
            server.take(stream)

        def go_on(server, stream, number):
            if number == 0:
                delivery.read_request(stream)
                stream.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 20)
                time.sleep(4)
            else:
                server.take(stream)

        def elsewhere(server, stream, number):
            if number == 0 and delivery.read_request(stream):
                answer(stream, "302 Found", b"Location: https://localhost:1/\r\n")
            server.take(stream)

        def busy(status):
            def reply(server, stream, number):
                if number == 0 and delivery.read_request(stream):
                    answer(stream, status)
                server.take(stream)
            return reply

        names = {"late": late, "huge": huge, "bomb": bomb, "flood": flood, "continue": go_on, "redirect": elsewhere}
        servers = {name: self.server(reply) for name, reply in names.items()}
        numbers = range(5)
        self.deliver({name: server.port for name, server in servers.items()}, numbers)
        for name, server in servers.items():
            self.check(server, numbers, name, repeats=name == "late")
        heads = [head for head, _ in servers["late"].bodies]
        keys = {re.search(rb"Idempotency-Key: (\w+)", head).group(1) for head in heads}
        self.assertEqual((len(heads), len(keys)), (2, 1))  # the repeat is the same to the byte
        self.assertEqual(servers["late"].bodies[0][1], servers["late"].bodies[1][1])
        for head in heads:
            self.assertNotIn(b"Expect:", head)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        print(f"{len(names)} answers, peak memory {peak} MB")
        if not delivery.has_sanitizers(TRIPLINE):
            self.assertLess(peak, 80)

        self.agent = delivery.Agent(self.path / "busy", TRIPLINE, KEEP_ALERTS)
        statuses = ("408 Late", "425 Early", "429 Slow", "500 Oops", "502 Bad", "503 Busy", "504 Gone", "599 What")
        servers = {f"s{status[:3]}": self.server(busy(status)) for status in statuses}
        self.deliver({name: server.port for name, server in servers.items()}, numbers)
        for name, server in servers.items():
            self.check(server, numbers, name, repeats=False)
            self.assertIn(f"T4002 output {name}:", self.agent.log())

    def test_forbidden(self):
        """401: nothing is lost, the log says what is wrong, the secret is read again after a minute."""
        def guard(server, stream, number):
            while (request := delivery.read_request(stream)) is not None:
                if b"Authorization: Bearer new" in request[0]:
                    server.bodies.append(request)
                    answer(stream)
                else:
                    answer(stream, "401 Unauthorized")
        server = self.server(guard)
        token = self.agent.home / "token.txt"
        token.write_text("old\n")
        token.chmod(0o600)
        self.config({"central": (server.port, "", '<header name="Authorization" value="Bearer file:token.txt"/>')})
        self.agent.keep([1])
        self.agent.start()
        delivery.wait_until(lambda: "T4101" in self.agent.log(), 20, "a refusal")
        wait_ms = int(re.search(r"T4101 .* next try in ([0-9]+) ms", self.agent.log()).group(1))
        self.assertTrue(60000 <= wait_ms <= 66000, wait_ms)
        token.write_text("new")
        if LONG:
            delivery.wait_until(lambda: server.bodies, 90, "the alert")
            self.assertIn("T4103", self.agent.log())
        self.assertEqual(self.agent.stop(), 0)
        if not LONG:  # a restart reads it as well
            self.assertEqual(self.agent.waiting()["central"], {delivery.alert(1)[0]})
            self.agent.start()
            delivery.wait_until(lambda: server.bodies, 20, "the alert")
            self.agent.stop()

    def test_dead_letters(self):
        """Bisected to the guilty ones; listed with the collector's answer; tried again, dropped."""
        mercy = []

        def strict(server, stream, number):
            while (request := delivery.read_request(stream)) is not None:
                alerts = json.loads(request[1])
                if not mercy and any(a["number"] in (3, 7) for a in alerts):
                    answer(stream, "422 No", body=b"number \x1b[31mnot liked")
                elif len(request[1]) > 700:
                    answer(stream, "413 Large")
                else:
                    server.bodies.append(request)
                    answer(stream)
        server = self.server(strict)
        self.config({"central": server.port})
        self.agent.keep(range(10))
        self.agent.start()
        delivery.wait_until(lambda: self.delivered("central") == 8 and self.agent.log().count("T4003") == 2, 30, "8 and 2")
        code, _, errors = self.agent.run("deadletters", "list")
        self.assertEqual(code, 1)
        self.assertIn("the agent runs", errors)
        self.assertEqual(self.agent.stop(), 0)
        self.assertEqual(server.ids(), [delivery.alert(n)[0] for n in (0, 1, 2, 4, 5, 6, 8, 9)])  # in order

        code, out, _ = self.agent.run("deadletters", "list")
        lines = out.splitlines()
        self.assertEqual((code, len(lines)), (0, 2))
        self.assertIn(delivery.alert(3)[0], lines[0])
        self.assertIn("HTTP 422: number", lines[0])
        self.assertNotIn("\x1b", out)
        objects = [json.loads(line) for line in self.agent.run("deadletters", "list", "--json")[1].splitlines()]
        self.assertEqual([o["alert"]["number"] for o in objects], [3, 7])
        number = str(objects[0]["number"])
        self.assertEqual(self.agent.run("deadletters", "drop", number)[0], 0)
        self.assertEqual(self.agent.run("deadletters", "drop", number)[0], 1)
        self.assertEqual(self.agent.run("deadletters", "drop", "x")[0], 2)
        self.assertEqual(self.agent.run("deadletters", "retry", "all")[0], 0)
        self.assertIn("no dead letters", self.agent.run("deadletters", "list")[2])
        mercy.append(1)
        self.agent.start()
        delivery.wait_until(lambda: delivery.alert(7)[0] in server.ids(), 20, "the retried one")
        self.agent.stop()
        self.assertNotIn(delivery.alert(3)[0], server.ids())

    def test_proxy(self):
        """CONNECT with a user and a password; what it refuses; who goes without it."""
        server = self.server()
        seen = []

        def connect(proxy, connection, number):
            head = delivery.read_request(connection)[0]
            seen.append(head)
            if b"Proxy-Authorization: Basic " + base64.b64encode(b"other:proxy word") in head:
                connection.sendall(b"HTTP/1.1 403 Never\r\nContent-Length: 0\r\n\r\n")
                return
            if b"Proxy-Authorization: Basic " + base64.b64encode(b"me:proxy word") not in head:
                connection.sendall(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", server.port)) as target:
                connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                back = threading.Thread(target=pump, args=(target, connection), daemon=True)
                back.start()
                pump(connection, target)
                back.join(60)
        proxy = delivery.Server(connect)
        self.servers.append(proxy)
        url = f'url="http://127.0.0.1:{proxy.port}"'
        self.deliver({"central": server.port}, [1],
                     before=f'<proxy {url} login="basic" user="me" password="env:TRIPLINE_TEST_PROXY"/>')
        self.check(server, [1], "proxy")
        self.assertTrue(seen and seen[0].startswith(b"CONNECT localhost:"))

        self.config({"central": server.port}, before=f"<proxy {url}/>")
        self.agent.keep([2])
        self.agent.start()
        delivery.wait_until(lambda: "the proxy wants a user and a password" in self.agent.log(), 20, "407 in the log")
        self.agent.stop()
        self.config({"central": server.port},
                    before=f'<proxy {url} login="basic" user="other" password="env:TRIPLINE_TEST_PROXY"/>')
        self.agent.start()
        delivery.wait_until(lambda: "the proxy does not let us through" in self.agent.log(), 20, "403 in the log")
        self.agent.stop()
        count = len(seen)
        self.config({"central": server.port}, before=f'<proxy {url} bypass="localhost"/>')
        self.agent.start()
        delivery.wait_until(lambda: delivery.alert(2)[0] in server.ids(), 20, "the direct way")
        self.agent.stop()
        self.assertEqual(len(seen), count)

    def test_a_hundred_thousand(self):
        """The collector away, 100,000 alerts waiting: memory stays flat; then they drain in order."""
        waiting = 100000
        self.config({"central": 1}, state='max-alerts="1000000"', more='timeout="2s" max-batch-alerts="1000"')
        begin = time.monotonic()
        kept = self.agent.keep(range(waiting), prefix=["/usr/bin/env", "TRIPLINE_KEEP_BATCH=1000"])
        self.assertEqual(kept.stdout, f"{waiting}\n", kept.stderr)
        filled = time.monotonic() - begin
        self.agent.start()
        delivery.wait_until(lambda: self.agent.log().count("T4002") >= 3, 30, "three tries")
        rss = self.memory()
        before = self.cpu()
        time.sleep(2)
        cpu = self.cpu() - before
        self.assertEqual(self.agent.stop(), 0)
        server = self.server()
        self.config({"central": server.port}, state='max-alerts="1000000"', more='max-batch-alerts="1000"')
        begin = time.monotonic()
        self.agent.start()
        delivery.wait_until(lambda: self.delivered("central") == waiting, 120, "all")
        took = time.monotonic() - begin
        peak = self.memory()
        self.assertEqual(self.agent.stop(), 0)
        self.assertEqual(server.ids(), [delivery.alert(n)[0] for n in range(waiting)])
        print(f"100,000 waiting: {rss} MB while away, CPU {cpu * 1000:.0f} ms in 2 s, peak {peak} MB while draining, "
              f"{waiting / took:.0f} alerts/s (filled in {filled:.0f} s)")
        if delivery.has_sanitizers(TRIPLINE):
            return  # whose memory is not the program's
        self.assertLess(rss, 60)
        self.assertLess(peak, 80)
        self.assertLess(cpu, 0.2)

    def memory(self):
        """Most resident memory so far, MB."""
        status = Path(f"/proc/{self.agent.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmHWM:\s+([0-9]+)", status).group(1)) // 1024

    def cpu(self):
        fields = Path(f"/proc/{self.agent.process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    os.environ["TRIPLINE_TEST_PROXY"] = "proxy word"
    suite.main(sys.argv[3:])
