"""Ask a vendor or a payment processor for one step of a pending change; never inside a transaction."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import assert_never

from hub.canonical.source import SourceRecord
from hub.errors import HubError, only_reasons
from hub.operations.ask_to_move import ask_to_move, put_back
from hub.operations.linked_system import LinkedSystem
from hub.operations.question import (
    NOT_CONFIRMED,
    PAYMENT_DECLINED,
    VENDOR_REFUSED,
    VENDOR_UNAVAILABLE,
    Question,
    Said,
)
from hub.ports import (
    Absent,
    Authorised,
    Captured,
    Confirmed,
    Declined,
    PaymentRequest,
    Payments,
    Refused,
    Unknown,
    VendorCalendar,
    Voided,
    Write,
)
from hub.scheduling.pending import Answer, Step


@dataclass(frozen=True, slots=True)
class Outside:
    """Who has a say beside the hub. Both functions take a connection's name and raise HubError where it is amiss."""

    find_system: Callable[[str], LinkedSystem]
    open_calendar: Callable[[str], AbstractContextManager[VendorCalendar]]
    payments: Payments | None = None
    """None: nobody takes payments; deposits are noted as due."""


def ask(question: Question, outside: Outside) -> Said:
    """What they say. Whatever goes wrong on the way leaves it unknown."""
    try:
        if question.step in (Step.CONFIRM, Step.WITHDRAW):
            return _ask_vendor(question, outside)
        return _ask_payments(question, outside.payments)
    except HubError as error:
        return Said(Answer.UNKNOWN, next(iter(only_reasons(error.problems)), "invalid"))


def _ask_vendor(question: Question, outside: Outside) -> Said:
    pending = question.pending
    assert pending.connection is not None
    if question.problem is not None:
        answer = Answer.UNKNOWN if question.only_look else Answer.NO
        return Said(answer, question.problem, VENDOR_REFUSED)
    with outside.open_calendar(pending.connection) as calendar:
        if pending.kind == "move":
            return ask_to_move(calendar, question) if question.step is Step.CONFIRM else put_back(calendar, question)
        if question.step is Step.WITHDRAW or pending.kind == "cancel":
            return _cancel(calendar, question)
        return _confirm(calendar, question)


def _confirm(calendar: VendorCalendar, question: Question) -> Said:
    """All visits of it, one after the other; the first that is refused ends it."""
    records: dict[str, SourceRecord] = {}
    for write in question.writes:
        outcome = _ask_for(calendar, question, write)
        if isinstance(outcome, Confirmed):
            records[write.id] = outcome.record
        elif isinstance(outcome, Unknown) or (isinstance(outcome, Absent) and question.may_be_on_its_way):
            return Said(Answer.UNKNOWN, outcome.code if isinstance(outcome, Unknown) else "absent")
        else:
            return _no(outcome, is_alone=len(question.writes) == 1)
    return Said(Answer.YES, records=records)


def _ask_for(calendar: VendorCalendar, question: Question, write: Write) -> Confirmed | Declined | Absent | Unknown:
    return calendar.look(write) if question.only_look else calendar.confirm(write)


def _no(outcome: Declined | Absent, *, is_alone: bool) -> Said:
    if isinstance(outcome, Absent):
        return Said(Answer.NO if is_alone else Answer.PARTLY, "absent", NOT_CONFIRMED)
    answer = Answer.NO if is_alone and not outcome.may_stand else Answer.PARTLY
    return Said(answer, outcome.code, VENDOR_REFUSED if outcome.was_asked else VENDOR_UNAVAILABLE)


def _cancel(calendar: VendorCalendar, question: Question) -> Said:
    """None of it takes place there; each is tried, whatever came of the others. Where there is none, all is well."""
    visit_ids = question.pending.visit_ids
    outcomes = {one: calendar.cancel(one, question.targets.get(one)) for one in visit_ids}
    unknown = [one.code for one in outcomes.values() if isinstance(one, Unknown)]
    refused = [one.code for one in outcomes.values() if isinstance(one, Declined)]
    if unknown or (refused and question.step is Step.WITHDRAW):
        return Said(Answer.UNKNOWN, (unknown or refused)[0])
    records = {id_: one.record for id_, one in outcomes.items() if isinstance(one, Confirmed)}
    if refused:
        gone = tuple(id_ for id_, one in outcomes.items() if not isinstance(one, Declined))
        return Said(Answer.NO, refused[0], VENDOR_REFUSED, cancelled=gone, records=records)
    return Said(Answer.YES, records=records)


def _ask_payments(question: Question, payments: Payments | None) -> Said:
    deposit = question.pending.deposit
    assert deposit is not None
    if payments is None:
        return Said(Answer.UNKNOWN, "no_payments")
    if question.step is Step.CAPTURE:
        return _of_payment(payments.capture(deposit.key), question)
    if question.step is Step.VOID:
        return _of_payment(payments.void(deposit.key), question)
    if question.only_look:
        return _of_payment(payments.look(deposit.key), question)
    return _of_payment(payments.authorise(PaymentRequest(deposit.key, deposit.amount, question.method)), question)


def _of_payment(outcome: Authorised | Captured | Voided | Refused | Absent | Unknown, question: Question) -> Said:
    match outcome:
        case Authorised(reference) | Captured(reference):
            return Said(Answer.NO if question.step is Step.VOID else Answer.YES, reference=reference)
        case Voided():
            answer = Answer.YES if question.step is Step.VOID else Answer.NO
            return Said(answer, "voided", PAYMENT_DECLINED)
        case Refused(code):
            return Said(Answer.NO, code, PAYMENT_DECLINED)
        case Absent():
            answer = Answer.UNKNOWN if question.may_be_on_its_way else Answer.NO
            return Said(answer, "absent", NOT_CONFIRMED)
        case Unknown(code):
            return Said(Answer.UNKNOWN, code)
        case _:
            assert_never(outcome)
