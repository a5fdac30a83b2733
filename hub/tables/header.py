"""The columns of a table, from its header or from whoever described it."""

from collections import Counter
from collections.abc import Sequence

from hub.errors import InvalidInput, Problem
from hub.tables.form import MOST_COLUMNS, TableForm


def columns_of(header: Sequence[str], form: TableForm, name: str) -> tuple[str, ...]:
    """The names, without the blanks around them; a column without one is called by its place: `column 3`.

    Raises:
        InvalidInput: there are none, too many, two of one name, or other ones than were described.
    """
    line = form.header_line or None
    if form.columns:
        if header and len(header) != len(form.columns):
            message = f"the file has {len(header)} columns, and {len(form.columns)} are described"
            raise InvalidInput(Problem(message, "bad_header", name, line, hint="Correct 'columns'"))
        return form.columns
    if not any(field.strip() for field in header):
        raise InvalidInput(Problem("the file has no header", "bad_header", name, line, hint="Export it again"))
    if len(header) > MOST_COLUMNS:
        message = f"the file has {len(header):,} columns; {MOST_COLUMNS:,} are borne"
        raise InvalidInput(Problem(message, "too_many_columns", name, line, hint="Export fewer columns"))
    names = tuple(field.strip() or f"column {place}" for place, field in enumerate(header, start=1))
    if len(set(names)) < len(names):
        twice = [one for one, times in Counter(names).items() if times > 1]
        raise InvalidInput(
            *(Problem(f"the column {one!r} stands twice", "bad_header", name, line, one, "Keep one") for one in twice)
        )
    return names


def wrong_width(found: int, wanted: int, name: str, line: int) -> Problem:
    """A row whose fields are not the header's."""
    hint = "If it is the last row, the file is cut off: export it again. Else look for a stray comma or quotation mark"
    return Problem(f"the row has {found} fields, the header {wanted}", "bad_csv", name, line, hint=hint)


def changed(name: str) -> InvalidInput:
    """Somebody wrote into the file."""
    hint = "Nothing of it was taken. Read it when whoever writes it is done"
    return InvalidInput(Problem("the file changed while it was read", "changed_while_read", name, hint=hint))


def without_end(name: str, line: int) -> InvalidInput:
    """A file whose last line has no end, though its files have one."""
    hint = (
        "The file looks cut off: export it again. "
        "Where its program never ends the last line, say 'ends_with_newline: false' of these files"
    )
    return InvalidInput(Problem("the last line has no end", "cut_off", name, line, hint=hint))
