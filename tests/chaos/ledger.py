"""What generators wrote down, compared with what the database holds: which events were lost, doubled, or are stuck.

The format of a ledger is in tests/traffic/ledger.h. An event that its sender had not put on disk when the generator was killed was never
accepted: it is counted as unspooled, and must have been among the last of that life.
"""
import collections
import dataclasses
import hashlib
import os
import re
import struct

NAME_MAX = 5  # of the events that are named


@dataclasses.dataclass
class Batch:
    marks: list
    state: str = "waiting"


@dataclasses.dataclass
class Sender:
    """One sender's life, over restarts."""
    batches: dict = dataclasses.field(default_factory=dict)  # by (epoch, number), the newest of that name
    earlier: list = dataclasses.field(default_factory=list)  # batches whose name was given again
    failed: set = dataclasses.field(default_factory=set)
    cuts: list = dataclasses.field(default_factory=list)
    handed: int = 0
    acked: int = 0

    def all_batches(self):
        return self.earlier + list(self.batches.values())


@dataclasses.dataclass
class Result:
    sent: int = 0
    stored: int = 0
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    declared: int = 0
    refused: int = 0
    unspooled: int = 0
    notes: list = dataclasses.field(default_factory=list)

    def note(self, sentence, marks=()):
        named = ["%s" % mark for mark in sorted(marks)[:NAME_MAX]]
        if len(marks) > NAME_MAX:
            named.append("and %d more" % (len(marks) - NAME_MAX))
        self.notes.append(sentence + (": " + ", ".join(named) if named else ""))

    def add(self, other):
        for field in dataclasses.fields(self):
            if field.name != "notes":
                setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        self.notes += other.notes


def parse_marks(text):
    marks = []
    for run in text.split(","):
        first, last = run.split("-")
        marks.extend(range(int(first), int(last) + 1))
    return marks


class Ledger:
    """The senders of one generator. update() reads on from where it was."""

    def __init__(self, path, tag, spool):
        self.path, self.tag, self.spool = path, tag, spool
        self.senders = collections.defaultdict(Sender)
        self.offset = 0
        self.set_aside = set()  # (sender, epoch, number) of what lay in quarantine
        self.lines = collections.Counter()
        self.removed = set()  # (sender, epoch, number) of files that somebody took away
        self.never_arrived = {}  # agent -> batches that the collector misses

    def update(self):
        if not os.path.exists(self.path):
            return
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            text = file.read()
        end = text.rfind(b"\n") + 1
        self.offset += end
        for line in text[:end].decode("ascii").splitlines():
            self.take(line.split())

    def take(self, words):
        self.lines[words[0]] += 1
        sender = self.senders[int(words[1])]
        if words[0] == "cut":
            sender.cuts.append(int(words[2]))
        elif words[0] == "fail":
            sender.failed.update(parse_marks(words[2]))
        elif words[0] == "put":
            key = (int(words[2]), int(words[3]))
            if key in sender.batches:
                sender.earlier.append(sender.batches[key])
            sender.batches[key] = Batch(parse_marks(words[4]) if len(words) > 4 else [])
        else:
            batch = sender.batches.setdefault((int(words[2]), int(words[3])), Batch([]))
            batch.state = words[0]
            sender.acked += words[0] == "ack"

    def read_handed(self):
        with open(self.path + ".handed", "rb") as file:
            for index, (handed,) in enumerate(struct.iter_unpack("<Q", file.read())):
                self.senders[index].handed = handed

    def acked(self):
        """Acknowledged batches of each sender; those that were never given anything are left out."""
        self.update()
        return {index: sender.acked for index, sender in self.senders.items()}

    def files(self, index, *folder):
        path = os.path.join(self.spool, str(index), *folder)
        return os.listdir(path) if os.path.isdir(path) else []

    def quarantined(self, index):
        """What the sender has set aside. The folder keeps 100, so it is emptied here."""
        for name in self.files(index, "quarantine"):
            if name[0].isdigit():
                self.set_aside.add((index, *(int(n) for n in name.split("-")[:2])))
                os.unlink(os.path.join(self.spool, str(index), "quarantine", name))
        return {(epoch, number) for sender, epoch, number in self.set_aside if sender == index}

    def waiting_files(self, index):
        return {tuple(int(n) for n in name.split("-")[:2]) for name in self.files(index) if name.endswith(".batch")}


class Check:
    """One ledger against the rows of one database: rows is mark -> number of rows, declared is agent -> events declared as lost."""

    def __init__(self, ledger, rows, declared):
        self.ledger, self.rows, self.declared = ledger, rows, declared
        self.result = Result()

    def run(self):
        self.ledger.update()
        self.ledger.read_handed()
        for index in sorted(self.ledger.senders):
            self.check_sender(index, self.ledger.senders[index])
        return self.result

    def name(self, index, mark):
        return "%s.%d.%d" % (self.ledger.tag, index, mark)

    def check_sender(self, index, sender):
        result = self.result
        stored = {mark: self.rows[self.name(index, mark)] for mark in range(1, sender.handed + 1) if self.name(index, mark) in self.rows}
        doubled = {mark for mark, count in stored.items() if count > 1}
        result.doubled += sum(stored[mark] - 1 for mark in doubled)
        if doubled:
            result.note("stored more than once", {self.name(index, mark) for mark in doubled})
        given_up = self.check_batches(index, sender, stored)
        self.check_unspooled(index, sender, stored)
        declared = self.declared.get("%s.%d" % (self.ledger.tag, index), 0)
        result.declared += min(declared, given_up + len(sender.failed))
        if declared < given_up + len(sender.failed):
            missing = given_up + len(sender.failed) - declared
            result.lost += missing
            result.note("%s.%d gave up %d events and declared %d" % (self.ledger.tag, index, given_up + len(sender.failed), declared))
        result.stored += len(stored)

    def check_batches(self, index, sender, stored):
        """Events of batches that are missing for a reason that must be declared."""
        quarantined, waiting = self.ledger.quarantined(index), self.ledger.waiting_files(index)
        keys = [None] * len(sender.earlier) + list(sender.batches)
        given_up, waits, gone = 0, 0, 0
        for key, batch in zip(keys, sender.all_batches()):
            missing = [mark for mark in batch.marks if mark not in stored]
            if batch.state == "waiting" and key in waiting and key not in quarantined:
                waits += 1
            elif batch.state == "rej":
                self.result.refused += len(missing)
            elif missing and (index, *(key or ())) in self.ledger.removed:
                self.result.declared += len(missing)
                gone += 1
            elif missing and (batch.state == "drop" or (batch.state == "waiting" and key in quarantined)):
                given_up += len(missing)
            elif missing:
                self.result.lost += len(missing)
                self.result.note("batch %s (%s): not stored" % (key, batch.state), {self.name(index, mark) for mark in missing})
        self.check_gone(index, gone)
        if waits:
            self.result.stuck += waits
            self.result.note("%d batches of sender %s.%d wait in the spool" % (waits, self.ledger.tag, index))
        return given_up

    def check_gone(self, index, gone):
        """Batches whose files were taken away: nobody can tell their events, but the collector must miss as many."""
        told = self.ledger.never_arrived.get("%s.%d" % (self.ledger.tag, index), 0)
        if gone != told:
            self.result.lost += abs(gone - told)
            self.result.note("%d batches of %s.%d were taken from the spool, and the collector misses %d" % (gone, self.ledger.tag, index, told))

    def check_unspooled(self, index, sender, stored):
        """What was handed over and never put on disk: only the end of a life that was cut short may be."""
        known = set(stored) | sender.failed
        for batch in sender.all_batches():
            known.update(batch.marks)
        unspooled = [mark for mark in range(1, sender.handed + 1) if mark not in known]
        ends = {cut - 1 for cut in sender.cuts}
        excused = set()
        for end in ends:
            while end >= 1 and end not in known:
                excused.add(end)
                end -= 1
        lost = [mark for mark in unspooled if mark not in excused]
        if lost:
            self.result.lost += len(lost)
            self.result.note("handed over and never put on disk", {self.name(index, mark) for mark in lost})
        self.result.unspooled += len(unspooled) - len(lost)
        self.result.sent += sender.handed - (len(unspooled) - len(lost))


def check_dead_letters(ledger, dead_letter_ids, result):
    """Every batch that was refused is kept whole: what lies in the spool's folder dead is a dead letter."""
    for index in ledger.senders:
        for name in ledger.files(index, "dead"):
            with open(os.path.join(ledger.spool, str(index), "dead", name), "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()[:32]
            if digest not in dead_letter_ids:
                result.lost += 1
                result.note("refused batch %s of sender %s.%d is no dead letter" % (name, ledger.tag, index))


MARK = re.compile(r"^[a-z0-9]+\.[0-9]+\.[0-9]+$")


def check_foreign(rows, ledgers, result):
    """Rows whose mark nobody handed over."""
    handed = {(ledger.tag, index): sender.handed for ledger in ledgers for index, sender in ledger.senders.items()}
    for mark in rows:
        tag, index, number = mark.split(".")
        if int(number) > handed.get((tag, int(index)), 0):
            result.doubled += 1
            result.note("stored, but never handed over", {mark})
