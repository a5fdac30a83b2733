"""What is left of a patient when one of the records that say more of them says no more."""

from hub.canonical.ids import Kind
from hub.canonical.records import Patient
from hub.operations.withdraw import Withdrawal, decide_withdrawal

NAMES = ("phone", "email", "texts_allowed")


def withdraw(last: Patient, *others: Patient) -> Withdrawal:
    return decide_withdrawal(Kind.PATIENT, NAMES, "pat_1", last, others)


def test_what_it_said_is_blank_and_what_it_never_said_is_left_alone() -> None:
    last = Patient(id="pat_9", phone="+13035550101", texts_allowed=False, given_name="Ann")
    said = {"phone": "+13035550101", "texts_allowed": False}
    assert withdraw(last) == Withdrawal("pat_1", said, {"phone": None, "texts_allowed": None})


def test_the_latest_of_those_that_still_say_something_counts() -> None:
    last = Patient(id="pat_1", phone="+13035550101", email="ann@example.org")
    others = [Patient(id="pat_1", phone=phone) for phone in ("+13035550102", "+13035550103", None)]
    left = {"phone": "+13035550103", "email": None}
    assert withdraw(last, *others).left == left
