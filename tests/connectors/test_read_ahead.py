"""Reading ahead gives what the source gives."""

import threading
from collections.abc import Iterator

import pytest

from hub.canonical.ids import Kind
from hub.connectors.kit.read_ahead import ReadAhead
from hub.errors import RetryLater
from hub.ports import Page


class Pages:
    system = "a"

    def __init__(self, count: int, *, broken: bool = False) -> None:
        self.count, self.broken, self.given = count, broken, 0

    def read(self, _kind: Kind, cursor: str | None) -> Iterator[Page]:
        for number in range(int(cursor or 0), self.count):
            self.given += 1
            yield Page((), str(number + 1))
        if self.broken:
            raise RetryLater("it broke off")


def reading() -> int:
    return sum(one.name == "read a" for one in threading.enumerate())


def test_the_pages_come_in_order_from_the_cursor_on():
    assert [page.cursor for page in ReadAhead(Pages(5)).read(Kind.PATIENT, "2")] == ["3", "4", "5"]
    assert reading() == 0


def test_an_error_comes_after_the_pages_before_it():
    pages = ReadAhead(Pages(2, broken=True)).read(Kind.PATIENT, None)
    assert [next(pages).cursor, next(pages).cursor] == ["1", "2"]
    with pytest.raises(RetryLater, match="it broke off"):
        next(pages)
    assert reading() == 0


def test_who_stops_in_the_middle_leaves_nothing_running():
    source = Pages(1000)
    pages = ReadAhead(source).read(Kind.PATIENT, None)
    next(pages)
    pages.close()
    assert reading() == 0
    assert source.given < 5
