"""The program on this system with alerts in its outbox, for tests of how they get out."""
import contextlib
import hashlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import threading
from pathlib import Path
from xml.sax.saxutils import quoteattr

import world


def has_sanitizers(program):
    """Was it built with AddressSanitizer, which takes memory and time of its own and reads no leaks under strace?"""
    return b"__asan_init" in Path(program).read_bytes()


def alert(number):
    """(id, document) of a small alert."""
    name = hashlib.sha256(str(number).encode()).hexdigest()
    return name, json.dumps({"event": {"id": name}, "number": number})


class Agent:
    """A state directory with a config, and the program with it."""

    def __init__(self, directory, program, keep_alerts):
        self.home = Path(directory)
        self.home.mkdir(parents=True, exist_ok=True)
        self.program, self.keep_alerts = program, keep_alerts
        self.config, self.database = self.home / "tripline.xml", self.home / "tripline.db"
        self.process = None
        self.names = []

    def write(self, outputs, before="", spread="0s", state=""):
        """outputs: {name: (url, attributes)} or {name: (url, attributes, inner)}"""
        self.names = list(outputs)
        text = f'<tripline version="1"><state directory={quoteattr(str(self.home))} {state}/>{before}' \
               '<doctor interval="0s"/><heartbeat interval="0s"/>' \
               f'<outputs start-spread="{spread}">'
        for name, (url, more, *inner) in outputs.items():
            text += f'<webhook name="{name}" url={quoteattr(url)} {more}>{"".join(inner)}</webhook>'
        self.config.write_text(text + "</outputs></tripline>", encoding="utf-8")

    def keep(self, numbers, prefix=(), **more):
        """Puts alerts into the outbox; the completed process."""
        lines = "".join(alert(n)[1] + "\n" for n in numbers)
        return subprocess.run([*prefix, self.keep_alerts, self.database, *self.names], input=lines, text=True,
                              capture_output=True, timeout=120, check=False, **more)

    def start(self, prefix=(), environment=None):
        log = open(self.home / "stderr.txt", "ab")
        self.process = subprocess.Popen([*prefix, self.program, "run", "--config", self.config], stdin=subprocess.DEVNULL,
                                        stdout=log, stderr=log, env=dict(os.environ, NO_PROXY="", no_proxy="", **(environment or {})))
        log.close()

    def stop(self, timeout=20):
        """Its exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout)
        self.process = None
        return code

    def log(self):
        path = self.home / "tripline.log"
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def waiting(self):
        """{output: {ids that wait for it}}; only while the program is stopped."""
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            rows = database.execute("SELECT output.name, alert.id FROM delivery JOIN output ON output.id = delivery.output "
                                    "JOIN alert ON alert.number = delivery.alert").fetchall()
        found = {name: set() for name in self.names}
        for name, identity in rows:
            found[name].add(identity)
        return found

    def run(self, *arguments):
        done = subprocess.run([self.program, *arguments, "--config", self.config], text=True, capture_output=True,
                              timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr


def read_request(stream):
    """One HTTP request with its body: (head, body), or None at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = stream.recv(65536)
        if not piece:
            return None
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        piece = stream.recv(65536)
        if not piece:
            return None
        body += piece
    return head, body


class Server:
    """Listens on loopback; answer(connection, number) has each connection on a thread of its own; number from 0."""

    def __init__(self, answer):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.answer, self.connections = answer, 0
        self.bodies = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            number, self.connections = self.connections, self.connections + 1
            threading.Thread(target=self.one, args=(connection, number), daemon=True).start()

    def one(self, connection, number):
        connection.settimeout(60)
        try:
            self.answer(self, connection, number)
        except (OSError, ValueError):
            pass  # the other side broke off, as it should
        finally:
            connection.close()

    def take(self, stream, status="200 OK", body=b""):
        """Answers requests until the end, and keeps what came; False: there was none."""
        seen = False
        while True:
            request = read_request(stream)
            if request is None:
                return seen
            seen = True
            self.bodies.append(request)
            stream.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body))

    def ids(self):
        """Ids of the alerts that came, in order."""
        return [a["event"]["id"] for _, body in self.bodies for a in json.loads(body)]

    def close(self):
        self.listener.close()


wait_until = world.wait_for
