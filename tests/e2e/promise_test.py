"""The promise: every request answered 202 ends COMPLETED, in one row, whatever dies."""
import signal
import time
import unittest

from stack import Stack, accepted, wait_for


class Promise(unittest.TestCase):
    def load_with_fault(self, stack, fault, seconds):
        """Load with a fault in its middle; the load's report and the accepted ids."""
        ledger = stack.folder / "ledger"
        load = stack.load("--seconds", str(seconds), ledger=ledger)
        wait_for("load is under way", 60,
                 lambda: int(stack.sql("select count(*) from predictions")) > 500)
        fault()
        return stack.load_report(load), accepted(ledger)

    def refused(self, stack):
        """POST /predict is answered at once; true when it is refused properly."""
        began = time.monotonic()
        status, answer, headers = stack.post("/predict", {"history": [10]})
        self.assertLess(time.monotonic() - began, 5)
        self.assertIn(status, (202, 503), answer)
        return status == 503 and "Retry-After" in headers

    def check_all_completed(self, stack, ids, seconds):
        self.assertGreater(len(ids), 500)
        self.assertEqual(len(ids), len(set(ids)))
        wait_for("all accepted requests are COMPLETED", seconds,
                 lambda: stack.unfinished(ids) == 0)
        self.assertEqual(stack.sql(
            "select count(*) from predictions where status = 'COMPLETED' and (model_version "
            "is null or jsonb_array_length(result_json->'item_ids') <> 10)"), "0")

    def test_kill_9_of_the_server(self):
        with Stack() as stack:
            stack.serve()

            def kill_and_restart():
                stack.stop_server(signal.SIGKILL)
                stack.serve()

            report, ids = self.load_with_fault(stack, kill_and_restart, seconds=6)
            self.check_all_completed(stack, ids, 60)
            self.assertGreater(report["broken"], 0)  # the kill was felt

    def test_database_stopped_and_killed_under_load(self):
        with Stack() as stack:
            stack.serve()

            def outages():
                for how in signal.SIGINT, signal.SIGQUIT, signal.SIGKILL:
                    stack.stop_postgres(how)
                    # After kill -9 of the postmaster its backends serve a little longer.
                    wait_for("refused", 10, lambda: self.refused(stack))
                    wait_for("unready", 10, lambda: stack.status("/readyz") == 503)
                    self.assertEqual(stack.status("/livez"), 200)
                    stack.start_postgres()
                    wait_for("ready again", 10, lambda: stack.status("/readyz") == 200)

            report, ids = self.load_with_fault(stack, outages, seconds=12)
            self.assertGreater(report["status"].get("503", 0), 0)
            self.check_all_completed(stack, ids, 60)

    def test_starts_without_database_and_model_and_joins_when_they_appear(self):
        with Stack(trained=False) as stack:
            stack.stop_postgres()
            stack.serve(ready=False)
            self.assertEqual(stack.status("/readyz"), 503)
            stack.start_postgres()
            for check in "postgres", "keys":
                wait_for(f"{check} is seen", 20, lambda: f"[+]{check} ok" in stack.get(
                    "/readyz?verbose")[1].decode())
            status, problem, _ = stack.post("/recommend", {"history": [10]})
            self.assertEqual(status, 503)
            self.assertIn("sasrec train", problem["detail"])
            stack.sasrec("seed")
            stack.sasrec("train", "--out", str(stack.folder / "checkpoints"))
            wait_for("ready", 20, lambda: stack.status("/readyz") == 200)


if __name__ == "__main__":
    unittest.main()
