"""Servers that central collectors run, started on loopback with data directories of their own: real ones from Debian's
packages, and stand-ins of ours that keep to the published contract (standin_*.py)."""
import base64
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import world


class Missing(Exception):
    """A package is not there."""


def program(name, package):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise Missing(f"{name} is not there: apt-get install {package}")
    return path


def get(url, ca, data=None, user=None, timeout=15):
    """The body of the answer to a GET, or a POST of data; user: (name, password)."""
    request = urllib.request.Request(url, data=data)
    if user:
        request.add_header("Authorization", "Basic " + base64.b64encode(":".join(user).encode()).decode())
    context = ssl.create_default_context(cafile=str(ca))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                         urllib.request.HTTPSHandler(context=context))
    with opener.open(request, timeout=timeout) as answer:
        return answer.read().decode()


class Process:
    """A server in a directory of its own, ended by its pid."""

    def __init__(self, directory, command):
        self.path = Path(directory)
        self.log = open(self.path / "server.log", "ab")
        self.process = subprocess.Popen(command, cwd=self.path, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log)

    def wait_for(self, probe, what):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"{what} ended: " + (self.path / "server.log").read_text(errors="replace"))
            try:
                return probe()
            except (urllib.error.URLError, OSError):
                return False
        world.wait_for(ready, 30, what)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


class ClickHouse(Process):
    """Debian's clickhouse-server with TLS, and a user "tripline" with a password."""

    def __init__(self, directory, certificates, password):
        server = program("clickhouse-server", "clickhouse-server")
        self.path = Path(directory)
        self.path.mkdir(parents=True)
        self.ca, self.user, self.port = certificates / "ca.pem", ("tripline", password), world.free_port()
        (self.path / "config.xml").write_text(
            "<yandex><logger><level>warning</level><log>log</log><errorlog>errors</errorlog></logger>"
            f"<https_port>{self.port}</https_port><tcp_port>{world.free_port()}</tcp_port>"
            "<listen_host>127.0.0.1</listen_host><openSSL><server>"
            f"<certificateFile>{certificates}/server.pem</certificateFile>"
            f"<privateKeyFile>{certificates}/server.key</privateKeyFile><verificationMode>none</verificationMode>"
            "<loadDefaultCAFile>false</loadDefaultCAFile></server></openSSL>"
            f"<path>{self.path}/data/</path><tmp_path>{self.path}/tmp/</tmp_path>"
            "<users_config>users.xml</users_config><default_profile>default</default_profile>"
            "<default_database>default</default_database><mark_cache_size>67108864</mark_cache_size>"
            "<timezone>UTC</timezone></yandex>")
        (self.path / "users.xml").write_text(
            "<yandex><profiles><default/></profiles><quotas><default/></quotas><users><tripline>"
            f"<password>{password}</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile>"
            "<quota>default</quota></tripline></users></yandex>")
        super().__init__(directory, [server, "--config-file=config.xml"])
        self.wait_for(lambda: self.sql("SELECT 1") == "1\n", "clickhouse-server")

    def sql(self, query):
        """Runs query over HTTPS."""
        return get(f"https://localhost:{self.port}/", self.ca, data=query.encode(), user=self.user)

    def rows(self, query):
        return json.loads(self.sql(query + " FORMAT JSON"))["data"]


class Alertmanager(Process):
    """Debian's prometheus-alertmanager with these web and routing configs (texts)."""

    def __init__(self, directory, certificates, web, routes, user):
        server = program("prometheus-alertmanager", "prometheus-alertmanager")
        self.path = Path(directory)
        self.path.mkdir(parents=True)
        self.ca, self.user, self.port = certificates / "ca.pem", user, world.free_port()
        for name in ("server.pem", "server.key"):
            (self.path / name).write_bytes((certificates / name).read_bytes())
        (self.path / "web.yml").write_text(web)
        (self.path / "alertmanager.yml").write_text(routes)
        super().__init__(directory, [
            server, "--config.file=alertmanager.yml", "--web.config.file=web.yml", "--storage.path=data",
            "--cluster.listen-address=", f"--web.listen-address=127.0.0.1:{self.port}"])
        self.wait_for(lambda: self.get("/-/ready") is not None, "prometheus-alertmanager")

    def get(self, path, data=None):
        request = urllib.request.Request(f"https://localhost:{self.port}{path}", data=data)
        request.add_header("Authorization", "Basic " + base64.b64encode(":".join(self.user).encode()).decode())
        if data is not None:
            request.add_header("Content-Type", "application/json")
        context = ssl.create_default_context(cafile=str(self.ca))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                             urllib.request.HTTPSHandler(context=context))
        with opener.open(request, timeout=15) as answer:
            return answer.read().decode()

    def alerts(self, **filters):
        query = "&".join("filter=" + urllib.parse.quote(f'{name}="{value}"') for name, value in filters.items())
        return json.loads(self.get("/api/v2/alerts?" + query))


class Nginx(Process):
    """Debian's nginx as the TLS end with client certificates, in front of a server of ours on plain HTTP."""

    def __init__(self, directory, certificates, behind):
        server = program("nginx", "nginx-light")
        self.path = Path(directory)
        self.path.mkdir(parents=True)
        self.port, ca = world.free_port(), certificates / "ca.pem"
        (self.path / "nginx.conf").write_text(
            "daemon off; master_process off; error_log errors; pid pid;\nevents {}\nhttp {\n"
            "  access_log off; client_max_body_size 32m;\n"
            + "".join(f"  {kind}_temp_path {self.path}/{kind};\n"
                      for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) +
            f"  server {{ listen 127.0.0.1:{self.port} ssl; server_name localhost;\n"
            f"    ssl_certificate {certificates}/server.pem; ssl_certificate_key {certificates}/server.key;\n"
            f"    ssl_client_certificate {ca}; ssl_verify_client on;\n"
            f"    location / {{ proxy_pass http://127.0.0.1:{behind}; proxy_set_header X-Client $ssl_client_s_dn; }} }}\n"
            "}\n")
        super().__init__(directory, [server, "-p", str(self.path), "-c", str(self.path / "nginx.conf"), "-e", "errors"])
        def listens():
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        self.wait_for(listens, "nginx")


def npm_reader(folder, package, version, script):
    """An npm package, installed once into folder: the command of script, which is to read with it."""
    node, npm = program("node", "nodejs"), program("npm", "npm")
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "node_modules" / package / "package.json").is_file():
        done = subprocess.run([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder),
                               f"{package}@{version}"],
                              capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=300)
        if done.returncode != 0:
            raise Missing(f"the npm package {package} can't be had: " + done.stderr.decode(errors="replace")[-200:])
    return [node, str(Path(__file__).resolve().parent / script), str(folder / "node_modules" / package)]


def cloudevents_reader(folder):
    """A command that reads a request and prints its CloudEvents."""
    return npm_reader(folder, "cloudevents", "10.0.0", "read_cloudevents.js")


def otlp_reader(folder):
    """A command that reads an OTLP request by the published .proto files and prints what it understood."""
    return npm_reader(folder, "@opentelemetry/otlp-transformer", "0.203.0", "read_otlp.js")
