"""Debian's nginx in front of the service, under a path, as docs/edge.md shows it.

    with Nginx([port, ...], "/rec/") as nginx:
        requests to http://127.0.0.1:{nginx.port}/rec/...
"""
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

from stack import ROOT, free_port, wait_for

CONFIG = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    {upstream}
    server {{
        listen 127.0.0.1:{port};
        location = /alive {{ return 200; }}
        {location}
    }}
}}
"""


def documented():
    """(upstream, location): the example of docs/edge.md."""
    text = (ROOT / "docs/edge.md").read_text()
    example = re.search(r"```nginx\n(.*?)```", text, re.S)[1]
    upstream, location = re.fullmatch(r"(upstream .*?\n)(location .*)", example, re.S).groups()
    return upstream, location


class Nginx:
    def __init__(self, backends, prefix="/rec/"):
        self.port, self.prefix = free_port(), prefix
        self.url = f"http://127.0.0.1:{self.port}{prefix}"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sasrec-nginx-"))
        servers = " ".join(f"server 127.0.0.1:{port};" for port in backends)
        upstream, location = documented()
        upstream = re.sub(r"(server \S+; )+", servers + " ", upstream)
        (self.folder / "conf").write_text(CONFIG.format(
            folder=self.folder, port=self.port, upstream=upstream,
            location=location.replace("/rec/", prefix)))

    def __enter__(self):
        nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin")
        assert nginx, "no nginx; ops/setup installs it"
        self.process = subprocess.Popen(
            [nginx, "-e", self.folder / "error.log", "-c", self.folder / "conf",
             "-p", self.folder])
        wait_for("nginx answers", 60, self._answers)
        return self

    def _answers(self):
        assert self.process.poll() is None, (self.folder / "error.log").read_text()
        done = subprocess.run(["curl", "-sf", "--noproxy", "*",
                               f"http://127.0.0.1:{self.port}/alive"])
        return done.returncode == 0

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(15)
        shutil.rmtree(self.folder, ignore_errors=True)
