#!/usr/bin/python3
"""The unmodified tripline.exe in Wine: how it gets alerts out. Best key exchange, a secret sealed by DPAPI, a .p12, dead letters.

    test_delivery_wine.py TRIPLINE_EXE BUILD_TREE
"""
import os
import re
import ssl
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import delivery
import suite
import wine
import world

PROGRAM = Path(sys.argv[1])
WEVTAPI = Path(sys.argv[2]) / "tests" / "winsim" / "wevtapi.dll"
CANARY = "canary-Bq7-sealed"


class DeliveryWine(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.certificates = self.path / "certificates"
        world.make_certificates(self.certificates)
        self.servers = []
        self.wine = wine.Wine(self.path, PROGRAM, WEVTAPI, is_shared=True)
        self.wine.append(world.SECURITY)

    def tearDown(self):
        aborts, log = self.wine.aborts(), self.wine.log()
        self.wine.stop(is_well=not aborts and not suite.failed(self))
        for server in self.servers:
            server.close()
        self.folder.cleanup()
        if aborts or suite.failed(self):
            print("the agent's log:\n" + log)
        self.assertEqual(aborts, "")

    def tls(self, reply, client_ca=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificates / "server.pem", self.certificates / "server.key")
        if client_ca:
            context.load_verify_locations(self.certificates / "ca.pem")
            context.verify_mode = ssl.CERT_REQUIRED

        def serve(server, connection, number):
            with context.wrap_socket(connection, server_side=True) as stream:
                reply(server, stream, number)
        self.servers.append(delivery.Server(serve))
        return self.servers[-1]

    def config(self, outputs):
        """outputs: XML"""
        (self.wine.state / "ca.pem").write_bytes((self.certificates / "ca.pem").read_bytes())
        path = self.wine.state / "tripline.xml"
        path.write_text(f'<tripline version="1"><state directory="{self.wine.windows_path(self.wine.state)}"/>'
                        '<doctor interval="0s"/><heartbeat interval="0s"/>'
                        f'<eventlog lookback="all"><channel name="{world.SECURITY}"/></eventlog>'
                        f'<outputs start-spread="0s">{outputs}</outputs></tripline>', encoding="utf-8")
        return self.wine.windows_path(path)

    def tripline(self, *arguments, code=0):
        got, out, err = self.wine.run(*arguments)
        self.assertEqual(got, code, f"{arguments}: {out}{err}")
        return out + err

    def protect(self, secret):
        """What "tripline protect" makes of it."""
        environment = dict(os.environ, WINEPREFIX=str(self.wine.prefix), WINEDEBUG="-all",
                           WINEDLLOVERRIDES="mscoree,mshtml=;winedbg.exe=d")
        done = subprocess.run(["wine", self.wine.windows_path(self.wine.home / "tripline.exe"), "protect"],
                              input=secret + "\n", capture_output=True, text=True, env=environment, timeout=60, check=True)
        return done.stdout.strip()

    def test_the_way_out(self):
        hellos = []

        def listen(server, connection, number):
            head = connection.recv(5, 0x100)  # MSG_WAITALL
            hellos.append(connection.recv(struct.unpack(">H", head[3:])[0], 0x100))
        raw = delivery.Server(listen)
        self.servers.append(raw)
        strict_answers = []

        def strict(server, stream, number):
            while (request := delivery.read_request(stream)) is not None:
                strict_answers.append(request)
                stream.sendall(b"HTTP/1.1 422 No\r\nContent-Length: 9\r\n\r\nnot liked")
        good, bad = self.tls(lambda s, c, n: s.take(c), client_ca=True), self.tls(strict)
        plain = delivery.Server(lambda server, connection, number: server.take(connection))
        self.servers.append(plain)
        subprocess.run(["openssl", "pkcs12", "-export", "-in", self.certificates / "client.pem", "-inkey",
                        self.certificates / "client.key", "-out", self.wine.state / "client.p12", "-passout",
                        f"pass:{CANARY}"], check=True, capture_output=True)
        sealed = self.protect(CANARY)
        self.assertRegex(sealed, r"\Adpapi:[A-Za-z0-9+/=]+\Z")
        self.assertNotIn(CANARY, sealed)
        config = self.config(
            f'<webhook name="good" url="https://localhost:{good.port}/" ca-file="ca.pem" client-certificate="client.p12" '
            f'client-key-password="{sealed}"><header name="Authorization" value="Bearer {sealed}"/></webhook>'
            f'<webhook name="bad" url="https://localhost:{bad.port}/" ca-file="ca.pem"/>'
            f'<webhook name="hello" url="https://localhost:{raw.port}/" ca-file="ca.pem"/>'
            f'<webhook name="plain" url="http://127.0.0.1:{plain.port}/" allow-plaintext="loopback"/>')
        self.tripline("install", "--config", config)
        self.tripline("start")
        self.wine.append(world.SECURITY, world.event_4688(1, world.ATTACK))
        for words in ("output good: delivered", "output plain: delivered", "T4003 output bad", "T4002 output hello"):
            self.wine.wait_for_log(words)
        self.assertIn(b"Authorization: Bearer " + CANARY.encode(), good.bodies[0][0])
        self.assertNotIn(CANARY, self.wine.log())

        at = hellos[0].index(struct.pack(">H", 0x11EC))  # X25519MLKEM768 ...
        self.assertEqual(struct.unpack(">H", hellos[0][at + 2:at + 4])[0], 0x001D)  # ... before X25519
        self.assertIn("the agent runs", self.tripline("deadletters", "list", "--config", config, code=1))
        self.tripline("stop")
        listed = self.tripline("deadletters", "list", "--config", config)
        self.assertRegex(listed, r"\A1  \S+  bad  [0-9a-f]{64}  HTTP 422: not liked\n\Z")
        self.tripline("deadletters", "retry", "--config", config, "1")
        self.assertIn("no dead letters", self.tripline("deadletters", "list", "--config", config))
        self.tripline("start")
        self.wine.wait_for_log("T4003 output bad", count=2)
        self.tripline("stop")
        for path in self.wine.state.iterdir():
            if path.is_file():
                self.assertNotIn(CANARY.encode(), path.read_bytes(), path.name)

    def test_damaged_store(self):
        """A file of the store that is no database any more is moved aside, and the service goes on."""
        good = self.tls(lambda s, c, n: s.take(c))
        config = self.config(f'<webhook name="good" url="https://localhost:{good.port}/" ca-file="ca.pem"/>')
        self.tripline("install", "--config", config)
        self.tripline("start")
        self.wine.append(world.SECURITY, world.event_4688(1, world.ATTACK))
        self.wine.wait_for_log("output good: delivered")
        self.tripline("stop")
        database = self.wine.state / "tripline.db"
        data = bytearray(database.read_bytes())
        data[:200] = b"\xa5" * 200
        database.write_bytes(data)
        self.tripline("start")
        self.wine.wait_for_log("T4106")
        self.wine.append(world.SECURITY, world.event_4688(2, world.ATTACK))
        self.wine.wait_for_log("output good: delivered", count=2)
        self.tripline("stop")
        self.assertEqual(len(set(good.ids())), 2)
        self.assertEqual(len(good.ids()), 2)  # the copy of the bookmark was current: nothing was read again
        self.assertRegex(" ".join(p.name for p in self.wine.state.iterdir()), re.compile(r"tripline\.db\.damaged-[0-9]+"))


if __name__ == "__main__":
    suite.main(sys.argv[3:])
