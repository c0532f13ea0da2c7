"""Small hand-made dumps: the sound one agrees, and each counter can be other than zero."""

import csv
import io
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import recount

SCRIPT = Path(__file__).with_name("recount.py")


def reference(letter):
    """An order's 26 characters."""
    return letter * recount.REFERENCE_LENGTH


SETTLED, REFUNDED, DECLINED, SUSPENDED = (reference(letter) for letter in "ABCD")


class Case:
    """A dump to be written: one order settled, one refunded, one declined, all in order."""

    def __init__(self):
        self.postings, self.orders, self.telco, self.bank, self.issuer = [], [], [], [], []
        self.taken = {name: [] for name in recount.TAKES}
        self.keys = ["k1", "k2", "k3", "k1"]
        self.faults = {"injected": {"latency/capture": 2}, "calls": 13, "faulted": 2}
        self.report = dict.fromkeys(recount.COMPARED, 0)
        self.report.update(orders=3, settled=1, refunded=1, declined=1, faults_injected={"latency/capture": 2})
        self.fund(1_000_000)
        self.order(SETTLED, "k1", "settled")
        self.act(SETTLED, "ReserveBalance", -10_000)
        self.act(SETTLED, "CaptureBalance", -10_000)
        self.post(SETTLED, "telco:CTCC:reserved", "held:CTCC", 10_000)
        self.post(SETTLED, "held:CTCC", "telco:CTCC:reserved", 10_000)
        self.take(SETTLED, 10_000)
        self.pay(SETTLED, 9_600)
        self.post(SETTLED, "payable:p", "reserve:bank", 9_600, asset="CNY")
        self.order(REFUNDED, "k2", "refunded")
        self.act(REFUNDED, "AdjustBalance", -10_000)
        self.take(REFUNDED, 10_000)
        self.act(REFUNDED, "AdjustBalance", 10_000)
        self.post(REFUNDED, "position:CTCC", "telco:CTCC:taken", 10_000)
        self.order(DECLINED, "k3", "declined")
        self.act(DECLINED, "ReserveBalance", -10_000, "failed")

    def fund(self, amount):
        """Money of nobody's order."""
        self.post("", "reserve:bank", "operator:float", amount, asset="CNY")

    def order(self, name, key, state, product="direct"):
        """An order of 100.00 that pays 96.00."""
        self.orders.append([f"ord_{name}", key, product, state, 10_000, 400, 9_600, "sub_1", "CTCC", ""])

    def act(self, name, kind, amount, status="completed", step="0-1"):
        """A line of the telco's history."""
        self.telco.append([len(self.telco) + 1, f"{name}-{step}", kind, "13300000001", amount, status, 1])

    def pay(self, name, amount, direction="DBIT"):
        """An entry of the bank."""
        self.bank.append([len(self.bank) + 1, f"{name}-2-1", "6222", amount, direction, "BOOK", 1])

    def issue(self, name, amount, kind="issued"):
        """An entry of the issuer."""
        self.issuer.append([len(self.issuer) + 1, f"{name}-2-1", kind, amount])

    def collect(self, name, amount, kind="collected", partner="acquirer"):
        """An entry of the acquirer, or of a programme."""
        lines = self.taken[partner]
        lines.append([len(lines) + 1, f"{name}-0-1", kind, amount])

    def post(self, name, debit, credit, amount, asset="AIR.CTCC", phase="posted"):
        """Both legs of a transfer, in a record of their own."""
        sequence, order = len(self.postings) + 1, name and f"ord_{name}"
        self.postings.append([sequence, order, debit, asset, "debit", phase, amount])
        self.postings.append([sequence, order, credit, asset, "credit", phase, amount])

    def take(self, name, amount):
        """Our booking of airtime taken."""
        self.post(name, "telco:CTCC:taken", "position:CTCC", amount)

    def suspend(self):
        """A fourth order, which waits for a person."""
        self.keys.append("k4")
        self.order(SUSPENDED, "k4", "suspended")
        self.report.update(orders=4, suspended=1)

    def write(self, folder):
        """Writes the dump and returns where the report is."""
        tables = {"postings": self.postings, "orders": self.orders, "bank": self.bank, "issuer": self.issuer}
        tables.update(self.taken)
        for name, lines in tables.items():
            write_table(folder / f"{name}.csv", recount.COLUMNS[name], lines)
        write_table(folder / "keys.csv", recount.COLUMNS["keys"], [[key] for key in self.keys])
        write_table(folder / "telco-CTCC.csv", recount.COLUMNS["telco"], self.telco)
        (folder / "faults.json").write_text(json.dumps(self.faults), encoding="utf-8")
        (folder / "report.json").write_text(json.dumps(self.report), encoding="utf-8")
        return folder / "report.json"


def write_table(path, header, lines):
    """A CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header] + lines)
    path.write_text(text.getvalue(), encoding="utf-8")


class Recount(unittest.TestCase):
    """Each test changes the sound dump in one way."""

    def setUp(self):
        self.case = Case()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_script(self):
        report = self.case.write(self.folder)
        command = [sys.executable, str(SCRIPT), str(self.folder), str(report)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def figures(self):
        self.case.write(self.folder)
        return recount.recount(recount.Dump(self.folder))

    def assert_only(self, **expected):
        """The figures that differ from the sound dump's report, and no others."""
        sound, found = Case().report, self.figures()
        changed = {name: found[name] for name in recount.COMPARED if found[name] != sound[name]}
        self.assertEqual(changed, expected)
        self.assertEqual(self.run_script().returncode, 1)

    def assert_found(self, text):
        ended = self.run_script()
        self.assertEqual(ended.returncode, 1, ended.stderr)
        self.assertIn(text, ended.stdout)

    # The sound dump.

    def test_a_sound_dump_agrees(self):
        ended = self.run_script()
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        self.assertIn("10 figures agree over 3 orders", ended.stdout)

    def test_a_report_that_says_otherwise_is_shown_beside_our_figure(self):
        self.case.report["settled"] = 2
        ended = self.run_script()
        self.assertEqual(ended.returncode, 1)
        self.assertRegex(ended.stdout, r"settled +1 +2\n")

    def test_a_missing_figure_is_a_difference(self):
        del self.case.report["lost_payouts"]
        self.assertRegex(self.run_script().stdout, r"lost_payouts +0 +missing")

    # Each counter.

    def test_orders_are_distinct_keys(self):
        self.case.keys.append("k9")
        self.assert_only(orders=4)
        self.assert_found("key k9 was sent and made no order")

    def test_an_order_that_did_not_end_counts_nowhere(self):
        self.case.orders[2][3] = "executing"
        self.assert_only(declined=0)
        self.assert_found(f"ord_{DECLINED} did not end: it is `executing`")

    def test_taken_twice(self):
        self.case.act(SETTLED, "CaptureBalance", -10_000)
        self.case.take(SETTLED, 10_000)
        self.assert_only(double_deductions=1)

    def test_taken_for_an_order_that_was_refunded(self):
        self.case.telco.pop(-2)
        self.case.postings = self.case.postings[:-2]
        self.assert_only(double_deductions=1)

    def test_settled_and_one_fen_too_few_taken(self):
        self.case.telco[1][4] = -9_999
        self.assert_only(double_deductions=1, two_party_breaks=1)

    def test_what_is_not_completed_moved_nothing(self):
        self.case.act(SETTLED, "CaptureBalance", -10_000, "created")
        self.assertEqual(self.run_script().returncode, 0)

    def test_a_suspended_order_may_have_been_taken_once_and_no_more(self):
        self.case.suspend()
        self.case.act(SUSPENDED, "AdjustBalance", -10_000)
        self.case.take(SUSPENDED, 10_000)
        self.assertEqual(self.run_script().returncode, 0)
        self.case.act(SUSPENDED, "AdjustBalance", -1)
        self.case.take(SUSPENDED, 1)
        self.assertEqual(self.figures()["double_deductions"], 1)

    def test_settled_and_never_paid(self):
        self.case.bank.clear()
        self.assert_only(lost_payouts=1, two_party_breaks=1)

    def test_settled_and_the_money_came_back(self):
        self.case.pay(SETTLED, 9_600, "CRDT")
        self.assert_only(lost_payouts=1, two_party_breaks=1)

    def test_paid_for_an_order_that_was_declined(self):
        self.case.pay(DECLINED, 9_600)
        self.case.post(DECLINED, "claim:BANK", "reserve:bank", 9_600, asset="CNY")
        self.assert_only(lost_payouts=1)

    def voucher(self):
        """The settled order brought a voucher and no money."""
        self.case.orders[0][2] = "voucher"
        self.case.bank.clear()
        self.case.issue(SETTLED, 9_600)
        self.case.post(SETTLED, "reserve:bank", "payable:p", 9_600, asset="CNY")
        self.case.post(SETTLED, "payable:p", "owed:ISSUER:CNY", 9_600, asset="CNY")

    def test_a_voucher_is_the_issuers_to_deliver(self):
        self.voucher()
        self.assertEqual(self.run_script().returncode, 0)

    def test_a_voucher_issued_twice(self):
        self.voucher()
        self.case.issue(SETTLED, 9_600)
        self.assert_only(lost_payouts=1, two_party_breaks=1)

    def test_a_voucher_that_was_cancelled_again(self):
        self.voucher()
        self.case.issue(SETTLED, 9_600, "cancelled")
        self.assert_only(lost_payouts=1, two_party_breaks=1)

    def test_money_beside_a_voucher(self):
        self.voucher()
        self.case.pay(SETTLED, 9_600)
        self.assert_only(lost_payouts=1, two_party_breaks=1)

    def gift(self, receiver="CTCC"):
        """The settled order's airtime goes to somebody else: the fee of 4.00 is taken on top."""
        self.case.orders[0] = [f"ord_{SETTLED}", "k1", "gift", "settled", 10_000, 400, 10_000, "sub_1", "CTCC", receiver]
        own = [line for line in self.case.telco if line[1].startswith(SETTLED)]
        self.case.telco = [line for line in self.case.telco if line not in own]
        self.case.postings = [line for line in self.case.postings if line[1] != f"ord_{SETTLED}"]
        self.case.bank = []
        self.case.act(SETTLED, "AdjustBalance", -400)
        self.case.take(SETTLED, 400)
        self.case.act(SETTLED, "TransferBalance", -10_000)
        self.case.post(SETTLED, "telco:CTCC:transferred", "held:CTCC", 10_000)

    def test_a_gift_at_one_telco_is_transferred_there(self):
        self.gift()
        self.assertEqual(self.run_script().returncode, 0, self.run_script().stdout)

    def test_a_gift_transferred_twice(self):
        self.gift()
        self.case.act(SETTLED, "TransferBalance", -10_000)
        self.assert_only(double_deductions=1, two_party_breaks=1)

    def test_a_gift_to_another_telco_is_brought_there(self):
        self.gift("CMCC")
        self.assert_only(double_deductions=1)

    def test_a_payment_that_no_order_asks_for(self):
        self.case.collect(SETTLED, 10_000)
        self.assert_only(double_deductions=1, two_party_breaks=1)
        self.case.post(SETTLED, "receivable:ACQUIRER:CNY", "payable:p", 10_000, asset="CNY")
        self.assert_only(double_deductions=1)

    def test_a_payment_that_went_back(self):
        self.case.collect(REFUNDED, 10_000)
        self.case.collect(REFUNDED, 9_999, "refunded")
        self.case.post(REFUNDED, "receivable:ACQUIRER:CNY", "payable:p", 1, asset="CNY")
        self.assert_only(double_deductions=1)
        self.case.collect(REFUNDED, 1, "returned")
        self.case.post(REFUNDED, "payable:p", "receivable:ACQUIRER:CNY", 1, asset="CNY")
        self.assertEqual(self.run_script().returncode, 0)

    def test_points_that_no_order_asks_for(self):
        programme = "PROGRAMME_BANK"
        self.case.collect(SETTLED, 500, "redeemed", programme)
        self.assert_only(double_deductions=1, two_party_breaks=1)
        self.case.collect(SETTLED, 500, "reversed", programme)
        self.assertEqual(self.run_script().returncode, 0)
        self.case.collect(reference("Z"), 7, "accrued", "PROGRAMME_AIRLINE")
        self.assert_only(two_party_breaks=2)

    def test_one_leg_missing(self):
        self.case.postings.pop()
        self.assert_only(imbalance_fen=10_000, two_party_breaks=1)
        self.assert_found("does not balance: 10000 of AIR.CTCC")

    def test_two_assets_do_not_make_up_for_each_other(self):
        self.case.postings.append([99, "", "x", "CNY", "debit", "posted", 5])
        self.case.postings.append([99, "", "y", "AIR.CTCC", "credit", "posted", 5])
        self.assert_only(imbalance_fen=10)

    def test_our_books_took_what_the_telco_did_not(self):
        self.case.take(SETTLED, 1)
        self.assert_only(two_party_breaks=1)
        self.assert_found("telco:CTCC:taken: our books say 10001, the partner's say 10000")

    def test_a_reservation_we_do_not_know_of(self):
        self.case.act(SETTLED, "ReserveBalance", -10_000)
        self.assert_only(two_party_breaks=1)
        self.assert_found(f"ord_{SETTLED} ended, and CTCC has 10000 fen set aside")

    def test_our_reserve_paid_what_the_bank_did_not(self):
        self.case.post(SETTLED, "payable:p", "reserve:bank", 1, asset="CNY")
        self.assert_only(two_party_breaks=1)

    def test_each_account_that_differs_counts(self):
        self.case.take(SETTLED, 1)
        self.case.act(SETTLED, "ReserveBalance", -1)
        self.case.post(SETTLED, "payable:p", "reserve:bank", 1, asset="CNY")
        self.assert_only(two_party_breaks=3)

    def test_value_moved_for_an_order_unknown_to_us(self):
        self.case.act(reference("Z"), "AdjustBalance", -1)
        self.case.take(reference("Z"), 1)
        self.assert_only(two_party_breaks=1)
        self.assert_found(f"CTCC moved value for {reference('Z')}, which is no order of ours")

    def test_value_in_doubt(self):
        self.case.suspend()
        self.case.post(SUSPENDED, "in_doubt:CTCC:AIR.CTCC", "position:CTCC", 10_000, phase="pending")
        self.assertEqual(self.figures()["in_doubt_fen"], 10_000)
        self.assertRegex(self.run_script().stdout, r"in_doubt_fen +10000 +0\n")
        self.case.post(SUSPENDED, "in_doubt:CTCC:AIR.CTCC", "position:CTCC", 10_000, phase="voided")
        self.assertEqual(self.run_script().returncode, 0)

    def test_one_leg_of_a_hold_missing(self):
        self.case.post(SETTLED, "held:CTCC", "position:CTCC", 7, phase="pending")
        self.case.postings.pop()
        self.assert_only(imbalance_fen=7)

    def test_a_suspended_order_was_not_given_more_than_it_had(self):
        self.case.suspend()
        self.case.act(SUSPENDED, "AdjustBalance", 1)
        self.case.post(SUSPENDED, "position:CTCC", "telco:CTCC:taken", 1)
        self.assertEqual(self.figures()["double_deductions"], 1)

    # Reservations.

    def test_a_capture_of_less_gives_the_rest_back(self):
        self.assertEqual(recount.open_reservations([("ReserveBalance", -100), ("CaptureBalance", -99)]), [])

    def test_a_billing_run_after_a_capture_takes_from_the_balance(self):
        captured_twice = [("ReserveBalance", -100), ("CaptureBalance", -100), ("CaptureBalance", -100)]
        self.assertEqual(recount.open_reservations(captured_twice), [])

    def test_the_reading_in_which_every_release_fits_is_the_right_one(self):
        actions = [("ReserveBalance", -99), ("ReserveBalance", -100), ("CaptureBalance", -99), ("ReleaseBalance", 99)]
        self.assertEqual(recount.open_reservations(actions), [])

    def test_a_release_of_what_was_not_set_aside_is_found(self):
        self.case.act(SETTLED, "ReleaseBalance", 9_999)
        self.assert_found("what was not set aside")

    # What no figure shows.

    def test_a_key_makes_one_order(self):
        self.case.orders[2][1] = "k1"
        self.assert_found("key k1 made 2 orders")

    def test_a_partner_does_only_what_was_asked(self):
        self.case.act(SETTLED, "ReserveBalance", 0)
        self.case.telco[-1][1] = "somebody-else"
        self.assert_found("did something that nobody asked for")

    def test_fee_and_payout_are_the_amount(self):
        self.case.orders[0][5] = 401
        self.assert_found("fee 401 and payout 9600 are not 10000")

    def test_faults_are_compared_by_kind_and_action(self):
        self.case.report["faults_injected"] = {"latency/capture": 1}
        self.assertRegex(self.run_script().stdout, r"faults_injected latency/capture +2 +1")

    # Files that are not as described.

    def test_malformed_files_are_refused(self):
        def cut_column(name):
            path = self.folder / name
            path.write_text(re.sub("amount|points", "sum", path.read_text(encoding="utf-8"), count=1), encoding="utf-8")

        for name in ("postings.csv", "orders.csv", "bank.csv", "issuer.csv", "acquirer.csv", "PROGRAMME_BANK.csv", "telco-CTCC.csv"):
            with self.subTest(name):
                report = self.case.write(self.folder)
                cut_column(name)
                status = recount.main([str(self.folder), str(report)])
                self.assertEqual(status, 2)

    def test_words_and_signs_outside_the_list_are_refused(self):
        self.case.postings[0][5] = "maybe"
        self.assertEqual(self.run_script().returncode, 2)
        self.case = Case()
        self.case.telco[0][4] = 10_000
        self.assertEqual(self.run_script().returncode, 2)


if __name__ == "__main__":
    unittest.main()
