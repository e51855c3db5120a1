#!/usr/bin/python3
"""A small central collector for tests and demonstrations: takes alerts over HTTPS and writes each down as a JSON line.

Understands a JSON array, NDJSON and a single object, plain or gzip. Faults come on demand:

  --script 503:2,429:1:retry-after=1,drop:1,200   two answers 503, one 429 with Retry-After: 1, one connection closed
                                                  after the request was read; then 200 for ever. A header's value
                                                  may be percent-encoded: retry-after=Wed%2C 21 Oct 2026 07%3A28%3A00 GMT
  --drop N           the first N requests are read and the connection is closed without an answer (before the script)
  --delay MS         waits before each answer
  --refuse TEXT      422 for each request that holds TEXT
  --max-bytes N      413 for each body that is longer, after decompression
  --reply-bytes N    a body of N bytes in each answer

Each line of --out: {"received_ns", "request", "status", "client", "certificate", "headers", "repeat", "alert"}; status 0
is a dropped request; repeat: an earlier request that was answered with 2xx had an alert of the same event.id.
Ends with code 0 on SIGTERM or SIGINT, or when --exit-after alerts were taken.
"""

import argparse
import collections
import http.server
import json
import os
import signal
import socket
import ssl
import sys
import threading
import time
import urllib.parse
import zlib

# Most bytes of one request, before and after decompression.
MAX_BODY = 64 * 1024 * 1024


class BadRequest(Exception):
    """What the client sent is no alerts."""


def parse_script(text):
    """'503:2,429:1:retry-after=1,drop' -> [(503, {}), (503, {}), (429, {'retry-after': '1'}), (0, {})]"""
    steps = []
    for part in filter(None, text.split(",")):
        fields = part.split(":")
        status = 0 if fields[0] == "drop" else int(fields[0])
        count = int(fields[1]) if len(fields) > 1 else 1
        headers = {name: urllib.parse.unquote(value) for name, value in (field.split("=", 1) for field in fields[2:])}
        steps += [(status, headers)] * count
    return steps


def read_alerts(body, headers):
    """The alerts of one request's body."""
    if headers.get("Content-Encoding", "") == "gzip":
        try:
            decompressor = zlib.decompressobj(wbits=31)
            body = decompressor.decompress(body, MAX_BODY)
            if not decompressor.eof or decompressor.unused_data:
                raise BadRequest("gzip: too long, cut off, or followed by something")
        except zlib.error as error:
            raise BadRequest(f"gzip: {error}") from error
    try:
        text = body.decode("utf-8")
        if headers.get_content_type() == "application/x-ndjson":
            if not text.endswith("\n"):
                raise BadRequest("NDJSON: the last line has no end")
            alerts = [json.loads(line) for line in text.split("\n")[:-1]]
        else:
            alerts = json.loads(text)
            alerts = alerts if isinstance(alerts, list) else [alerts]
    except ValueError as error:
        raise BadRequest(str(error)) from error
    if not alerts or not all(isinstance(alert, dict) for alert in alerts):
        raise BadRequest("no alerts")
    return alerts, body


class Collector:
    """What all requests share."""

    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()
        self.script = collections.deque([(0, {})] * options.drop + parse_script(options.script))
        self.out = None
        if options.out == "-":
            self.out = sys.stdout
        elif options.out:
            self.out = open(options.out, "a", encoding="utf-8")
        self.seen = set()
        self.requests = self.taken = self.repeats = 0
        self.done = threading.Event()

    def decide(self, body):
        """Status and headers of the answer to a request with this body."""
        if self.options.max_bytes and len(body) > self.options.max_bytes:
            return 413, {}
        if self.options.refuse and self.options.refuse.encode() in body:
            return 422, {}
        with self.lock:
            return self.script.popleft() if self.script else (200, {})

    def write_down(self, alerts, status, handler, received_ns):
        """Each alert as one line; counts what was taken."""
        certificate = handler.connection.getpeercert() or {}
        names = [value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"]
        with self.lock:
            self.requests += 1
            for alert in alerts:
                event = alert.get("event")
                identity = event.get("id") if isinstance(event, dict) else None
                record = {
                    "received_ns": received_ns,
                    "request": self.requests,
                    "status": status,
                    "client": "%s:%d" % handler.client_address[:2],
                    "certificate": names[0] if names else None,
                    "headers": dict(handler.headers.items()),
                    "repeat": identity in self.seen,
                    "alert": alert,
                }
                if self.out:
                    self.out.write(json.dumps(record, ensure_ascii=False) + "\n")
                if 200 <= status < 300:
                    self.taken += 1
                    self.repeats += identity in self.seen
                    if identity is not None:
                        self.seen.add(identity)
            if self.out:
                self.out.flush()
            if self.options.exit_after and self.taken >= self.options.exit_after:
                self.done.set()


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = 60

    def setup(self):
        # The handshake on the connection's own thread: a slow client must not hold up the others.
        self.request.settimeout(self.timeout)
        self.request.do_handshake()
        super().setup()

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        if self.server.collector.options.verbose:
            super().log_message(format, *args)

    def answer(self, status, headers, text):
        """Sends the whole answer."""
        options = self.server.collector.options
        body = (text + "\n").encode() + b"x" * options.reply_bytes
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):  # pylint: disable=invalid-name
        """Takes alerts."""
        received_ns = time.time_ns()
        collector = self.server.collector
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY:
            self.close_connection = True
            self.answer(411 if not length else 413, {}, "a body of known and reasonable length, please")
            return
        body = self.rfile.read(int(length))
        try:
            alerts, body = read_alerts(body, self.headers)
        except BadRequest as error:
            self.answer(400, {}, str(error))
            return
        status, headers = collector.decide(body)
        if collector.options.delay:
            time.sleep(collector.options.delay / 1000)
        if status == 0:
            self.close_connection = True
            collector.write_down(alerts, status, self, received_ns)
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        collector.write_down(alerts, status, self, received_ns)
        self.answer(status, headers, "taken" if status < 300 else "not taken")


class Server(http.server.ThreadingHTTPServer):
    """Listens; TLS on each connection."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, options):
        self.collector = Collector(options)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if options.tls_version:
            version = {"1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
            if options.tls_version == "1.1":
                self.context.set_ciphers("DEFAULT:@SECLEVEL=0")
            self.context.minimum_version = version[options.tls_version]
            self.context.maximum_version = version[options.tls_version]
        else:
            self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.load_cert_chain(options.certificate, options.key)
        if options.ca:
            self.context.load_verify_locations(options.ca)
            self.context.verify_mode = ssl.CERT_REQUIRED if options.require_client else ssl.CERT_OPTIONAL
        super().__init__((options.bind, options.port), Handler)

    def get_request(self):
        connection, address = super().get_request()
        connection.settimeout(Handler.timeout)
        return self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request, client_address):
        if self.collector.options.verbose:
            print(f"receiver: {client_address[0]}: {sys.exc_info()[1]}", file=sys.stderr)


def options_from(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bind", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8443, help="0: any free one")
    parser.add_argument("--port-file", help="write the port there once it listens")
    parser.add_argument("--certificate", required=True, help="PEM")
    parser.add_argument("--key", required=True, help="PEM")
    parser.add_argument("--ca", help="authorities of client certificates, PEM")
    parser.add_argument("--require-client", action="store_true", help="refuse clients without a certificate")
    parser.add_argument("--tls-version", choices=("1.1", "1.2", "1.3"), help="this one alone")
    parser.add_argument("--out", help="file to append to; -: stdout")
    parser.add_argument("--script", default="")
    parser.add_argument("--drop", type=int, default=0)
    parser.add_argument("--delay", type=int, default=0, metavar="MS")
    parser.add_argument("--refuse", metavar="TEXT")
    parser.add_argument("--max-bytes", type=int, default=0)
    parser.add_argument("--reply-bytes", type=int, default=0)
    parser.add_argument("--exit-after", type=int, default=0, metavar="N")
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args(arguments)


def main():
    options = options_from(sys.argv[1:])
    server = Server(options)
    collector = server.collector
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: collector.done.set())
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    port = server.server_address[1]
    if options.port_file:
        with open(options.port_file + ".new", "w", encoding="ascii") as file:
            file.write(f"{port}\n")
        os.replace(options.port_file + ".new", options.port_file)
    print(f"receiver: listening on https://{options.bind}:{port}/", file=sys.stderr, flush=True)
    collector.done.wait()
    time.sleep(0.1)  # the last answer goes out
    server.shutdown()
    server.server_close()
    with collector.lock:
        if collector.out:
            collector.out.flush()
        print(f"receiver: {collector.requests} requests, {collector.taken} alerts taken, {collector.repeats} of them"
              " for the second time or later", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
