"""`hub tend`: what time alone asks for, once or again and again."""

import json
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hub.operations.tend_book import Tended


def tend(
    *,
    every: Annotated[
        float | None, typer.Option(min=1, metavar="SECONDS", help="Again and again, until Ctrl-C; default: once.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a round.")] = False,
) -> None:
    """Settle undecided bookings, offer what was freed, end holds and opened vials that are over.

    What batches of a moved history changed is forgotten after HUB_ROLLBACK_DAYS.
    Whoever serves (`hub serve`, `hub up`) does it already, every half minute. Several may do it at once.
    """
    from hub.bootstrap import open_hub
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        while True:
            told = _told(hub.desk.tend())
            if every is None or any(told.values()):
                typer.echo(json.dumps(told) if as_json else _line(told))
            if every is None:
                return
            try:
                Event().wait(every)
            except KeyboardInterrupt:
                return


def _told(done: "Tended") -> dict[str, Any]:
    return {
        "booked": done.settled.done,
        "released": done.settled.released,
        "undecided": done.settled.waiting,
        "offers": len(done.offers),
        "expired_holds": done.expired,
        "lapsed_vials": done.stock.lapsed,
        "forgotten_batches": done.forgotten,
    }


def _line(told: dict[str, Any]) -> str:
    said = [f"{count} {what.replace('_', ' ')}" for what, count in told.items() if count]
    return ", ".join(said) + "." if said else "Nothing was due."
