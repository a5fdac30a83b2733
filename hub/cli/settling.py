"""`hub settle`: say what became of what another system left undecided."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hub.cli.answers import AsJson, refused, tell
from hub.cli.asking import Reason, Role

if TYPE_CHECKING:
    from hub.ports import Pending

Visit = Annotated[str | None, typer.Argument(metavar="VISIT", help="Of what is undecided; default: list it all.")]
Word = Annotated[Literal["stands", "did-not-happen"] | None, typer.Argument(help="What you found out there.")]


def settle(
    *, visit: Visit = None, word: Word = None, role: Role = None, reason: Reason = None, as_json: AsJson = False
) -> None:
    """List what is undecided: since when, what was asked of whom. With a visit, settle it: by role and with a reason.

    Whoever was asked is asked once more first, and what they say counts. The policy's `settles` names the roles.
    """
    from hub.bootstrap import open_hub
    from hub.errors import InvalidInput, Problem
    from hub.operations.settle_by_hand import Word as PersonsWord
    from hub.scheduling.by_hand import Verdict
    from hub.scheduling.decision import Refusal
    from hub.settings import read_settings

    if (visit is None) != (word is None):
        hint = "Such as `hub settle vis_1 stands --role owner --reason WORD`"
        raise InvalidInput(Problem("what became of it?", field="settle", hint=hint))
    with open_hub(read_settings()) as hub:
        if visit is None or word is None:
            waiting = hub.desk.find_unsettled()
            lines = [_line(one) for one in waiting] or ["Nothing is undecided."]
            tell({"undecided": [as_told(one) for one in waiting]}, lines, as_json=as_json)
            return
        verdict = Verdict(word.replace("-", "_"))
        done = hub.desk.settle(visit, PersonsWord(verdict, "desk", role, reason))
        if isinstance(done, Refusal):
            raise refused(done, as_json=as_json)
        tell(as_told(done), [f"{visit}: {done.standing.stage}"], as_json=as_json)


def as_told(pending: "Pending") -> dict[str, Any]:
    """One change, for JSON."""
    return {
        "visits": list(pending.visit_ids),
        "kind": pending.kind,
        "asked": [str(one) for one in _steps(pending)],
        "of": pending.connection or "payments",
        "stage": str(pending.standing.stage),
        "payment": str(pending.standing.payment) if pending.standing.payment else None,
        "since": _when(pending.begun_at),
        "attempts": pending.attempts,
        "code": pending.outcome,
    }


def _line(pending: "Pending") -> str:
    said = f": {pending.outcome}" if pending.outcome else ""
    asked = " and ".join(str(one) for one in _steps(pending))
    who = pending.connection or "payments"
    return f"{pending.visit_ids[0]}  {pending.kind}, {asked} asked of {who} since {_when(pending.begun_at)}{said}"


def _steps(pending: "Pending") -> tuple[Any, ...]:
    from hub.scheduling.pending import find_steps

    return find_steps(pending.standing)


def _when(at: datetime) -> str:
    return at.isoformat(timespec="minutes")
