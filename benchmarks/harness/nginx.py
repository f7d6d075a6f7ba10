"""Starts nginx as a plain reverse proxy (the yardstick) or as a canned answer."""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.harness.subject import CHAT_PATH, Launch, Subject

_CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 100000000;
  tcp_nodelay on;
{http}
}}
"""

_PROXY = """
  upstream model {{ server {address}; keepalive 128; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port};
    client_body_buffer_size 64k;
    location / {{
      proxy_pass http://model;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
    location = /ready {{ return 204; }}
  }}
"""

_CANNED = """
  server {{
    listen 127.0.0.1:{port};
    location / {{ default_type application/json; return 200 '{body}'; }}
  }}
"""


def nginx_proxy() -> Subject:
    """A plain `proxy_pass`: kept-alive connections, one worker, no access log, no buffering."""

    def prepare(folder: Path, port: int, upstream: str) -> Launch:
        http = _PROXY.format(address=urlsplit(upstream).netloc, port=port)
        return _launch(folder, port, http)

    return Subject(name="nginx proxy_pass", prepare=prepare)


def nginx_canned_answer(body: bytes) -> Subject:
    """Answers everything with one body."""

    def prepare(folder: Path, port: int, _upstream: str) -> Launch:
        return _launch(folder, port, _CANNED.format(port=port, body=body.decode()))

    return Subject(name="nginx return 200", prepare=prepare)


def _launch(folder: Path, port: int, http: str) -> Launch:
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(folder=folder, http=http))
    if os.geteuid() == 0:  # the worker drops to another user and needs the folder
        folder.chmod(0o755)
    return Launch(
        command=[shutil.which("nginx") or "nginx", "-c", str(config), "-p", str(folder)],
        chat_url=f"http://127.0.0.1:{port}{CHAT_PATH}",
        ready_url=f"http://127.0.0.1:{port}/ready",
    )
