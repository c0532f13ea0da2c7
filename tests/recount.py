#!/usr/bin/env python3
"""Counts a headless demo a second time, from its dump alone.

    python3 tests/recount.py DIR REPORT.json

Shares no code with the product and uses only Python's standard library. It reads the dump that
`tongbao demo --headless --dump DIR` leaves, comes to its own figures, and compares them with the report.

Exit status: 0 when all agree, 1 with a table of differences, 2 when a file is missing or malformed.

The dump, UTF-8, each file with a header line, columns in any order
--------------------------------------------------------------------

postings.csv    sequence,order,account,asset,side,phase,amount
    One line a leg of a transfer. `order` is empty when the posting belongs to none (the funding of the reserve).
    `account` is the public name, as in `telco:CTCC:taken`. `side` is `debit` or `credit`, `amount` is positive.
    `phase`: `pending` adds to what is held; `voided` takes the same away again, whether the hold was posted or
    given up; `posted` moves value for good. So a hold that is posted leaves `voided` for all it held and
    `posted` for what was done.

orders.csv      order,key,product,state,amount_fen,fee_fen,payout_fen,subscriber,telco,receiver_telco
    One line an order, those refused at the door too. `product` and `state` are the public words; `receiver_telco` is
    empty where nobody else receives.

keys.csv        key
    The keys that the driver sent. A key that is there twice counts once.

telco-NAME.csv  sequence,correlation_id,kind,msisdn,amount_fen,status,at_ms
    The telco's own history, oldest first. Only lines of status `completed` moved value. Signs are the telco's:
    minus takes from the subscriber, plus gives.

bank.csv        sequence,end_to_end_id,account,amount_fen,direction,status,at_ms
    The bank's own entries: `DBIT` was paid, `CRDT` came back. `status` is `BOOK`.

issuer.csv      sequence,reference,kind,amount_fen
    The issuer's own entries: `issued`, or `cancelled` again.

acquirer.csv    sequence,end_to_end_id,kind,amount_fen
    The acquirer's own entries: `collected`, and what went back to the payer as `refunded` or `returned`.

PROGRAMME_BANK.csv, PROGRAMME_AIRLINE.csv    sequence,reference,kind,points
    A points programme's own entries: `redeemed`, and what went to the member as `reversed` or `accrued`.

faults.json     {"injected": {"latency/capture": 3, ...}, "calls": 1200, "faulted": 240}

What is counted
---------------

A request's reference begins with the 26 characters of its order's id, then `-`.

orders             distinct keys in keys.csv
settled, refunded, declined, suspended
                   orders in that state; an order in any other did not end, which is a finding
double_deductions  orders, each with each telco, whose net taken or transferred there is not what their end says when
                   settled; anything from nothing to that while suspended, otherwise nothing. Settled, the telco of
                   the order's number took the whole amount; for a gift the fee on top too, or the fee alone
                   where the receiver is at the same telco, which then transferred the amount. Another telco of the
                   receiver brought the amount. Of a recharge its telco brought the
                   amount. And once more each for which what the acquirer collected, net, is not what its end says: the
                   amount of a recharge, less the amount of a refund, otherwise nothing; and once more each for which a programme
                   took any points, net, since no product here is paid in points
lost_payouts       orders for which what the bank paid, or the issuer issued, net, is not what their end says: the payout
                   when settled, anything from nothing to that while suspended, otherwise nothing; by whom, the
                   product says, and the other must have done nothing
imbalance_fen      the sum over all assets of what debits and credits differ by, posted and pending
two_party_breaks   for each telco, what we say it took against what its history says, what we say it has set
                   aside against its open reservations, and what we say it transferred against its history; for the bank,
                   what our reserve paid against its entries; for the issuer, what we owe it against its entries; for the
                   acquirer and each programme, what it owes us against its entries.
                   Each that differs counts one, and so does each order unknown to us that a partner moved value for
in_doubt_fen       what is pending on the in-doubt accounts

Beside the figures a few things must hold that no figure shows; each that does not is a finding.
"""

import csv
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

REFERENCE_LENGTH = 26

COLUMNS = {
    "postings": ["sequence", "order", "account", "asset", "side", "phase", "amount"],
    "orders": ["order", "key", "product", "state", "amount_fen", "fee_fen", "payout_fen", "subscriber", "telco",
               "receiver_telco"],
    "keys": ["key"],
    "telco": ["sequence", "correlation_id", "kind", "msisdn", "amount_fen", "status", "at_ms"],
    "bank": ["sequence", "end_to_end_id", "account", "amount_fen", "direction", "status", "at_ms"],
    "issuer": ["sequence", "reference", "kind", "amount_fen"],
    "acquirer": ["sequence", "end_to_end_id", "kind", "amount_fen"],
    "PROGRAMME_BANK": ["sequence", "reference", "kind", "points"],
    "PROGRAMME_AIRLINE": ["sequence", "reference", "kind", "points"],
}
# Who delivers the payout of a product, by the name of its table; and the account of ours that mirrors its books.
DELIVERS = {"direct": "bank", "voucher": "issuer", "gift": None, "recharge": None, "refund": None}
MIRRORS = {"bank": "reserve:bank", "issuer": "owed:ISSUER:CNY"}
# Who takes from a person beside the telcos, by the name of its table: the account of ours that mirrors its books, and the
# words of its entries: what it took, and what it gave.
TAKES = {
    "acquirer": ("receivable:ACQUIRER:CNY", "collected", {"refunded", "returned"}),
    "PROGRAMME_BANK": ("burned:PROGRAMME_BANK:PTS.BANK", "redeemed", {"reversed", "accrued"}),
    "PROGRAMME_AIRLINE": ("burned:PROGRAMME_AIRLINE:PTS.AIRLINE", "redeemed", {"reversed", "accrued"}),
}
ENDS = ["settled", "refunded", "declined", "suspended"]
COMPARED = [
    "orders", *ENDS, "double_deductions", "lost_payouts", "imbalance_fen", "two_party_breaks", "in_doubt_fen",
]


class Malformed(Exception):
    """A file is missing or not as described above."""


# Reading.


def read_table(path, kind):
    """The lines of a CSV file as dictionaries."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            table = csv.DictReader(file, strict=True)
            missing = [name for name in COLUMNS[kind] if name not in (table.fieldnames or [])]
            if missing:
                raise Malformed(f"{path.name}: column missing: {', '.join(missing)}")
            lines = []
            for line in table:
                if None in line or None in line.values():
                    raise Malformed(f"{path.name}:{table.line_num}: another number of fields than the header")
                lines.append(line)
            return lines
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Malformed(f"{path.name}: {error}") from error


def whole(line, name, where):
    """A whole number in a column."""
    try:
        return int(line[name])
    except ValueError:
        raise Malformed(f"{where}: `{name}` is no whole number: `{line[name]}`") from None


def one_of(line, name, allowed, where):
    """A word of a closed list in a column."""
    if line[name] not in allowed:
        raise Malformed(f"{where}: `{name}` is `{line[name]}`, not one of {', '.join(sorted(allowed))}")
    return line[name]


def read_json(path):
    """A JSON object."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Malformed(f"{path.name}: {error}") from error
    if not isinstance(value, dict):
        raise Malformed(f"{path.name}: expected an object")
    return value


def order_of(reference):
    """The order that a reference belongs to; empty when it is no reference of ours."""
    head, _, rest = reference.partition("-")
    return head if rest and len(head) == REFERENCE_LENGTH else ""


def bare(order):
    """An order's id without its prefix."""
    return order.rpartition("_")[2]


# The telco's side.


def open_reservations(actions):
    """What one order's actions leave set aside at a telco: a list of amounts.

    A history line does not name its reservation. A release gives back exactly what one reservation held; a
    capture ends one that holds at least as much, the rest goes back. A capture that finds nothing set aside was
    a billing run and took from the balance. Where an order has several reservations open, the readings that
    make every release fit are tried in turn, best fit first.
    """

    def follow(place, held):
        if place == len(actions):
            return list(held)
        kind, amount = actions[place]
        if kind == "ReserveBalance":
            return follow(place + 1, held + [-amount])
        if kind == "ReleaseBalance":
            fitting = [size for size in held if size == amount][:1]
        elif kind == "CaptureBalance":
            fitting = sorted({size for size in held if size >= -amount})
        else:
            return follow(place + 1, held)
        for size in fitting:
            rest = list(held)
            rest.remove(size)
            found = follow(place + 1, rest)
            if found is not None:
                return found
        # A release must fit; a capture may have been a billing run.
        return follow(place + 1, held) if kind == "CaptureBalance" else None

    return follow(0, [])


class Telco:
    """What one telco's own history says, by order."""

    def __init__(self, name, lines, findings):
        self.name = name
        self.taken = Counter()
        self.transferred = Counter()
        self.held = Counter()
        actions = defaultdict(list)
        for line in lines:
            where = f"telco-{name}.csv, line of sequence {line['sequence']}"
            amount = whole(line, "amount_fen", where)
            if line["status"] != "completed":
                continue
            order = order_of(line["correlation_id"])
            if not order:
                findings.append(f"{name} did something that nobody asked for: {line}")
            kind = line["kind"]
            self.check_sign(kind, amount, where)
            # What leaves for good, and what is credited. Setting aside and giving back move nothing out.
            if kind in ("CaptureBalance", "AdjustBalance", "TopupBalance"):
                self.taken[order] -= amount
            if kind == "TransferBalance":
                self.transferred[order] -= amount
            actions[order].append((kind, amount))
        for order, own in actions.items():
            held = open_reservations(own)
            if held is None:
                findings.append(f"{name} released for order {order} what was not set aside: {own}")
            self.held[order] = sum(held or [])

    @staticmethod
    def check_sign(kind, amount, where):
        """A sign that contradicts its kind makes every sum meaningless."""
        minus = {"ReserveBalance", "CaptureBalance", "TransferBalance"}
        plus = {"ReleaseBalance", "TopupBalance"}
        if kind not in minus | plus | {"AdjustBalance"}:
            raise Malformed(f"{where}: unknown kind `{kind}`")
        if (kind in minus and amount > 0) or (kind in plus and amount < 0):
            raise Malformed(f"{where}: {kind} of {amount}")


def bank_paid(lines, findings):
    """Net fen that the bank paid, by order."""
    paid = Counter()
    for line in lines:
        where = f"bank.csv, line of sequence {line['sequence']}"
        amount = whole(line, "amount_fen", where)
        direction = one_of(line, "direction", {"DBIT", "CRDT"}, where)
        if line["status"] != "BOOK":
            continue
        order = order_of(line["end_to_end_id"])
        if not order:
            findings.append(f"the bank paid what nobody asked for: {line}")
        paid[order] += amount if direction == "DBIT" else -amount
    return paid


def issued(lines, findings):
    """Net fen that the issuer issued, by order."""
    net = Counter()
    for line in lines:
        where = f"issuer.csv, line of sequence {line['sequence']}"
        amount = whole(line, "amount_fen", where)
        kind = one_of(line, "kind", {"issued", "cancelled"}, where)
        order = order_of(line["reference"])
        if not order:
            findings.append(f"the issuer issued what nobody asked for: {line}")
        net[order] += amount if kind == "issued" else -amount
    return net


def net_taken(name, lines, findings):
    """What the acquirer or a programme took, less what it gave, by order."""
    _, took, gave = TAKES[name]
    _, reference, _, amount_column = COLUMNS[name]
    net = Counter()
    for line in lines:
        where = f"{name}.csv, line of sequence {line['sequence']}"
        amount = whole(line, amount_column, where)
        kind = one_of(line, "kind", {took} | gave, where)
        order = order_of(line[reference])
        if not order:
            findings.append(f"{name} moved what nobody asked for: {line}")
        net[order] += amount if kind == took else -amount
    return net


# Our side.


class Books:
    """What our postings come to."""

    def __init__(self, lines, findings):
        # Debits less credits, by account and then by order. A name that holds several assets names the asset too.
        self.posted = defaultdict(Counter)
        self.assets = Counter()
        self.doubt = Counter()
        records = Counter()
        for place, line in enumerate(lines, 2):
            where = f"postings.csv:{place}"
            amount = whole(line, "amount", where)
            if amount < 0:
                raise Malformed(f"{where}: a negative amount: {amount}")
            side = one_of(line, "side", {"debit", "credit"}, where)
            phase = one_of(line, "phase", {"posted", "pending", "voided"}, where)
            signed = amount if side == "debit" else -amount
            order = bare(line["order"])
            kind = "posted" if phase == "posted" else "pending"
            if phase == "voided":
                amount, signed = -amount, -signed
            self.assets[line["asset"], kind] += signed
            records[line["sequence"], line["asset"], kind] += signed
            if kind == "posted":
                self.posted[line["account"]][order] += signed
            elif line["account"].startswith("in_doubt:"):
                self.doubt[line["account"], side] += amount
        for (sequence, asset, kind), difference in records.items():
            if difference:
                findings.append(f"record {sequence} does not balance: {difference} of {asset}, {kind}")

    def imbalance(self):
        """The sum over all assets of what debits and credits differ by."""
        return sum(abs(difference) for difference in self.assets.values())

    def in_doubt(self):
        """What is pending on the in-doubt accounts, on either side."""
        return sum(self.doubt.values())

    def moved(self, account):
        """What orders moved on an account, debits less credits. Postings without an order are not counted."""
        return sum(fen for order, fen in self.posted[account].items() if order)


# Counting.


class Dump:
    """A dump, read."""

    def __init__(self, folder):
        self.findings = []
        self.orders = read_table(folder / "orders.csv", "orders")
        self.keys = {line["key"] for line in read_table(folder / "keys.csv", "keys")}
        self.books = Books(read_table(folder / "postings.csv", "postings"), self.findings)
        self.delivered = {
            "bank": bank_paid(read_table(folder / "bank.csv", "bank"), self.findings),
            "issuer": issued(read_table(folder / "issuer.csv", "issuer"), self.findings),
        }
        self.taken = {
            name: net_taken(name, read_table(folder / f"{name}.csv", name), self.findings) for name in TAKES
        }
        self.telcos = {}
        for path in sorted(folder.glob("telco-*.csv")):
            name = path.stem.removeprefix("telco-")
            self.telcos[name] = Telco(name, read_table(path, "telco"), self.findings)
        if not self.telcos:
            raise Malformed(f"no telco-NAME.csv in {folder}")
        self.faults = read_json(folder / "faults.json")


def is_wrong(state, found, full):
    """Whether value that moved for an order is not what its end says."""
    if state == "suspended":
        return not min(0, full) <= found <= max(0, full)
    return found != (full if state == "settled" else 0)


def at_telco(order, name, where):
    """What a telco takes and what it transfers for an order that goes its way."""
    amount, fee = whole(order, "amount_fen", where), whole(order, "fee_fen", where)
    own, receiver = order["telco"] == name, order["receiver_telco"] == name
    if order["product"] == "recharge":
        return (-amount if own else 0), 0
    if order["product"] != "gift":
        return (amount if own else 0), 0
    if own and receiver:
        return fee, amount
    return (amount + fee if own else -amount if receiver else 0), 0


def recount(dump):
    """Our own figures."""
    figures = dict.fromkeys(COMPARED, 0)
    figures["orders"] = len(dump.keys)
    figures["imbalance_fen"] = dump.books.imbalance()
    figures["in_doubt_fen"] = dump.books.in_doubt()
    figures["two_party_breaks"] = len(breaks(dump)) + len(strangers(dump))
    for order in dump.orders:
        state, name, where = order["state"], bare(order["order"]), f"orders.csv, order {order['order']}"
        if state in ENDS:
            figures[state] += 1
        payout = whole(order, "payout_fen", where)
        for telco in dump.telcos.values():
            taken, transferred = at_telco(order, telco.name, where)
            wrong = is_wrong(state, telco.taken[name], taken)
            figures["double_deductions"] += wrong or is_wrong(state, telco.transferred[name], transferred)
        paid = {"recharge": 1, "refund": -1}.get(order["product"], 0) * whole(order, "amount_fen", where)
        for taker, by_order in dump.taken.items():
            figures["double_deductions"] += is_wrong(state, by_order[name], paid if taker == "acquirer" else 0)
        owes = DELIVERS[one_of(order, "product", set(DELIVERS), where)]
        for partner, delivered in dump.delivered.items():
            figures["lost_payouts"] += is_wrong(state, delivered[name], payout if partner == owes else 0)
    return figures


def breaks(dump):
    """Where our books and a partner's differ: (account, ours, theirs)."""
    pairs = []
    for name, telco in dump.telcos.items():
        for word, theirs in (("taken", telco.taken), ("reserved", telco.held), ("transferred", telco.transferred)):
            account = f"telco:{name}:{word}"
            pairs.append((account, dump.books.moved(account), sum(theirs.values())))
    for partner, delivered in dump.delivered.items():
        # Money that leaves the reserve, or is owed for what was delivered, is credited there.
        account = MIRRORS[partner]
        pairs.append((account, -dump.books.moved(account), sum(delivered.values())))
    for partner, taken in dump.taken.items():
        account = TAKES[partner][0]
        pairs.append((account, dump.books.moved(account), sum(taken.values())))
    return [pair for pair in pairs if pair[1] != pair[2]]


def strangers(dump):
    """Orders that a partner moved value for and we do not know: (partner, order)."""
    known = {bare(order["order"]) for order in dump.orders}
    moved = [(name, set(telco.taken) | set(telco.transferred)) for name, telco in dump.telcos.items()]
    moved += list(dump.delivered.items())
    moved += dump.taken.items()
    return [(name, order) for name, by_order in moved for order in by_order if order and order not in known]


def look_beside(dump):
    """What must hold and no figure shows."""
    findings = list(dump.findings)
    names = Counter(bare(order["order"]) for order in dump.orders)
    findings += [f"order {name} is there {count} times" for name, count in names.items() if count > 1]
    keys = Counter(order["key"] for order in dump.orders)
    findings += [f"key {key} made {count} orders" for key, count in keys.items() if count > 1]
    findings += [f"key {key} was sent and made no order" for key in sorted(dump.keys - keys.keys())]
    findings += [f"key {key} made an order and was never sent" for key in sorted(keys.keys() - dump.keys)]
    for name, order in strangers(dump):
        findings.append(f"{name} moved value for {order}, which is no order of ours")
    for order in dump.orders:
        findings += look_at(order, dump)
    return findings


def look_at(order, dump):
    """What must hold of one order and no figure shows."""
    name, state = order["order"], order["state"]
    if state not in ENDS:
        return [f"{name} did not end: it is `{state}`"]
    if state == "suspended":
        return []
    held = {telco: books.held[bare(name)] for telco, books in dump.telcos.items()}
    findings = [f"{name} ended, and {telco} has {fen} fen set aside" for telco, fen in held.items() if fen]
    fee, payout, amount = (whole(order, column, "orders.csv") for column in ("fee_fen", "payout_fen", "amount_fen"))
    on_top = fee if order["product"] == "gift" else 0
    if state == "settled" and fee + payout != amount + on_top:
        findings.append(f"{name}: fee {fee} and payout {payout} are not {amount + on_top}")
    return findings


# Comparing.


def strikes(tree):
    """How often each kind of fault struck each action, as `kind/action`, over all partners."""
    counts = Counter()

    def walk(node, path):
        for name, value in node.items():
            if isinstance(value, dict):
                walk(value, path + [name])
            elif name not in ("calls", "faulted") and value:
                # Either `kind/action` in one word, or a table of actions for each kind.
                kind = name if "/" in name else "/".join((path + [name])[-2:])
                counts[kind] += value

    walk(tree, [])
    return counts


def differences(dump, report):
    """(figure, recounted, reported) for each that differs."""
    rows = []
    for name, counted in recount(dump).items():
        reported = report.get(name)
        if isinstance(reported, bool) or reported != counted:
            rows.append((name, counted, "missing" if reported is None else reported))
    if isinstance(report.get("faults_injected"), dict):
        ours, theirs = strikes(dump.faults), strikes(report["faults_injected"])
        for kind in sorted(ours.keys() | theirs.keys()):
            if ours[kind] != theirs[kind]:
                rows.append((f"faults_injected {kind}", ours[kind], theirs[kind]))
    return rows


def main(arguments):
    """Runs the program; returns its exit status."""
    if len(arguments) != 2:
        print("usage: python3 tests/recount.py DIR REPORT.json", file=sys.stderr)
        return 2
    try:
        dump, report = Dump(Path(arguments[0])), read_json(Path(arguments[1]))
        rows, broken, findings = differences(dump, report), breaks(dump), look_beside(dump)
    except Malformed as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for account, ours, theirs in broken:
        print(f"break: {account}: our books say {ours}, the partner's say {theirs}")
    for finding in findings:
        print(f"finding: {finding}")
    if rows:
        print(f"{'figure':<40} {'recounted':>12} {'reported':>12}")
    for name, counted, reported in rows:
        print(f"{name:<40} {counted!s:>12} {reported!s:>12}")
    if not rows and not findings:
        print(f"recount: {len(COMPARED)} figures agree over {len(dump.keys)} orders")
    return 1 if rows or findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
