#!/usr/bin/python3
"""Servers whose TLS is not good: each is refused, with words that say why, and the alert stays. And good ones beside them.

    test_tls.py TRIPLINE KEEP_ALERTS
"""
import base64
import hashlib
import re
import shutil
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import warnings
from pathlib import Path

import delivery
import servers
import suite
import world

TRIPLINE, KEEP_ALERTS = sys.argv[1], sys.argv[2]


def pin(certificate):
    """SHA-256 of the public key of a PEM file."""
    public = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"], capture_output=True, check=True)
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=public.stdout, capture_output=True,
                         check=True)
    return base64.b64encode(hashlib.sha256(der.stdout).digest()).decode()


class OpensslServer:
    """openssl s_server: what Python's ssl can't do. Reads one request and answers it 200, or does as act says."""

    def __init__(self, directory, name, *arguments, act=None):
        self.port = world.free_port()
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", directory / f"{name}.pem", "-key",
             directory / f"{name}.key", *([] if act else ["-quiet"]), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.seen = b""
        self.act = act
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            piece = self.process.stdout.read1(65536)
            if not piece:
                return
            self.seen += piece
            try:
                if self.act:
                    self.act(self)
                elif b'"number"' in self.seen:
                    self.process.stdin.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    self.process.stdin.flush()
            except (OSError, ValueError):
                return

    def close(self):
        self.process.kill()
        self.process.wait()


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = Path(cls.folder.name)
        cls.certificates = cls.path / "certificates"
        world.make_certificates(cls.certificates)
        subprocess.run([world.HERE / "tls_certificates.sh", cls.certificates], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.servers = []
        self.agent = delivery.Agent(self.path / self.id().rsplit(".", 1)[1], TRIPLINE, KEEP_ALERTS)
        self.ca = f'ca-file="{self.certificates}/ca.pem"'

    def tearDown(self):
        self.agent.stop()
        for server in self.servers:
            server.close()
        if suite.failed(self):
            print(self.agent.log())

    def tls(self, name, answer=None, client_ca=None, **limits):
        """A server of Python's with this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.load_cert_chain(self.certificates / f"{name}.pem", self.certificates / f"{name}.key")
        if client_ca:
            context.load_verify_locations(self.certificates / client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        for key, value in limits.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # old versions are the point
                setattr(context, key, value)

        def serve(server, connection, number):
            with context.wrap_socket(connection, server_side=True) as stream:
                (answer or (lambda s, c, n: s.take(c)))(server, stream, number)
        server = delivery.Server(serve)
        self.servers.append(server)
        return server

    def openssl(self, *arguments, **more):
        server = OpensslServer(self.certificates, *arguments, **more)
        self.servers.append(server)
        return server

    def url(self, server):
        return f"https://localhost:{server.port}/"

    def run_cases(self, bad, good):
        """bad: {name: (server, attributes, words)}; good: {name: (server, attributes)}. One alert for all of them."""
        cases = {**bad, **good}
        self.agent.write({name: (self.url(case[0]), f'{self.ca} timeout="5s" {case[1]}') for name, case in cases.items()})
        self.assertEqual(self.agent.keep([1]).stdout, "1\n")
        self.agent.start()
        for name, (_, _, words) in bad.items():
            delivery.wait_until(lambda n=name: re.search(f"T4002 output {n}: ", self.agent.log()), 20, name)
            line = re.search(f"T4002 output {name}: (.*)", self.agent.log()).group(1)
            self.assertRegex(line, words, name)
        for name in good:
            delivery.wait_until(lambda n=name: f"T4001 output {n}: " in self.agent.log(), 20, name)
        self.assertEqual(self.agent.stop(), 0)
        waiting = self.agent.waiting()
        for name in bad:
            self.assertEqual(waiting[name], {delivery.alert(1)[0]}, name)
            self.assertNotIn(f"T4001 output {name}:", self.agent.log())
            if hasattr(bad[name][0], "bodies"):
                self.assertEqual(bad[name][0].bodies, [], name)  # nothing was sent before the check
        for name in good:
            self.assertEqual(waiting[name], set(), name)

    def test_certificates(self):
        two = {"maximum_version": ssl.TLSVersion.TLSv1_2}
        good = pin(self.certificates / "server.pem")
        other = pin(self.certificates / "wrong-host.pem")
        bad = {
            "expired": (self.tls("expired"), "", "has expired"),
            "early": (self.tls("early"), "", "not valid yet"),
            "wrong-host": (self.tls("wrong-host"), "", "another host name"),
            "unknown-ca": (self.tls("unknown"), "", "no trusted authority"),
            "self-signed": (self.tls("self-signed"), "", "no trusted authority"),
            "sha1": (self.tls("sha1"), "", "too weak"),
            "rsa1024": (self.tls("rsa1024"), "", "too weak"),
            "rsa512": (self.tls("rsa512", **two), "", "too weak|TLS"),
            "wrong-usage": (self.tls("wrong-usage"), "", "not for servers"),
            "name-constraints": (self.tls("constrained"), "", "may not issue"),
            "pin-mismatch": (self.tls("server"), f'pin="{other}"', "none of the pinned"),
            "pin-bad-chain": (self.tls("self-signed"), f'pin="{pin(self.certificates / "self-signed.pem")}"',
                              "no trusted authority"),
        }
        self.run_cases(bad, {
            "good": (self.tls("server"), ""),
            "pin": (self.tls("server"), f'pin="{good}" pin-next="{other}"'),
            "pin-next": (self.tls("server"), f'pin="{other}" pin-next="{good}"'),
        })

    def test_protocol(self):
        def truncated(server, stream, number):
            if delivery.read_request(stream):
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort")
                stream.shutdown(2)  # no close_notify

        def renegotiate(server):
            if b'"number"' in server.seen:
                server.seen = b""
                server.process.stdin.write(b"R\n")  # a HelloRequest
                server.process.stdin.flush()
                time.sleep(0.3)

        chain = ["-cert_chain", str(self.certificates / "ca.pem")]
        old = {"minimum_version": ssl.TLSVersion.TLSv1}
        bad = {
            "tls10": (self.tls("server", **old, maximum_version=ssl.TLSVersion.TLSv1), "", "no TLS connection"),
            "tls11": (self.tls("server", **old, maximum_version=ssl.TLSVersion.TLSv1_1), "", "no TLS connection"),
            "truncated": (self.tls("server", truncated), "", "connection"),
            "renegotiation": (self.openssl("server", "-tls1_2", act=renegotiate), "", "connection|answer|no TLS|failed"),
            "revoked": (self.openssl("revoked", *chain, "-status_file", str(self.certificates / "revoked.ocsp")),
                        'ocsp-staple="yes"', "OCSP"),
            "no-staple": (self.tls("server"), 'ocsp-staple="yes"', "OCSP"),
            "wrong-staple": (self.openssl("server", *chain, "-status_file", str(self.certificates / "revoked.ocsp")),
                             'ocsp-staple="yes"', "OCSP"),
        }
        self.run_cases(bad, {
            "tls12": (self.tls("server", maximum_version=ssl.TLSVersion.TLSv1_2), ""),
            "tls13": (self.tls("server", minimum_version=ssl.TLSVersion.TLSv1_3), ""),
            "staple": (self.openssl("server", *chain, "-status_file", str(self.certificates / "server.ocsp")), 'ocsp-staple="yes"'),
            "p12": (self.tls("server", client_ca="ca.pem"),
                    f'client-certificate="{self.certificates}/client.p12" client-key-password="secret word"'),
        })

    def test_plaintext(self):
        """http:// to loopback, and nothing else: what check-config says."""
        plain = delivery.Server(lambda server, connection, number: server.take(connection))
        self.servers.append(plain)
        self.agent.write({"plain": (f"http://127.0.0.1:{plain.port}/", 'allow-plaintext="loopback"')})
        self.agent.keep([1])
        self.agent.start()
        delivery.wait_until(lambda: plain.bodies, 20, "the alert")
        self.assertEqual(self.agent.stop(), 0)
        for url in ("http://127.0.0.1:1/", "http://192.0.2.1/"):
            self.agent.write({"plain": (url, 'allow-plaintext="loopback"' if "192" in url else "")})
            done = subprocess.run([TRIPLINE, "check-config", self.agent.config], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("http://", done.stderr)

    def test_client_hello(self):
        """TLS 1.3 is offered, and the best groups first."""
        hellos = []

        def listen(server, connection, number):
            head = connection.recv(5, 0x100)  # MSG_WAITALL
            hellos.append(connection.recv(struct.unpack(">H", head[3:])[0], 0x100))
        server = delivery.Server(listen)
        self.servers.append(server)
        self.agent.write({"hello": (self.url(server), self.ca)})
        self.agent.keep([1])
        self.agent.start()
        delivery.wait_until(lambda: hellos, 20, "a ClientHello")
        self.agent.stop()
        extensions = hello_extensions(hellos[0])
        groups = struct.unpack(f">{(len(extensions[10]) - 2) // 2}H", extensions[10][2:])
        versions = struct.unpack(f">{extensions[43][0] // 2}H", extensions[43][1:])
        print("groups", [hex(g) for g in groups], "versions", [hex(v) for v in versions])
        self.assertEqual(versions, (0x0304, 0x0303))
        self.assertIn(groups[:2], [(0x11EC, 0x001D), (0x001D, 0x0017)])  # X25519MLKEM768 where OpenSSL has it

    def test_files_are_read_again(self):
        """A new authority and a new client certificate are used without a restart."""
        shutil.copy(self.certificates / "other-ca.pem", self.agent.home / "ca.pem")
        server = self.tls("server")
        self.agent.write({"central": (self.url(server), 'ca-file="ca.pem"')})
        self.agent.keep([1])
        self.agent.start()
        delivery.wait_until(lambda: "no trusted authority" in self.agent.log(), 20, "a refusal")
        (self.agent.home / "ca.pem").write_text("half a fi")  # as while it is written
        delivery.wait_until(lambda: "T4104" in self.agent.log(), 90, "a complaint")  # a look after 10 s, a wait of 60
        shutil.copy(self.certificates / "ca.pem", self.agent.home / "ca.pem")
        delivery.wait_until(lambda: server.bodies, 90, "the alert")
        self.assertIn("T4103", self.agent.log())
        self.assertEqual(self.agent.stop(), 0)


def hello_extensions(hello):
    """{type: bytes} of a ClientHello (RFC 8446 section 4.1.2)."""
    at = 4 + 2 + 32
    at += 1 + hello[at]
    at += 2 + struct.unpack_from(">H", hello, at)[0]
    at += 1 + hello[at]
    end = at + 2 + struct.unpack_from(">H", hello, at)[0]
    at += 2
    found = {}
    while at < end:
        kind, size = struct.unpack_from(">HH", hello, at)
        found[kind] = hello[at + 4:at + 4 + size]
        at += 4 + size
    return found


if __name__ == "__main__":
    suite.main(sys.argv[3:])
