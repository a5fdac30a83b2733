"""A system that leads on and on to nothing new is left with one message; a long way through what is new is not."""

from typing import Any

import pytest

from hub.canonical.ids import Kind
from hub.errors import NeedsAttention, RetryLater, only_reasons
from hub.ports import Page
from tests.connectors.paged_clinic import NOW, Clinic, ids, reading, row

ON = {"hasNextPage": True, "endCursor": "x"}


@pytest.mark.parametrize("way", ["page", "offset", "cursor", "link", "next_url", "relay", "keyset"])
def test_a_system_that_gives_the_same_page_for_ever_is_a_circle_and_is_left(way):
    clinic = Clinic(way, [row(n) for n in range(23)])
    stuck = {
        "page": lambda rows, _q, size: ({"rows": rows[:size], "total": 99}, None),
        "offset": lambda rows, _q, size: ({"rows": rows[:size], "total": 99}, None),
        "cursor": lambda rows, _q, size: ({"rows": rows[:size], "next": "again"}, None),
        "link": lambda rows, _q, size: (rows[:size], "/clients?p=5"),
        "next_url": lambda rows, _q, size: ({"rows": rows[:size], "links": {"next": "/clients?p=5"}}, None),
        "relay": lambda rows, _q, size: ({"data": {"edges": [{"node": r} for r in rows[:size]], "pageInfo": ON}}, None),
        "keyset": lambda rows, _q, size: ({"rows": rows[:size], "more": True}, None),
    }[way]
    setattr(clinic, f"_{way}", stuck)
    with reading(clinic) as (source, server):
        taken: list[Page] = []
        with pytest.raises((NeedsAttention, RetryLater)) as caught:
            taken.extend(source.read(Kind.PATIENT, None))
        assert only_reasons(caught.value.problems)[0] in ("page_loop", "restless")
        assert caught.value.problems[0].hint
        assert len(server.asked) <= 120


NOWHERE = [[], [row(1)], [{"changed": 1}], ["junk"]]
"""What stands on every page there: nothing, what was seen, what says not who it is, what is no record."""


@pytest.mark.parametrize("page", NOWHERE, ids=["empty", "seen", "nameless", "junk"])
@pytest.mark.parametrize("way", ["cursor", "link", "next_url"])
def test_ever_new_marks_that_lead_nowhere_end_with_one_message(way: str, page: list[Any]):
    clinic = Clinic(way)

    def lead_on(*_: Any) -> tuple[Any, str | None]:
        following = f"/clients?p={clinic.pages}" if clinic.pages < 300 else None
        if way == "link":
            return page, following
        return {"rows": page, "next": following, "links": {"next": following}}, None

    setattr(clinic, f"_{way}", lead_on)
    with reading(clinic) as (source, _), pytest.raises(NeedsAttention) as caught:
        list(source.read(Kind.PATIENT, None))
    assert only_reasons(caught.value.problems) == ("page_loop",)


@pytest.mark.parametrize("page", NOWHERE, ids=["empty", "seen", "nameless", "junk"])
@pytest.mark.parametrize("way", ["link", "next_url"])
def test_links_that_lead_nowhere_in_the_careful_round_end_with_one_message(way: str, page: list[Any]):
    clinic = Clinic(way, [row(1), row(2, int(NOW) + 5)], cap=1)
    whole = getattr(clinic, f"_{way}")

    def lead_on(rows: list[Any], query: dict[str, str], size: int) -> tuple[Any, str | None]:
        if clinic.pages <= 2:
            return whole(rows, query, size)
        following = f"/clients?p={clinic.pages}" if clinic.pages < 800 else None
        return (page, following) if way == "link" else ({"rows": page, "links": {"next": following}}, None)

    setattr(clinic, f"_{way}", lead_on)
    with reading(clinic) as (source, _), pytest.raises(NeedsAttention) as caught:
        list(source.read(Kind.PATIENT, None))
    assert only_reasons(caught.value.problems) == ("page_loop",)
    assert clinic.pages > 2, "the second round was reached"


def test_many_pages_of_records_that_hold_none_of_ours_are_no_circle():
    clinic = Clinic("cursor", [{**row(n), "lines": []} for n in range(60)] + [{**row(60), "lines": [{"line": 1}]}])
    each = {"path": "lines", "parent": "sale"}
    with reading(clinic, each=each, id=["sale.id", "line"], modified="sale.changed") as (source, _):
        assert ids(list(source.read(Kind.PATIENT, None))) == {"c060/1"}
