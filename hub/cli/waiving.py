"""`hub waive`: let a patient off a fee or a deposit."""

from typing import Annotated, Literal

import typer

from hub.cli.answers import AsJson, refused, tell
from hub.cli.asking import Reason, Role

Ids = Annotated[list[str], typer.Argument(metavar="VISIT", help="One visit, or the parts of a trip.")]
What = Annotated[Literal["fee", "deposit"], typer.Option(help="What is waived.")]
Amount = Annotated[int | None, typer.Option(min=1, help="In minor units; default: all of it, a lost credit too.")]


def waive(
    *,
    ids: Ids,
    what: What = "fee",
    amount: Amount = None,
    role: Role = None,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Waive a fee that was charged or a deposit that is due, as far as the policy lets the role; say what is left."""
    from hub.bootstrap import open_hub
    from hub.scheduling.decision import Refusal
    from hub.scheduling.waivers import WaiverRequest
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        done = hub.desk.waive(ids, WaiverRequest(what, role, reason, amount), actor="desk")
        if isinstance(done, Refusal):
            raise refused(done, as_json=as_json)
        settled = done.settlement
        answer = {"waived": done.waived_minor, "deposit": done.deposit_minor}
        answer |= {"fee": settled.fee, "refund": settled.refund, "due": settled.due} if what == "fee" else {}
        tell(answer, [", ".join(f"{key} {amount}" for key, amount in answer.items())], as_json=as_json)
