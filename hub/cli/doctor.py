"""`hub doctor`: is everything right?"""

from typing import Annotated

import typer

from hub.cli.answers import AsJson


def doctor(
    *,
    ask: Annotated[bool, typer.Option("--ask/--no-ask", help="Also ask the connected systems.")] = True,
    as_json: AsJson = False,
) -> None:
    """Look at everything: settings, database, practice folder, connections, what waits; each a line with what to do.

    Exit codes: 0 all well, 3 something to look at, 1 something is wrong, 75 only what may be over later is wrong.
    """
    from hub.bootstrap.doctor import examine
    from hub.cli.checks import show
    from hub.settings import read_settings

    show(examine(read_settings(), ask=ask), as_json=as_json)
