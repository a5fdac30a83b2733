"""`hub migrate tell`: what other systems are to know of a moved history, listed first and sent on purpose."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.answers import AsJson, tell
from hub.cli.migrating_run import Folder

if TYPE_CHECKING:
    from hub.operations.migration.tell_others import Untold

By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who answers for it; with it they are told.")]
Only = Annotated[list[str] | None, typer.Option("--to", metavar="SYSTEM", help="Only this connection; repeatable.")]
Whole = Annotated[bool, typer.Option("--whole", help="All of it, not only bookings to come and their patients.")]
SHOWN = 10
"""How many ids of a kind stand in the text; all are in the JSON."""


def tell_(folder: Folder, by: By = "", to: Only = None, whole: Whole = False, as_json: AsJson = False) -> None:
    """List which bookings to come, and whose, the connected systems do not know yet; with --by they are told.

    Moving a history tells nobody. Who was told once, or knows the record already, is not told again.
    """
    from hub.bootstrap.connected_systems import told_by
    from hub.bootstrap.migrating import open_store
    from hub.bootstrap.migration_folder import read_migration_folder
    from hub.bootstrap.practice_folder import read_named_practice
    from hub.operations.migration.tell_others import find_untold, tell_others
    from hub.settings import read_settings

    settings = read_settings()
    system = read_migration_folder(folder, settings).file.system
    practice = read_named_practice(settings)
    chosen = {one: practice.connection(one) for one in to or practice.connections}
    told = told_by(chosen.values())
    with open_store(settings) as (store, _engine):
        if by:
            found = tell_others(store, system, told, by, whole=whole)
        else:
            with store.begin("find_untold") as work:
                found = find_untold(work, system, told, whole=whole)
    answer = [{"connection": one.connection, "kind": one.kind, "ids": list(one.ids)} for one in found]
    tell({"told": bool(by), "records": answer}, _lines(found, is_told=bool(by)), as_json=as_json)


def _lines(found: "Sequence[Untold]", *, is_told: bool) -> Iterator[str]:
    for one in found:
        yield f"{one.connection}: {len(one.ids)} of kind {one.kind}"
        yield from (f"  {id_}" for id_ in one.ids[:SHOWN])
        if len(one.ids) > SHOWN:
            yield f"  and {len(one.ids) - SHOWN} more: --json lists all"
    if not found:
        yield "There is nothing that they were not told of."
    elif is_told:
        yield "They wait for `hub push`."
    else:
        yield "Nobody was told. Add --by NAME to leave word for them."
