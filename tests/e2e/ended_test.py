"""Who waits hears when a request ends, whoever ends it: another process, a stranger, the
clock; and hears that the process stops."""
import http.client
import json
import signal
import subprocess
import threading
import time
import unittest
import uuid

from stack import BUILD, Stack, free_port, wait_for

RESULT = {"item_ids": [7], "scores": [1.5]}


class Ended(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Stack(trained=False))
        cls.stack.serve(ready=False)

    def row(self, deadline="1 hour"):
        """A PENDING row that nobody works on."""
        request_id = str(uuid.uuid4())
        self.stack.sql(
            "insert into predictions (request_id, user_id, status, request_json, deadline,"
            " dispatched_at, next_attempt_at) values"
            f" ('{request_id}', 'a', 'PENDING',"
            f" '{{\"request_id\":\"{request_id}\",\"history\":[1]}}',"
            f" now() + interval '{deadline}', now(), now() + interval '1 hour')")
        return request_id

    def complete(self, request_id):
        self.stack.sql(f"update predictions set status = 'COMPLETED', result_json ="
                       f" '{json.dumps(RESULT)}' where request_id = '{request_id}'")

    def open_stream(self, request_id):
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.port, timeout=40)
        self.addCleanup(connection.close)
        connection.request("GET", f"/events?request_id={request_id}")
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.readline(), b"retry: 2000\n")
        return answer

    @staticmethod
    def events(answer):
        """(event, data) until the stream ends."""
        found, name = [], None
        for line in answer.read().decode().splitlines():
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                found.append((name, json.loads(line[6:])))
        return found

    def in_background(self, path, headers, port=None):
        said = []
        thread = threading.Thread(target=lambda: said.append(
            self.stack.get(path, headers, port=port)))
        thread.start()
        time.sleep(0.3)  # it waits by now; when not, it finds the row as it is
        return thread, said

    def test_a_stranger_who_writes_the_row_wakes_who_waits(self):
        request_id = self.row()
        for spelt in request_id, request_id.upper():
            stream = self.open_stream(spelt)
            thread, said = self.in_background(f"/result/{spelt}", {"Prefer": "wait=25"})
            if spelt == request_id:
                started = time.monotonic()
                self.complete(request_id)
            thread.join(30)
            self.assertLess(time.monotonic() - started, 20)
            self.assertEqual(said[0][1]["status"], "COMPLETED")
            (result, data), (ended, end) = self.events(stream)
            self.assertEqual((result, ended), ("result", "ended"))
            self.assertEqual(data["result"], RESULT)
            self.assertEqual(end, {"request_id": spelt, "status": "COMPLETED"})

    def test_what_expires_ends_its_stream(self):
        stream = self.open_stream(self.row("1 second"))
        (_, data), (_, end) = self.events(stream)
        self.assertIsNone(data["result"])
        self.assertEqual(data["error"], "not answered before its deadline")
        self.assertEqual(end["status"], "EXPIRED")

    def test_what_is_not_there_is_404(self):
        for request_id in str(uuid.uuid4()), "no-uuid":
            self.assertEqual(self.stack.status(f"/events?request_id={request_id}"), 404)

    def test_a_row_that_goes_away_ends_its_stream(self):
        request_id = self.row()
        stream = self.open_stream(request_id)
        self.stack.sql(f"delete from predictions where request_id = '{request_id}'")
        self.assertEqual(self.events(stream),
                         [("ended", {"request_id": request_id, "status": None})])

    def test_a_stream_opened_while_the_database_is_away_looks_again(self):
        request_id = self.row()
        self.complete(request_id)
        self.stack.stop_postgres()
        try:
            stream = self.open_stream(request_id)
        finally:
            self.stack.start_postgres()
        self.assertEqual([name for name, _ in self.events(stream)], ["result", "ended"])

    def test_two_processes_on_one_database(self):
        """Each job is waited for at the process that did not accept it, too."""
        port, folder = free_port(), self.stack.folder / "second"
        folder.mkdir()
        other = subprocess.Popen(
            [BUILD / "sasrec", "serve", "--role", "all", "--http-port", str(port),
             "--ui-port", "0", "--admin-port", "0"],
            env=self.stack.env, cwd=folder, stderr=subprocess.DEVNULL)
        self.addCleanup(other.wait, 60)
        self.addCleanup(other.send_signal, signal.SIGTERM)
        wait_for("/livez", 60, lambda: _alive(self.stack, port))
        request_id = self.row("2 seconds")
        waits = [self.in_background(f"/result/{request_id}", {"Prefer": "wait=25"}, at)
                 for at in (self.stack.port, port)]
        for thread, said in waits:
            thread.join(30)
            self.assertEqual(said[0][1]["status"], "EXPIRED")

    def test_who_waits_hears_that_the_process_stops(self):
        request_id = self.row()
        stream = self.open_stream(request_id)
        thread, said = self.in_background(f"/result/{request_id}", {"Prefer": "wait=25"})
        started = time.monotonic()
        self.assertEqual(self.stack.stop_server(), 0)
        self.assertLess(time.monotonic() - started, 15)
        thread.join(30)
        self.assertEqual(said[0][0], 503, said)
        self.assertEqual(self.events(stream), [])
        self.stack.serve(ready=False)

    def test_a_stream_has_a_longest_life(self):
        self.stack.stop_server()
        self.stack.serve(ready=False, SASREC_SSE_LIFE_S="2", SASREC_SSE_ADDRESS_LIMIT="1")
        started = time.monotonic()
        stream = self.open_stream(self.row())
        self.assertEqual(self.stack.status("/events"), 429)
        self.assertEqual(self.events(stream), [])
        self.assertTrue(1.5 < time.monotonic() - started < 10)
        self.stack.stop_server()
        self.stack.serve(ready=False)


def _alive(stack, port):
    try:
        return stack.get("/livez", port=port, timeout=5)[0] == 200
    except OSError:
        return False


if __name__ == "__main__":
    unittest.main()
