"""A mailer and a webhook on this machine, which keep what they are given."""

import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar


class Mailbox(socketserver.ThreadingTCPServer):
    """A mailer that speaks as much SMTP as a client needs; it refuses ``refused@``."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.messages: list[bytes] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 peer\r\n")
        while line := self.rfile.readline():
            word = line.split(b" ")[0].strip().upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (line := self.rfile.readline()) not in {b".\r\n", b""}:
                    lines.append(line)
                self.server.messages.append(b"".join(lines))  # type: ignore[attr-defined]
            if word == b"RCPT" and b"refused@" in line:
                self.wfile.write(b"550 nobody here\r\n")
                continue
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")


class Hook(http.server.ThreadingHTTPServer):
    """A webhook that answers with ``status``."""

    def __init__(self, status: int = 204) -> None:
        super().__init__(("127.0.0.1", 0), _Post)
        self.status = status
        self.taken: list[Any] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/in"


Peer = TypeVar("Peer", Mailbox, Hook)


class _Post(http.server.BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        self.server.taken.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def run(peer: Peer) -> Iterator[Peer]:
    """Serve until the block ends."""
    thread = threading.Thread(target=peer.serve_forever, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        peer.shutdown()
        peer.server_close()
        thread.join(5)
