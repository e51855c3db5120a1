"""Strict stand-ins for central collectors that no package here has. Each keeps to what its maker documents, answers as
that says, and writes down every breach of the contract by its client in .mistakes, which a test wants empty."""
import base64
import datetime
import gzip
import hashlib
import hmac
import http.server
import json
import re
import socketserver
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

MAX_BODY = 64 * 1024 * 1024


class Breach(Exception):
    """The client broke the contract: what it did, and the answer that it gets."""

    def __init__(self, what, status=400, body=None):
        super().__init__(what)
        self.status, self.body = status, body


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass

    def do_POST(self):  # pylint: disable=invalid-name
        stand_in = self.server.stand_in
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        answer = None
        with stand_in.lock:
            stand_in.requests.append((time.time(), self.path, dict(self.headers.items()), raw))
            if stand_in.script:
                answer = stand_in.script.pop(0)
        if answer is None or callable(answer):
            try:
                body = gzip.decompress(raw) if self.headers.get("Content-Encoding") == "gzip" else raw
                with stand_in.lock:
                    result = stand_in.post(self.path, self.headers, body)
                answer = answer(result) if callable(answer) else result
            except Breach as breach:
                stand_in.mistakes.append(f"{self.path}: {breach}")
                answer = (breach.status, breach.body)
        if answer == "drop":
            self.close_connection = True
            return
        status, body, *headers = answer
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers[0].items() if headers else ():
            self.send_header(name, value)
        if data:
            self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that does not trust us, or was stopped


class StandIn:
    """An HTTPS server on loopback. script: answers for the next requests, before the contract has its say: (status,
    body[, headers]), "drop", or a function of the answer that would have been given."""

    def __init__(self, directory, certificates, port=0, plain=False):
        del directory
        self.lock = threading.RLock()
        self.requests, self.mistakes, self.script = [], [], []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        self.server = Server(("127.0.0.1", port), Handler)
        self.server.stand_in = self
        if not plain:
            self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def bodies(self):
        """The requests' bodies, unpacked, in the order of their coming."""
        return [gzip.decompress(raw) if headers.get("Content-Encoding") == "gzip" else raw
                for _, _, headers, raw in self.requests]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def post(self, path, headers, body):
        raise NotImplementedError


def need(condition, what, status=400, body=None):
    if not condition:
        raise Breach(what, status, body)


def unique(pairs):
    """json's hook: an object with the same name twice is refused."""
    names = [name for name, _ in pairs]
    need(len(names) == len(set(names)), f"the same name twice in {names}")
    return dict(pairs)


def parse(text, what):
    try:
        return json.loads(text, object_pairs_hook=unique)
    except ValueError as error:
        raise Breach(f"{what}: {error}") from error


class Webhook(StandIn):
    """Takes whatever comes; whether the signature is right (Standard Webhooks) is looked at when there is a key."""

    def __init__(self, directory, certificates, key=None, **more):
        self.key = base64.b64decode(key.removeprefix("whsec_")) if key else None
        super().__init__(directory, certificates, **more)

    def post(self, path, headers, body):
        if self.key is not None:
            raw = self.requests[-1][3]
            text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + raw
            signature = base64.b64encode(hmac.new(self.key, text, hashlib.sha256).digest()).decode()
            need(headers["webhook-signature"] == "v1," + signature, "signature", 401)
            need(abs(int(headers["webhook-timestamp"]) - time.time()) < 10, "timestamp", 401)
            need(headers["webhook-id"] == headers["Idempotency-Key"], "id", 401)
        return 200, None


class Elasticsearch(StandIn):
    """_bulk into data streams (elastic.co/docs/api, "Bulk index or delete documents"; "Use a data stream")."""

    def __init__(self, directory, certificates, api_key="", **more):
        self.authorization = "ApiKey " + api_key
        self.documents = {}
        self.busy = {}      # id: how many times 429 yet
        self.refuse = None  # documents with this text do not fit the mapping
        self.streams = {"logs-tripline.alerts-default"}
        super().__init__(directory, certificates, **more)

    def post(self, path, headers, body):
        url = urllib.parse.urlsplit(path)
        need(url.path == "/_bulk", f"no such API: {url.path}", 405)
        if headers.get("Authorization") != self.authorization:
            return 401, {"error": {"type": "security_exception"}, "status": 401}
        need(headers["Content-Type"] == "application/x-ndjson", "Content-Type", 406)
        need(body.endswith(b"\n"), "The bulk request must be terminated by a newline [\\n]")
        lines = body.decode("utf-8").split("\n")[:-1]
        need(lines and len(lines) % 2 == 0, "action and document do not come in pairs")
        items = [self.create(parse(lines[i], "action"), lines[i + 1]) for i in range(0, len(lines), 2)]
        answer = {"took": 1, "errors": any(item["create"]["status"] >= 300 for item in items), "items": items}
        query = urllib.parse.parse_qs(url.query)
        if "filter_path" in query:
            kept = set(query["filter_path"][0].split(","))
            need(kept == {"errors", "items.*.status", "items.*.failure_store", "items.*.error.type", "items.*.error.reason"},
                 "filter_path")
            for item in items:
                item["create"].pop("_index"), item["create"].pop("_id")
            answer.pop("took")
        return 200, answer

    def create(self, action, source):
        need(list(action) == ["create"], "only write ops with an op_type of create are allowed in data streams")
        need(set(action["create"]) == {"_index", "_id"}, "unknown field in the action")
        index, name = action["create"]["_index"], action["create"]["_id"]
        need(0 < len(name.encode()) <= 512, "id is too long, must be no longer than 512 bytes")

        def item(status, kind=None, reason=None):
            result = {"_index": index, "_id": name, "status": status}
            if kind:
                result["error"] = {"type": kind, "reason": reason}
            return {"create": result}
        if index not in self.streams:
            return item(404, "index_not_found_exception", f"no such index [{index}]")
        document = parse(source, "document")
        need(isinstance(document, dict), "a document is an object")
        if "@timestamp" not in document:
            return item(400, "document_parsing_exception", "data stream timestamp field [@timestamp] is missing")
        if self.refuse and self.refuse in source:
            return item(400, "document_parsing_exception", "failed to parse field [process.pid] of type [long]")
        if self.busy.get(name, 0) > 0:
            self.busy[name] -= 1
            return item(429, "es_rejected_execution_exception", "rejected execution of coordinating operation")
        if name in self.documents:
            return item(409, "version_conflict_engine_exception", "version conflict, document already exists")
        self.documents[name] = document
        return item(201)


class SplunkHec(StandIn):
    """HTTP Event Collector with indexer acknowledgement (help.splunk.com, "HTTP Event Collector REST API endpoints",
    "Format events for HTTP Event Collector", "About HTTP Event Collector Indexer Acknowledgment")."""

    NAMES = {"time", "host", "source", "sourcetype", "index", "event", "fields"}
    UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")

    def __init__(self, directory, certificates, token="", ack=True, polls=2, **more):
        self.token, self.ack, self.polls = token, ack, polls
        self.indexed = []     # events that are safe
        self.pending = {}     # (channel, ackId): [polls left, events]
        self.next_ack = {}
        self.lost = 0         # batches that the indexer loses, and so never acknowledges
        self.refuse = None
        super().__init__(directory, certificates, **more)

    def post(self, path, headers, body):
        url = urllib.parse.urlsplit(path)
        if headers.get("Authorization") is None:
            return 401, {"text": "Token is required", "code": 2}
        if headers["Authorization"] != "Splunk " + self.token:
            return 403, {"text": "Invalid token", "code": 4}
        channel = headers.get("X-Splunk-Request-Channel")
        if self.ack:
            need(channel is not None, "channel", 400, {"text": "Data channel is missing", "code": 10})
            need(self.UUID.match(channel), "channel", 400, {"text": "Invalid data channel", "code": 11})
        if url.path == "/services/collector/ack":
            return self.acknowledge(channel, parse(body, "ack"))
        need(url.path == "/services/collector/event", f"no such endpoint: {url.path}", 404)
        return self.take(channel, body.decode("utf-8"))

    def take(self, channel, text):
        decoder, events, at = json.JSONDecoder(object_pairs_hook=unique), [], 0
        while at < len(text):
            try:
                event, at = decoder.raw_decode(text, at)
            except ValueError as error:
                raise Breach(f"events: {error}", 400, {"text": "Invalid data format", "code": 6}) from error
            while at < len(text) and text[at] in " \r\n\t":
                at += 1
            self.check(event, len(events))
            events.append(event)
        need(events, "no events", 400, {"text": "No data", "code": 5})
        for number, event in enumerate(events):
            if self.refuse and self.refuse in json.dumps(event):
                return 400, {"text": "Invalid data format", "code": 6, "invalid-event-number": number}
        if not self.ack:
            self.indexed += events
            return 200, {"text": "Success", "code": 0}
        number = self.next_ack.get(channel, 0)
        self.next_ack[channel] = number + 1
        polls = self.polls
        if self.lost > 0:
            self.lost, polls = self.lost - 1, None
        self.pending[channel, number] = [polls, events]
        return 200, {"text": "Success", "code": 0, "ackId": number}

    def check(self, event, number):
        wrong = {"text": "Invalid data format", "code": 6, "invalid-event-number": number}
        need(isinstance(event, dict) and set(event) <= self.NAMES, "unknown name in an envelope", 400, wrong)
        need(event.get("event") not in (None, ""), "event", 400, {"text": "Event field is required", "code": 12})
        need(isinstance(event.get("time"), (int, float)), "time is no number", 400, wrong)
        need(all(isinstance(event.get(name, ""), str) for name in ("host", "source", "sourcetype", "index")),
             "metadata that is no text", 400, wrong)
        need(all(isinstance(value, str) for value in event.get("fields", {}).values()), "fields that are not flat",
             400, {"text": "Error in handling indexed fields", "code": 15})

    def acknowledge(self, channel, question):
        need(list(question) == ["acks"] and all(isinstance(n, int) for n in question["acks"]), "acks")
        answer = {}
        for number in question["acks"]:
            entry = self.pending.get((channel, number))
            answer[str(number)] = False
            if entry is not None and entry[0] is not None:
                entry[0] -= 1
                if entry[0] <= 0:  # once said, it is forgotten
                    self.indexed += entry[1]
                    del self.pending[channel, number]
                    answer[str(number)] = True
        return 200, {"acks": answer}


class Otlp(StandIn):
    """OTLP/HTTP logs in JSON (github.com/open-telemetry/opentelemetry-proto v1.11.0, docs/specification.md). MESSAGES:
    the fields of the .proto files that a log can have, in lowerCamelCase: a type, [type] for repeated."""

    MESSAGES = {
        "ExportLogsServiceRequest": {"resourceLogs": ["ResourceLogs"]},
        "ResourceLogs": {"resource": "Resource", "scopeLogs": ["ScopeLogs"], "schemaUrl": "string"},
        "Resource": {"attributes": ["KeyValue"], "droppedAttributesCount": "uint32"},
        "ScopeLogs": {"scope": "InstrumentationScope", "logRecords": ["LogRecord"], "schemaUrl": "string"},
        "InstrumentationScope": {"name": "string", "version": "string", "attributes": ["KeyValue"],
                                 "droppedAttributesCount": "uint32"},
        "LogRecord": {"timeUnixNano": "64", "observedTimeUnixNano": "64", "severityNumber": "severity",
                      "severityText": "string", "body": "AnyValue", "attributes": ["KeyValue"],
                      "droppedAttributesCount": "uint32", "flags": "uint32", "traceId": "string", "spanId": "string",
                      "eventName": "string"},
        "KeyValue": {"key": "string", "value": "AnyValue"},
        "AnyValue": {"stringValue": "string", "boolValue": "bool", "intValue": "64", "doubleValue": "double",
                     "arrayValue": "ArrayValue", "kvlistValue": "KeyValueList", "bytesValue": "string"},
        "ArrayValue": {"values": ["AnyValue"]},
        "KeyValueList": {"values": ["KeyValue"]},
    }

    def __init__(self, directory, certificates, **more):
        self.records, self.resources = [], []
        self.refuse = None
        super().__init__(directory, certificates, **more)

    def check(self, kind, value, where):
        if isinstance(kind, list):
            need(isinstance(value, list), f"{where} is no array")
            for i, inner in enumerate(value):
                self.check(kind[0], inner, f"{where}[{i}]")
            if kind == ["KeyValue"]:
                need(len({inner["key"] for inner in value}) == len(value), f"{where}: keys are not unique")
        elif kind in self.MESSAGES:
            need(isinstance(value, dict), f"{where} is no object")
            need(set(value) <= set(self.MESSAGES[kind]), f"{where}: unknown in {set(value)}")
            need(kind != "AnyValue" or len(value) <= 1, f"{where}: two of a oneof")
            for name, inner in value.items():
                self.check(self.MESSAGES[kind][name], inner, f"{where}.{name}")
        elif kind == "64":
            need(isinstance(value, str) and re.fullmatch(r"-?[0-9]+", value) and abs(int(value)) < 2**64,
                 f"{where}: a 64-bit number is a decimal text")
        else:
            types = {"string": str, "bool": bool, "double": (int, float), "uint32": int, "severity": int}
            need(isinstance(value, types[kind]), f"{where} is no {kind}")
            need(kind != "severity" or 1 <= value <= 24, f"{where}: no such severity")

    def post(self, path, headers, body):
        need(path == "/v1/logs", f"no such path: {path}", 404)
        need(headers["Content-Type"] == "application/json", "Content-Type", 415)
        request = parse(body, "request")
        self.check("ExportLogsServiceRequest", request, "request")
        rejected = 0
        for resource in request["resourceLogs"]:
            self.resources.append(resource["resource"])
            for scope in resource["scopeLogs"]:
                for record in scope["logRecords"]:
                    if self.refuse and self.refuse in json.dumps(record):
                        rejected += 1
                    else:
                        self.records.append(record)
        if rejected:
            return 200, {"partialSuccess": {"rejectedLogRecords": str(rejected), "errorMessage": "not these"}}
        return 200, {}


def plain(value):
    """An AnyValue as what it stands for."""
    if not value:
        return None
    (kind, inner), = value.items()
    if kind == "arrayValue":
        return [plain(v) for v in inner["values"]]
    if kind == "kvlistValue":
        return {v["key"]: plain(v["value"]) for v in inner["values"]}
    return int(inner) if kind == "intValue" else inner


def unpad(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Azure(StandIn):
    """Both ends of the Logs Ingestion API: Microsoft Entra's token endpoint and the data collection endpoint
    (learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview; entra/identity-platform/
    v2-oauth2-client-creds-grant-flow, certificate-credentials)."""

    RESERVED = {"Type", "Title", "TenantId", "id", "UniqueId", "_ResourceId"}
    TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z\Z")

    def __init__(self, directory, certificates, tenant="", client_id="", secret=None, certificate=None, life_s=3600,
                 rule_id="", stream="", **more):
        self.tenant, self.client_id, self.secret, self.certificate = tenant, client_id, secret, certificate
        self.life_s, self.rule_id, self.stream = life_s, rule_id, stream
        self.tokens, self.assertions, self.rows = [], set(), []
        super().__init__(directory, certificates, **more)

    def post(self, path, headers, body):
        if path == f"/{self.tenant}/oauth2/v2.0/token":
            return self.token(headers, body)
        return self.ingest(urllib.parse.urlsplit(path), headers, body)

    def token(self, headers, body):
        need(headers["Content-Type"] == "application/x-www-form-urlencoded", "Content-Type of the token's request")
        form = {name: values for name, values in urllib.parse.parse_qs(body.decode(), strict_parsing=True).items()}
        need(all(len(values) == 1 for values in form.values()), "a field twice")
        form = {name: values[0] for name, values in form.items()}
        need(form.pop("grant_type") == "client_credentials", "grant_type")
        need(form.pop("scope") == "https://monitor.azure.com/.default", "scope")
        wrong = 401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}
        if form.pop("client_id") != self.client_id:
            return wrong
        if self.secret is not None:
            need(list(form) == ["client_secret"], f"fields: {list(form)}")
            if form["client_secret"] != self.secret:
                return wrong
        else:
            need(set(form) == {"client_assertion_type", "client_assertion"}, f"fields: {list(form)}")
            need(form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "type")
            if not self.is_good(form["client_assertion"]):
                return wrong
        token = f"token-{len(self.tokens)}"
        self.tokens.append((token, time.monotonic() + self.life_s))
        return 200, {"token_type": "Bearer", "expires_in": self.life_s, "ext_expires_in": self.life_s,
                     "access_token": token}

    def is_good(self, assertion):
        """The JWT, verified with the certificate by openssl."""
        head, claims, signature = assertion.split(".")
        header, payload = json.loads(unpad(head)), json.loads(unpad(claims))
        der = ssl.PEM_cert_to_DER_cert(Path(self.certificate).read_text())
        need(header == {"alg": "PS256", "typ": "JWT",
                        "x5t#S256": base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")},
             f"the assertion's header: {header}")
        need(payload["aud"] == f"https://localhost:{self.port}/{self.tenant}/oauth2/v2.0/token", "aud")
        need(payload["iss"] == payload["sub"] == self.client_id, "iss and sub")
        need(payload["jti"] not in self.assertions, "jti is used again")
        self.assertions.add(payload["jti"])
        now = datetime.datetime.now().timestamp()
        need(payload["nbf"] <= now + 1 and now < payload["exp"] <= now + 3600, "nbf and exp")
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / name for name in ("key", "signature", "text")]
            files[0].write_bytes(subprocess.run(["openssl", "x509", "-in", self.certificate, "-noout", "-pubkey"],
                                                check=True, capture_output=True).stdout)
            files[1].write_bytes(unpad(signature))
            files[2].write_text(f"{head}.{claims}")
            done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", files[0], "-sigopt",
                                   "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest", "-signature", files[1],
                                   files[2]], capture_output=True, check=False)
        return done.returncode == 0

    def ingest(self, url, headers, body):
        need(url.path == f"/dataCollectionRules/{self.rule_id}/streams/{self.stream}", f"no such stream: {url.path}", 404)
        need(url.query == "api-version=2023-01-01", "api-version")
        good = {f"Bearer {token}" for token, until in self.tokens if time.monotonic() < until}
        if headers.get("Authorization") not in good:
            return 401, {"error": {"code": "InvalidToken"}}
        need(headers["Content-Type"] == "application/json", "Content-Type", 415)
        if len(body) > 1048576 or int(headers["Content-Length"]) > 1048576:
            raise Breach("longer than 1 MB", 413)
        rows = parse(body, "rows")
        need(isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows), "an array of objects")
        for row in rows:
            need(not self.RESERVED & set(row), f"reserved columns: {self.RESERVED & set(row)}")
            need("TimeGenerated" not in row or self.TIME.match(row["TimeGenerated"]), "TimeGenerated")
        self.rows += rows
        return 204, None
