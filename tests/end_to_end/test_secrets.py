#!/usr/bin/python3
"""A canary in each place where a secret can stand: afterwards it is in no log, no error, no database, no output of a verb,
and in no memory of the resting program, which is what a crash dump would hold.

    test_secrets.py TRIPLINE KEEP_ALERTS
"""
import os
import re
import ssl
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import delivery
import suite
import world

TRIPLINE, KEEP_ALERTS = sys.argv[1], sys.argv[2]
CANARIES = {"header": "canary-Bq7-header", "environment": "canary-Bq7-environment", "password": "canary-Bq7-password",
            "literal": "canary-Bq7-literal", "url": "canary-Bq7-url", "proxy": "canary-Bq7-proxy"}


def memory_of(pid):
    """All that the process can write: its heap, stacks and data. Environment and arguments (the top of the stack) are the
    system's to show, and are left out."""
    found = []
    top = int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[25])  # start of the stack
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw.. \S+ \S+ \S+\s*(.*)", line)
            if match is None or match.group(3) in ("[vvar]", "[vsyscall]"):
                continue
            begin, end = (int(match.group(i), 16) for i in (1, 2))
            if match.group(3) == "[stack]":
                end = min(end, top)
            if end - begin > 1 << 30:
                continue  # AddressSanitizer's own, mostly never touched
            try:
                memory.seek(begin)
                found.append((match.group(3), memory.read(end - begin)))
            except (OSError, ValueError):
                pass  # not there any more
    return found


class Secrets(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.certificates = self.path / "certificates"
        world.make_certificates(self.certificates)
        subprocess.run(["openssl", "pkcs8", "-topk8", "-in", self.certificates / "client.key", "-out",
                        self.certificates / "canary.key", "-v2", "aes-256-cbc", "-passout",
                        f"pass:{CANARIES['password']}"], check=True, capture_output=True)
        self.agent = delivery.Agent(self.path / "agent", TRIPLINE, KEEP_ALERTS)
        self.server = None
        self.statuses = []

    def tearDown(self):
        self.agent.stop()
        if self.server:
            self.server.close()
        self.folder.cleanup()

    def secret_file(self, name, mode=0o600):
        path = self.agent.home / f"{name}.txt"
        path.write_text(CANARIES[name] + "\n")
        path.chmod(mode)
        return path

    def listen(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificates / "server.pem", self.certificates / "server.key")
        context.load_verify_locations(self.certificates / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED

        def serve(server, connection, number):
            with context.wrap_socket(connection, server_side=True) as stream:
                while (request := delivery.read_request(stream)) is not None:
                    status = self.statuses.pop(0) if self.statuses else 200
                    if status == 200:
                        server.bodies.append(request)
                    stream.sendall(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)
        self.server = delivery.Server(serve)

    def configure(self, literal=True):
        headers = ('<header name="Authorization" value="Bearer file:header.txt"/>'
                   '<header name="X-Environment" value="env:TRIPLINE_CANARY"/>')
        if literal:
            headers += f'<header name="X-Literal" value="{CANARIES["literal"]}"/>'
        more = (f'ca-file="{self.certificates}/ca.pem" client-certificate="{self.certificates}/client.pem" '
                f'client-key="{self.certificates}/canary.key" client-key-password="file:password.txt" timeout="5s"')
        path = CANARIES["url"] if literal else ""
        self.agent.write({"central": (f"https://localhost:{self.server.port}/{path}", more, headers)},
                         before='<proxy url="http://127.0.0.1:1" login="basic" user="me" password="file:proxy.txt" '
                                'bypass="localhost"/>')

    def test_found_nowhere(self):
        self.listen()
        for name in ("header", "password", "proxy"):
            self.secret_file(name)
        os.environ["TRIPLINE_CANARY"] = CANARIES["environment"]
        self.configure()
        outputs = [subprocess.run([TRIPLINE, "check-config", self.agent.config], capture_output=True, check=True).stdout]
        self.agent.keep(range(3))
        self.statuses = [503, 422, 422, 422]
        self.agent.start()
        delivery.wait_until(lambda: "T4002" in self.agent.log() and "T4003" in self.agent.log(), 30, "failures")
        self.agent.stop()
        self.agent.keep([9])
        self.agent.start()
        delivery.wait_until(lambda: self.server.bodies, 30, "the alert")
        head = self.server.bodies[0][0].decode()
        for name in ("header", "environment", "literal", "url"):
            self.assertIn(CANARIES[name], head, "it was never sent, so not finding it means nothing")
        self.agent.stop()
        outputs.append(
            str(self.agent.run("deadletters", "list", "--json")).encode())
        # A secret file that others can read, and one that is gone: what is said then.
        for break_it in (lambda: self.secret_file("header", 0o644), lambda: (self.agent.home / "header.txt").unlink()):
            break_it()
            self.agent.start()
            self.assertEqual(self.agent.process.wait(20), 1)
            self.agent.process = None
        self.assertIn("others can read it too", self.agent.log())
        own = {self.agent.config, self.agent.home / "password.txt", self.agent.home / "proxy.txt"}
        files = [p for p in self.agent.home.rglob("*") if p.is_file() and p not in own]
        self.assertIn(self.agent.database, files)
        texts = [(str(p), p.read_bytes()) for p in files] + [("output", o) for o in outputs]
        for where, text in texts:
            for name, canary in CANARIES.items():
                self.assertNotIn(canary.encode(), text, f"{name} in {where}")

    def test_not_in_memory(self):
        """Secrets by reference, while nothing is sent: after a failure, and after a delivery."""
        self.listen()
        for name in ("header", "password", "proxy"):
            self.secret_file(name)
        os.environ.pop("TRIPLINE_CANARY", None)
        self.configure(literal=False)
        text = self.agent.config.read_text().replace('<header name="X-Environment" value="env:TRIPLINE_CANARY"/>', "")
        self.agent.config.write_text(text)
        self.agent.keep([1])
        self.statuses = [401]
        self.agent.start()
        delivery.wait_until(lambda: "T4101" in self.agent.log(), 20, "a refusal")
        self.look()
        self.agent.stop()
        self.agent.start()
        delivery.wait_until(lambda: "T4001" in self.agent.log(), 20, "a delivery")
        self.look()
        self.assertIn(CANARIES["header"].encode(), self.server.bodies[0][0])

    def look(self):
        memory = memory_of(self.agent.process.pid)
        self.assertTrue(any(b"file:" in part and b"header.txt" in part for _, part in memory), "looked at nothing")
        for where, part in memory:
            for name in ("header", "password", "proxy"):
                at = part.find(CANARIES[name].encode())
                self.assertEqual(at, -1, f"{name} in {where or 'memory'}: {part[max(0, at - 60):at + 60]!r}")


if __name__ == "__main__":
    suite.main(sys.argv[3:])
