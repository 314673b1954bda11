"""The page in a real browser (browser.mjs), against the real program, parts of which stop
and start while the page is open."""
import http.server
import os
import pathlib
import subprocess
import threading
import unittest

from stack import BUILD, Stack, wait_for

WALK = pathlib.Path(__file__).with_name("browser.mjs")


class Parts:
    """What the browser's tests may stop and start."""

    def __init__(self, stack):
        self.stack = stack
        self.checkpoints = stack.folder / "checkpoints"
        self.hidden = stack.folder / "checkpoints.hidden"

    def stop_postgres(self):
        self.stack.stop_postgres()

    def start_postgres(self):
        self.stack.start_postgres()

    def stop_server(self):
        self.stack.stop_server()

    def start_server(self):
        self.stack.serve()

    def stop_model(self):
        self.stack.stop_server()
        self.checkpoints.rename(self.hidden)
        self.stack.serve(ready=False)

    def start_model(self):
        for path in self.checkpoints.glob("*"):
            path.unlink()
        if self.checkpoints.exists():
            self.checkpoints.rmdir()
        self.hidden.rename(self.checkpoints)
        wait_for("the model is loaded", 60,
                 lambda: self.stack.post("/models/reload", b"")[0] == 200)

    def stop_users(self):
        self.stack.sql("create table kept as select * from interactions;"
                       "delete from interactions")

    def start_users(self):
        self.stack.sql("insert into interactions overriding system value"
                       " select * from kept")


    def start_keys(self):
        """From now on the server asks for one; what it is."""
        key = self.stack.sasrec("keys", "create", "--name", "page").stdout.strip()
        wait_for("a key is asked for", 60, lambda: self.stack.get("/models")[0] == 401)
        return key

    def stop_keys(self):
        """As if there had never been one."""
        self.stack.sql("delete from api_keys")
        wait_for("no key is asked for", 60, lambda: self.stack.get("/models")[0] == 200)


def control(parts):
    """An HTTP server on a port of its own: POST /server/stop, ... It has one thread for all
    requests: what a thread started ends with that thread (PR_SET_PDEATHSIG)."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            name, action = self.path.strip("/").split("/")
            said = getattr(parts, f"{action}_{name}")() or ""
            self.send_response(200)
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Browser(unittest.TestCase):
    def test_page_is_right_whatever_happens(self):
        folder = BUILD / "e2e"
        with Stack() as stack:
            stack.serve()
            server = control(Parts(stack))
            done = subprocess.run(
                ["node", WALK, "--url", f"http://127.0.0.1:{stack.ui_port}",
                 "--control", f"http://127.0.0.1:{server.server_address[1]}",
                 "--modules", folder, "--screenshots", folder / "screenshots"],
                env=os.environ, timeout=280)
            server.shutdown()
            server.server_close()
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
