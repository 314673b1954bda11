"""A receiver of spans (OTLP over HTTP) for tests, and the official schema to check them
with: the package opentelemetry-proto of PyPI, in a Python environment of its own that is
made on first use from requirements.txt (pinned, with hashes) in the build folder."""
import base64
import fcntl
import http.server
import json
import pathlib
import shutil
import subprocess
import sys
import threading

from stack import BUILD, free_port

REQUIREMENTS = pathlib.Path(__file__).with_name("requirements.txt")


class Receiver:
    """Takes what it is sent. bodies: as they came; heads: their headers."""

    def __init__(self):
        self.bodies, self.heads = [], []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.heads.append((self.path, dict(self.headers)))
                receiver.bodies.append(body.decode())
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.port = free_port()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def spans(self, trace_id=None):
        """{name: span} of a trace, of all without one: OTLP's members, attributes as a
        plain dict, with those of the resource under "resource"."""
        found = {}
        for body in list(self.bodies):
            for group in json.loads(body)["resourceSpans"]:
                resource = _plain(group["resource"]["attributes"])
                for span in (s for scope in group["scopeSpans"] for s in scope["spans"]):
                    if trace_id in (None, span["traceId"]):
                        found[span["name"]] = span | {
                            "attributes": _plain(span["attributes"]), "resource": resource}
        return found


def _plain(attributes):
    return {a["key"]: int(a["value"]["intValue"]) if "intValue" in a["value"]
            else a["value"]["stringValue"] for a in attributes}


def _install():
    folder = BUILD / "otlp"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark, venv = folder / "installed", folder / "venv"
        if not mark.exists() or mark.read_text() != REQUIREMENTS.read_text():
            mark.unlink(missing_ok=True)
            shutil.rmtree(venv, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            subprocess.run([venv / "bin/pip", "install", "-q", "--disable-pip-version-check",
                            "--require-hashes", "-r", REQUIREMENTS], check=True)
            mark.write_text(REQUIREMENTS.read_text())
    return str(next(venv.glob("lib/python3*/site-packages")))


def _with_bytes(node):
    """OTLP writes ids in hex, where protobuf's own JSON has base64."""
    if isinstance(node, list):
        return [_with_bytes(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {key: base64.b64encode(bytes.fromhex(value)).decode()
            if key in ("traceId", "spanId", "parentSpanId") else _with_bytes(value)
            for key, value in node.items()}


def read_by_schema(body):
    """An ExportTraceServiceRequest; raises when the body is none, or has members that the
    schema does not know."""
    path = _install()
    if path not in sys.path:
        sys.path.insert(0, path)
    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import \
        ExportTraceServiceRequest
    return json_format.ParseDict(_with_bytes(json.loads(body)), ExportTraceServiceRequest())
