"""`hub migrate fetch`: what a connected system holds, as the files of an export."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.answers import AsJson, tell
from hub.cli.paths import path_said

if TYPE_CHECKING:
    from hub.canonical.ids import Kind

System = Annotated[str, typer.Argument(help="The connection's name: a file of the practice's connections/ folder.")]
To = Annotated[
    Path, typer.Option("--to", parser=path_said, metavar="DIR", help="Where the files are written; they are personal.")
]


def fetch(system: System, to: To, as_json: AsJson = False) -> None:
    """Read all that a connection tells, of a database, an interface or files, into DIR: a `--source` for the rest.

    Nothing is taken into the hub. `migration.yaml` names the files: `visit.ndjson`, with `id` or whatever is the key.
    """
    from hub.bootstrap import open_hub
    from hub.bootstrap.fetched_files import fetch_history
    from hub.bootstrap.practice_folder import read_named_practice
    from hub.settings import read_settings

    settings = read_settings()
    with open_hub(settings, read_named_practice(settings)) as hub:
        kinds = hub.exchange.kinds(system)
        hub.exchange.check_agreement(system, kinds)
        with hub.systems.open_source(system) as source:
            files = fetch_history(source, kinds, to, _tell_progress)
    answer = [{"file": file, "records": count} for file, count in files.items()]
    tell({"wrote": answer}, [f"{file}: {count} records" for file, count in files.items()], as_json=as_json)


def _tell_progress(kind: "Kind", count: int) -> None:
    typer.echo(f"  {kind}: {count} read", err=True)
