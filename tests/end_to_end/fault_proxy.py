"""A network that goes wrong on demand: a proxy on loopback between the agent and a collector. Each fault holds for a number
of connections, and then all goes through. Also run by hand:

    fault_proxy.py FAULT[:VALUE] TARGET_PORT [CONNECTIONS]     prints its own port
"""
import socket
import struct
import sys
import threading
import time


def pump(source, target, limit=None, delay=0.0, chunk=65536):
    """Copies until the end or limit bytes; the end is passed on. Returns bytes copied."""
    copied = 0
    try:
        while limit is None or copied < limit:
            piece = source.recv(chunk if limit is None else min(chunk, limit - copied))
            if not piece:
                break
            if delay:
                time.sleep(delay)
            target.sendall(piece)
            copied += len(piece)
        if limit is None:
            target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one side broke off, which is what this is about
    return copied


def reset(connection):
    """Closes with RST."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    connection.close()


class FaultProxy:
    """fault: one of the methods fault_...; value: its number; count: connections that it holds for."""

    def __init__(self, fault, target, value=0, count=1):
        self.target, self.value, self.left = target, value, count
        self.fault = getattr(self, "fault_" + fault)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.connections, self.lock = 0, threading.Lock()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                faulty, self.left = self.left > 0, max(0, self.left - 1)
            threading.Thread(target=self.one, args=(client, faulty), daemon=True).start()

    def one(self, client, faulty):
        client.settimeout(60)
        try:
            if faulty:
                self.fault(client)
            else:
                self.through(client)
        except OSError:
            pass  # as in pump()
        finally:
            client.close()

    def connect(self):
        server = socket.create_connection(("127.0.0.1", self.target), timeout=60)
        server.settimeout(60)
        return server

    def through(self, client, up=None, down=None, delay=0.0, chunk=65536):
        """Both ways; up, down: most bytes to the server and to the client, whereupon both are cut."""
        with self.connect() as server:
            def back():
                pump(server, client, down, delay, chunk)
                if down is not None:
                    reset(client)
            thread = threading.Thread(target=back, daemon=True)
            thread.start()
            pump(client, server, up, delay, chunk)
            if up is not None:
                reset(client)
            thread.join(60)

    def fault_refuse(self, client):
        reset(client)

    def fault_stall(self, client):
        while client.recv(65536):  # reads, and never says a word
            pass

    def fault_deaf(self, client):
        time.sleep(self.value)  # does not even read

    def fault_cut_up(self, client):
        self.through(client, up=self.value)

    def fault_cut_down(self, client):
        self.through(client, down=self.value)

    def fault_drip(self, client):
        self.through(client, delay=0.05, chunk=16)

    def fault_garbage(self, client):
        client.recv(65536)
        client.sendall(bytes(range(256)) * 20)

    def fault_http(self, client):
        client.recv(65536)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def fault_tls_alert(self, client):
        client.recv(65536)
        client.sendall(bytes((21, 3, 3, 0, 2, 2, 80)))  # fatal: internal error (RFC 8446 section 6)

    def fault_half_close(self, client):
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass


if __name__ == "__main__":
    name, _, number = sys.argv[1].partition(":")
    proxy = FaultProxy(name, int(sys.argv[2]), int(number or 0), int(sys.argv[3]) if len(sys.argv) > 3 else 1 << 30)
    print(proxy.port, flush=True)
    threading.Event().wait()
