"""A change of the book in which others have a say: where it stands, what is asked next, what an answer makes of it.

    paying ──yes──▶ confirming ──yes──▶ done          yes to a payment: its amount is reserved, taken when it is done
      │ no, late       │ no     ╲ partly
      ▼                ▼         ▼
    released ◀──────────────── withdrawing            what the vendor holds of it is taken back there

The time stays taken while it is paying or confirming, whatever the clock says. Whoever knows no answer changes nothing;
an answer that comes late (others settled it meanwhile) is never lost: what it reserved is given back.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

UNDECIDED_UNTIL = datetime(9999, 1, 1, tzinfo=UTC)
"""When a hold expires whose outcome nobody knows yet: every rule about expiry leaves it alone."""


PATIENCE = timedelta(minutes=2)
"""For each visit of it: by then whoever was asking has ended, and what they sent has arrived or never will."""


def patience(visits: int) -> timedelta:
    """How long who began a change of so many visits is left alone with it."""
    return PATIENCE * max(1, visits)


class Stage(StrEnum):
    """Where it stands."""

    PAYING = "paying"
    CONFIRMING = "confirming"
    WITHDRAWING = "withdrawing"
    DONE = "done"
    RELEASED = "released"

    @property
    def is_undecided(self) -> bool:
        """Whether it may still come about: its time stays taken."""
        return self in (Stage.PAYING, Stage.CONFIRMING)


class PaymentState(StrEnum):
    """Where the payment ahead stands."""

    AUTHORISING = "authorising"
    AUTHORISED = "authorised"
    DECLINED = "declined"
    CAPTURED = "captured"
    VOIDED = "voided"
    FAILED = "failed"
    """It was reserved and could not be taken: a person collects it."""


class Step(StrEnum):
    """What is asked of somebody outside."""

    AUTHORISE = "authorise"
    CONFIRM = "confirm"
    WITHDRAW = "withdraw"
    CAPTURE = "capture"
    VOID = "void"


class Answer(StrEnum):
    """What came of a step."""

    YES = "yes"
    NO = "no"
    PARTLY = "partly"
    """Of a confirmation: some of it may stand there, and all of it never will."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where it stands, with its payment."""

    stage: Stage
    payment: PaymentState | None = None
    """None: nothing is paid ahead."""
    asks_vendor: bool = True
    """False: the hub owns the calendar."""

    @property
    def is_settled(self) -> bool:
        """Whether nobody has to be asked any more."""
        return not find_steps(self)


def begin(*, pays: bool, asks_vendor: bool) -> Standing:
    """Before anybody was asked."""
    stage = Stage.PAYING if pays else Stage.CONFIRMING if asks_vendor else Stage.DONE
    return Standing(stage, PaymentState.AUTHORISING if pays else None, asks_vendor)


def find_steps(standing: Standing) -> tuple[Step, ...]:
    """What is to be asked now; none waits for another."""
    steps = {Stage.PAYING: Step.AUTHORISE, Stage.CONFIRMING: Step.CONFIRM, Stage.WITHDRAWING: Step.WITHDRAW}
    asked = (steps[standing.stage],) if standing.stage in steps else ()
    return (*_money_back_or_taken(standing), *asked)


def _money_back_or_taken(standing: Standing) -> tuple[Step, ...]:
    reserved = (PaymentState.AUTHORISING, PaymentState.AUTHORISED)
    if standing.stage.is_undecided or standing.payment not in reserved:
        return ()
    return (Step.CAPTURE,) if standing.stage is Stage.DONE else (Step.VOID,)


def follow(standing: Standing, step: Step, answer: Answer, *, in_time: bool = True) -> Standing:
    """What an answer makes of it, also one that comes when it stands elsewhere by now.

    Args:
        standing: as it is now.
        step: what was asked.
        answer: what came of it.
        in_time: whether the hold's own time is not over; nobody new is asked after that.
    """
    if answer is Answer.UNKNOWN:
        return standing
    return _FOLLOW[step](standing, answer, in_time)


def _authorised(standing: Standing, answer: Answer, in_time: bool) -> Standing:  # noqa: FBT001
    is_open = standing.stage is Stage.PAYING
    if answer is not Answer.YES:
        if standing.payment is not PaymentState.AUTHORISING:
            return standing
        return replace(standing, payment=PaymentState.DECLINED, stage=Stage.RELEASED if is_open else standing.stage)
    if standing.payment in (PaymentState.AUTHORISING, PaymentState.VOIDED, PaymentState.DECLINED):
        standing = replace(standing, payment=PaymentState.AUTHORISED)
    if not is_open:
        return standing
    onward = Stage.CONFIRMING if standing.asks_vendor else Stage.DONE
    return replace(standing, stage=onward if in_time else Stage.RELEASED)


def _confirmed(standing: Standing, answer: Answer, _in_time: bool) -> Standing:  # noqa: FBT001
    if standing.stage is Stage.CONFIRMING:
        onward = {Answer.YES: Stage.DONE, Answer.NO: Stage.RELEASED, Answer.PARTLY: Stage.WITHDRAWING}
        return replace(standing, stage=onward[answer])
    if standing.stage is Stage.RELEASED and answer is not Answer.NO:
        return replace(standing, stage=Stage.WITHDRAWING)
    return standing


def _withdrawn(standing: Standing, answer: Answer, _in_time: bool) -> Standing:  # noqa: FBT001
    is_over = standing.stage is Stage.WITHDRAWING and answer is Answer.YES
    return replace(standing, stage=Stage.RELEASED) if is_over else standing


def _captured(standing: Standing, answer: Answer, _in_time: bool) -> Standing:  # noqa: FBT001
    if standing.payment is not PaymentState.AUTHORISED:
        return standing
    return replace(standing, payment=PaymentState.CAPTURED if answer is Answer.YES else PaymentState.FAILED)


def _voided(standing: Standing, answer: Answer, _in_time: bool) -> Standing:  # noqa: FBT001
    open_states = (PaymentState.AUTHORISING, PaymentState.AUTHORISED)
    if standing.stage is Stage.DONE or standing.payment not in open_states or answer is not Answer.YES:
        return standing
    return replace(standing, payment=PaymentState.VOIDED)


_FOLLOW = {
    Step.AUTHORISE: _authorised,
    Step.CONFIRM: _confirmed,
    Step.WITHDRAW: _withdrawn,
    Step.CAPTURE: _captured,
    Step.VOID: _voided,
}
