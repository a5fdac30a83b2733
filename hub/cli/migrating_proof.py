"""`hub migrate verify`, `report` and `sign`: what was moved, proven, shown to its owner and signed for."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.answers import AsJson, tell
from hub.cli.paths import path_said

if TYPE_CHECKING:
    from hub.bootstrap.migration_folder import MigrationFolder
    from hub.settings import Settings

Folder = Annotated[
    Path, typer.Argument(parser=path_said, metavar="[FOLDER]", help="The migration folder; without it, this one.")
]


def verify(folder: Folder = Path(), as_json: AsJson = False) -> None:
    """Prove the moved history, check by check, and keep the result; signature and cut-over wait for what fails."""
    prove(folder, as_json=as_json)


def prove(folder: Path, environment: Mapping[str, str] | None = None, *, as_json: bool = False) -> None:
    """In a process of its own: only the pipelines load Great Expectations.

    Args:
        folder: of the migration.
        environment: what that process shall find otherwise than this one, such as another database.
        as_json: tell it as one JSON object.

    Raises:
        Exit: a check failed that nobody accepted, or it could not be proven; why was told.
    """
    from hub.cli.processes import Processes
    from hub.settings import read_settings

    with Processes(read_settings().home, environment or {}) as processes:
        code = processes.run("hub.pipelines", "prove", str(folder), *(["--json"] if as_json else []))
    if code:
        raise typer.Exit(code)


def report(
    to: Annotated[Path, typer.Option("--to", parser=path_said, metavar="FILE", help="The HTML file to write.")],
    folder: Folder = Path(),
    seed: Annotated[str, typer.Option(help="Of the samples that are drawn by lot.")] = "1",
    as_json: AsJson = False,
) -> None:
    """Write one HTML file that a practice's owner reads and signs. It names no patient."""
    from hub.bootstrap.migrating import open_store
    from hub.cli.history_report import Report, render_report
    from hub.errors import NeedsAttention, Problem
    from hub.store.history_report import load_history_details

    settings, read = _read(folder)
    system = read.file.system
    with open_store(settings) as (store, engine), store.begin("report_history") as work, engine.connect() as reading:
        head = next((one for one in work.migrations.find_heads() if one.system == system), None)
        if head is None:
            hint = "`hub migrate run FOLDER --source DIR` moves it"
            raise NeedsAttention(Problem(f"the history of {system} is not here yet", "not_moved", hint=hint))
        made = Report(
            head=head,
            files=work.migrations.account(system),
            proof=work.verifications.find_last(system),
            details=load_history_details(reading, head, seed),
            signature=next(iter(work.verifications.find_signatures(system)), None),
            data_hash=work.verifications.hash_data(),
            made_at=work.now,
            seed=seed,
        )
    to.write_text(render_report(made), encoding="utf-8")
    said = f"{to} is written. {'It is verified.' if made.is_proven else 'It is NOT verified; it says why.'}"
    tell({"wrote": to, "verified": made.is_proven, "data_hash": made.data_hash}, [said], as_json=as_json)


def sign(
    name: Annotated[str, typer.Option("--name", help="Of the person who answers for it.")],
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Sign for the history as it was verified; refused while a check fails or when the data changed since."""
    from hub.bootstrap.migrating import open_store
    from hub.operations.migration.judge_history import sign_history

    settings, read = _read(folder)
    with open_store(settings) as (store, _engine), store.begin("sign_history") as work:
        signature = sign_history(work, read.file.system, name)
    lines = [
        f"Signed by {signature.name} at {signature.signed_at:%Y-%m-%d %H:%M %Z}.",
        f"It speaks of the data with the hash {signature.data_hash}, and of no other.",
    ]
    answer = {"name": signature.name, "signed_at": signature.signed_at, "data_hash": signature.data_hash}
    tell(answer, lines, as_json=as_json)


def _read(folder: Path) -> "tuple[Settings, MigrationFolder]":
    from hub.bootstrap.migration_folder import read_migration_folder
    from hub.settings import read_settings

    settings = read_settings()
    return settings, read_migration_folder(folder, settings)
