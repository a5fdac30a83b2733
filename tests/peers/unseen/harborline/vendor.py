"""Harborline Front Desk: a program that knows nothing but the files it leaves and the files it finds."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

from openpyxl import Workbook

GUEST = ("Guest No", "First", "Last", "Cell", "Mail", "Status", "Changed", "Partner Ref")
LINE = ("Day Sheet", "Line", "Guest No", "What", "Who", "Day", "From", "To", "State", "Partner Ref")


@dataclass
class Harborline:
    """Its folder, its guests by number and its book by day sheet and line."""

    folder: Path
    guests: dict[str, dict[str, str]] = field(default_factory=dict)
    book: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    exports: int = 0
    taken: list[str] = field(default_factory=list)
    """The keys of what it found in `in`."""

    def add_guest(self, first: str, last: str, cell: str) -> str:
        number = f"G{len(self.guests) + 1:03}"
        self.guests[number] = dict(
            zip(GUEST, (number, first, last, cell, "", "open", "05.01.2026 16:00", ""), strict=True)
        )
        return number

    def add_line(self, *values: str) -> None:
        self.book[values[0], values[1]] = dict(zip(LINE, values, strict=True))

    def leave_guests(self, *, whole: bool = True) -> Path:
        self.exports += 1
        out = self.folder / "out" / f"guests_{self.exports:04}.csv"
        out.parent.mkdir(parents=True, exist_ok=True)
        lines = [";".join(GUEST), *(";".join(guest[name] for name in GUEST) for guest in self.guests.values())]
        out.write_bytes("\r\n".join(["Harborline Front Desk", *lines, ""]).encode("cp1252"))
        if whole:
            out.with_name(f"{out.name}.ok").touch()
        return out

    def leave_book(self) -> None:
        self.exports += 1
        book = Workbook()
        sheet = book.create_sheet("Book")
        sheet.append(LINE)
        for line in self.book.values():
            sheet.append([line[name] for name in LINE])
        (self.folder / "out").mkdir(parents=True, exist_ok=True)
        book.save(self.folder / "out" / f"book_{self.exports:04}.xlsx")

    def take_in(self) -> None:
        """Guests and lines by its own number, else by the partner's reference, else as new ones."""
        for file in sorted((self.folder / "in").glob("guests-*.csv")):
            for row in self._rows(file, ";"):
                self.taken.append(row.pop("Partner Key"))
                number = row["Guest No"] or self._known(row["Partner Ref"]) or self.add_guest("", "", "")
                self.guests[number] |= row | {"Guest No": number}
        for file in sorted((self.folder / "in").glob("book-*.csv")):
            for row in self._rows(file, ","):
                known = next((key for key, one in self.book.items() if one["Partner Ref"] == row["Partner Ref"]), None)
                place = (row["Day Sheet"], row["Line"]) if row["Line"] else known or (row["Day"], f"P{len(self.book)}")
                self.book[place] = row | {"Day Sheet": place[0], "Line": place[1]}

    def _known(self, reference: str) -> str | None:
        return next((number for number, one in self.guests.items() if one["Partner Ref"] == reference), None)

    def _rows(self, file: Path, delimiter: str) -> list[dict[str, str]]:
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter=delimiter))
        file.unlink()
        return rows
