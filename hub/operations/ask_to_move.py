"""Ask the owner of a calendar to move visits, and to put back those that it moved when it refuses the rest."""

from dataclasses import replace

from hub.canonical.source import SourceRecord
from hub.operations.question import NOT_CONFIRMED, VENDOR_REFUSED, VENDOR_UNAVAILABLE, Question, Said
from hub.ports import Absent, Confirmed, Declined, Unknown, VendorCalendar, Write
from hub.scheduling.pending import Answer

CANCELLED_THERE = "cancelled_there"
STANDS_AS_BEFORE = "stands_as_before"
_STAYS = Declined(STANDS_AS_BEFORE)
"""The vendor has it where it was."""


def ask_to_move(calendar: VendorCalendar, question: Question) -> Said:
    """All of them, one after the other; the first that is refused ends it."""
    records: dict[str, SourceRecord] = {}
    for write, before in zip(question.writes, question.before, strict=True):
        outcome = _look(calendar, write, before) if question.only_look else calendar.move(write)
        if isinstance(outcome, Confirmed):
            records[write.id] = outcome.record
        elif isinstance(outcome, Unknown):
            return Said(Answer.UNKNOWN, outcome.code)
        elif question.may_be_on_its_way:
            return Said(Answer.UNKNOWN, "absent" if isinstance(outcome, Absent) else outcome.code)
        else:
            return replace(_no(outcome, question), refused_id=write.id)
    return Said(Answer.YES, records=records)


def _look(calendar: VendorCalendar, write: Write, before: Write) -> Confirmed | Declined | Absent | Unknown:
    """Where the vendor has it. A move that keeps its time shows nothing in a look: it is asked for again."""
    there = calendar.look(write)
    if isinstance(there, Unknown | Absent):
        return there
    stands = calendar.look(before)
    if isinstance(there, Confirmed):
        return _again(calendar, write) if isinstance(stands, Confirmed) else there
    if isinstance(stands, Unknown):
        return stands
    return _STAYS if isinstance(stands, Confirmed) else there


def _again(calendar: VendorCalendar, write: Write) -> Confirmed | Declined | Unknown:
    """What was asked before may have been done, so that not to be heard this time says nothing."""
    outcome = calendar.move(write)
    if isinstance(outcome, Declined) and not outcome.was_asked:
        return Unknown(outcome.code)
    return outcome


def _no(outcome: Declined | Absent, question: Question) -> Said:
    is_alone = len(question.writes) == 1
    if question.only_look:
        code = "absent" if isinstance(outcome, Absent) else outcome.code
        return Said(Answer.NO if is_alone else Answer.PARTLY, code, NOT_CONFIRMED)
    assert isinstance(outcome, Declined)
    answer = Answer.NO if is_alone and not outcome.may_stand else Answer.PARTLY
    return Said(answer, outcome.code, VENDOR_REFUSED if outcome.was_asked else VENDOR_UNAVAILABLE)


def put_back(calendar: VendorCalendar, question: Question) -> Said:
    """Each stands there as it stands here; what does not take place there any more needs no place."""
    outcomes = {write.id: calendar.move(write) for write in question.before}
    open_ones = [
        one.code
        for one in outcomes.values()
        if isinstance(one, Unknown) or (isinstance(one, Declined) and one.code != CANCELLED_THERE)
    ]
    if open_ones:
        return Said(Answer.UNKNOWN, open_ones[0])
    return Said(Answer.YES, records={id_: one.record for id_, one in outcomes.items() if isinstance(one, Confirmed)})
