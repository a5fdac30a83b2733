"""`hub notes`: which notes are at hand for a visit."""

from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.answers import AsJson, refused, tell

if TYPE_CHECKING:
    from hub.canonical.chart import Document


def _day(note: "Document") -> str:
    return note.written_at.date().isoformat() if note.written_at else "no date"


def notes(*, visit: Annotated[str, typer.Argument(help="A visit's id in the hub.")], as_json: AsJson = False) -> None:
    """List the notes about a visit's patient: what they are, from when, and where to open them."""
    from hub.bootstrap import open_hub
    from hub.operations.find_notes import find_notes
    from hub.scheduling.decision import Refusal
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        found = find_notes(hub.store, visit, actor="desk")
        if isinstance(found, Refusal):
            raise refused(found, as_json=as_json)
        rows = [
            {
                "id": one.id,
                "kind": one.kind,
                "written_at": one.written_at.isoformat() if one.written_at else None,
                "of_this_visit": one.visit_id == visit,
                "reference": one.reference,
            }
            for one in found
        ]
        lines = [f"{_day(one):10}  {one.kind}  {one.reference}" for one in found]
        tell({"notes": rows}, lines or ["no notes are at hand"], as_json=as_json)
