"""What a person's word makes of a change that nobody who was asked decides, and whether they say otherwise later."""

from dataclasses import dataclass
from enum import StrEnum

from hub.scheduling.pending import Answer, Stage, Standing, Step, find_steps, follow


class Verdict(StrEnum):
    """What a person found out."""

    STANDS = "stands"
    """It is there as it was asked for."""
    DID_NOT_HAPPEN = "did_not_happen"
    """It is not there, and will not be."""


_ANSWERS = {
    Verdict.STANDS: {Step.AUTHORISE: Answer.YES, Step.CONFIRM: Answer.YES, Step.CAPTURE: Answer.YES},
    Verdict.DID_NOT_HAPPEN: {
        Step.AUTHORISE: Answer.NO,
        Step.CONFIRM: Answer.NO,
        Step.CAPTURE: Answer.NO,
        Step.WITHDRAW: Answer.YES,
        Step.VOID: Answer.YES,
    },
}
"""What was given up is never promised again: of what is to be taken back nobody says that it stands."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A change as a person's word leaves it."""

    step: Step
    """What was asked and not answered."""
    answer: Answer
    """What the word stands for."""
    standing: Standing


def open_step(standing: Standing) -> Step | None:
    """What a person could answer: the vendor's word before the money."""
    steps = find_steps(standing)
    return steps[-1] if steps else None


def settle_by_hand(standing: Standing, verdict: Verdict, *, in_time: bool = True) -> Settled | None:
    """None: there is nothing that this word could answer."""
    step = open_step(standing)
    answer = _ANSWERS[verdict].get(step) if step is not None else None
    if step is None or answer is None:
        return None
    return Settled(step, answer, follow(standing, step, answer, in_time=in_time))


def expects_there(standing: Standing, *, is_cancellation: bool) -> bool:
    """Whether the vendor should have it, as the person's word left it."""
    return (standing.stage is Stage.RELEASED) if is_cancellation else (standing.stage is Stage.DONE)
