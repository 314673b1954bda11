"""The oracle must notice: each test spoils one thing in a run where all went well."""
import random
import unittest

import ledger_check
from ledger_check import Row, Sent, Version

HISTORY = [10, 20]
RESULT = {"item_ids": [1, 2, 3], "scores": [3.0, 2.0, 1.0]}


def sent(number, **changes):
    return Sent(202, f"id-{number}", 900, 800, 1000 + number, "user_1", 3,
                HISTORY)._replace(**changes)


def row(number, **changes):
    return Row(f"id-{number}", "user_1", "COMPLETED", {"history": HISTORY, "k": 3},
               {k: list(v) for k, v in RESULT.items()}, "v1", "", 1, 1000 + number,
               1001 + number)._replace(**changes)


class LedgerCheck(unittest.TestCase):
    def setUp(self):
        self.ledger = [sent(i) for i in range(5)]
        self.rows = {f"id-{i}": [row(i)] for i in range(5)}
        self.audit = [(f"id-{i}", "PENDING", "COMPLETED") for i in range(5)]
        self.versions = [Version("v1", 0, 0)]
        self.truth = RESULT

    def found(self):
        """{check: count} of what is wrong."""
        report = ledger_check.check(
            self.ledger, self.rows, self.audit, self.versions, random.Random(1),
            lambda r: ledger_check.differs(r, self.truth))
        self.assertEqual(report.ok(), not any(n for n, _ in report.wrong.values()))
        return {name: count for name, (count, _) in report.wrong.items() if count}

    def spoil(self, **changes):
        self.rows["id-2"] = [self.rows["id-2"][0]._replace(**changes)]

    def test_a_good_run_is_good(self):
        self.assertEqual(self.found(), {})

    def test_refused_and_broken_requests_need_no_row(self):
        self.ledger += [sent(9, status=503, id="-"), sent(9, status=0, id="-")]
        self.assertEqual(self.found(), {})

    def test_a_202_without_a_row_is_lost(self):
        del self.rows["id-2"]
        self.assertEqual(self.found(), {"lost": 1})

    def test_a_pending_row_is_stuck(self):
        self.spoil(status="PENDING", result=None)
        self.assertEqual(self.found(), {"stuck": 1})

    def test_an_id_given_twice_is_a_duplicate(self):
        self.ledger.append(sent(2))
        self.assertEqual(self.found(), {"duplicate": 1})

    def test_two_rows_are_a_duplicate(self):
        self.rows["id-2"].append(row(2))
        self.assertEqual(self.found(), {"duplicate": 1})

    def test_another_input_is_noticed(self):
        for changes in {"user": "user_2"}, {"request": {"history": [10], "k": 3}}:
            self.setUp()
            self.spoil(**changes)
            self.assertEqual(self.found(), {"wrong input": 1})

    def test_a_missing_version_is_noticed(self):
        self.spoil(version="")
        self.assertEqual(self.found(), {"missing model version": 1, "wrong version": 1})

    def test_an_unknown_version_is_noticed(self):
        self.spoil(version="v9")
        self.assertEqual(self.found(), {"wrong version": 1})

    def test_a_version_must_have_been_in_use(self):
        self.versions.append(Version("v2", 500, 600))  # before every request
        self.assertEqual(self.found(), {"wrong version": 5})
        self.versions[-1] = Version("v2", 2000, 2100)  # after every request
        self.assertEqual(self.found(), {})
        self.spoil(version="v2")
        self.assertEqual(self.found(), {"wrong version": 1})

    def test_during_a_change_both_versions_are_right(self):
        self.versions.append(Version("v2", 1000, 1100))
        self.spoil(version="v2")
        self.assertEqual(self.found(), {})

    def test_a_version_published_again_is_right_again(self):
        self.versions += [Version("v2", 500, 600), Version("v1", 700, 800)]
        self.assertEqual(self.found(), {})

    def test_malformed_results_are_wrong(self):
        for bad in ({"item_ids": [1, 2], "scores": [3.0, 2.0]},
                    {"item_ids": [1, 1, 3], "scores": [3.0, 2.0, 1.0]},
                    {"item_ids": [1, 10, 3], "scores": [3.0, 2.0, 1.0]},
                    {"item_ids": [1, 2, 3], "scores": [1.0, 2.0, 1.0]},
                    {"item_ids": [1, 2, 3], "scores": [float("nan"), 2.0, 1.0]}):
            self.assertIsNotNone(ledger_check.malformed(row(1, result=bad)), bad)

    def test_results_are_compared_with_the_model(self):
        def differs(items, scores):
            return ledger_check.differs(
                row(1, result={"item_ids": items, "scores": scores}), self.truth)

        self.assertIsNone(differs([1, 2, 3], [3.00005, 2.0, 1.0]))
        self.assertIsNotNone(differs([1, 2, 3], [3.001, 2.0, 1.0]))
        self.assertIsNotNone(differs([2, 1, 3], [3.0, 2.0, 1.0]))
        self.assertIsNotNone(differs([7, 2, 3], [3.0, 2.0, 1.0]))
        self.assertIsNone(differs([1, 2, 8], [3.0, 2.0, 1.0]))  # ties with the last
        self.truth = {"item_ids": [2, 1, 3], "scores": [3.0, 2.99999, 1.0]}
        self.assertIsNone(differs([1, 2, 3], [3.0, 3.0, 1.0]))  # a tie, the other way

    def test_a_wrong_answer_of_the_model_is_a_wrong_result(self):
        self.truth = {"item_ids": [4, 5, 6], "scores": [9.0, 8.0, 7.0]}
        self.assertEqual(self.found(), {"wrong result": 5})

    def test_ending_twice_is_noticed(self):
        self.audit.append(("id-2", "PENDING", "FAILED"))
        self.assertEqual(self.found(), {"double terminal transition": 1})

    def test_changing_or_deleting_what_ended_is_noticed(self):
        for became in "PENDING", "COMPLETED", "":
            self.setUp()
            self.audit.append(("id-9", "COMPLETED", became))
            self.assertEqual(self.found(), {"double terminal transition": 1})

    def test_failed_and_expired_rows_are_told(self):
        self.spoil(status="FAILED", result=None, version="", error="why")
        self.assertEqual(self.found(), {"not COMPLETED": 1})


if __name__ == "__main__":
    unittest.main()
