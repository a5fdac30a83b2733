"""Where the next page is: a mark that can be kept, and asked for again by another process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin

import httpx

from hub.connectors.kit.http import Answer
from hub.connectors.kit.spec.paging import (
    ByCursor,
    ByKeyset,
    ByLink,
    ByNextUrl,
    ByOffset,
    ByPage,
    ByRelay,
    Paging,
)
from hub.connectors.kit.values import value_at


@dataclass(frozen=True, slots=True)
class PageMark:
    """One page of a list."""

    params: Mapping[str, Any] = field(default_factory=dict)
    url: str | None = None
    """The system's own link, instead of parameters."""
    count: int = 0
    """Records before it, as the system counts."""
    last: str | None = None
    """The id of the record before it."""

    def kept(self) -> dict[str, Any]:
        """As a cursor keeps it."""
        whole = {"params": dict(self.params), "url": self.url, "count": self.count, "last": self.last}
        return {key: value for key, value in whole.items() if value}


def first_mark(paging: Paging | None) -> PageMark:
    """The first page."""
    if isinstance(paging, ByPage | ByOffset):
        return PageMark({paging.param: paging.first})
    return PageMark()


def mark_at(paging: ByOffset, count: int, last: str | None) -> PageMark:
    """The page of a counted list that begins after so many records; it begins with the last one of those, to see that
    nothing moved over the edge.
    """
    return PageMark({paging.param: paging.first + max(count - 1, 0)}, count=count, last=last)


def next_mark(
    paging: Paging | None, mark: PageMark, answer: Answer, raw: Sequence[Any], last_id: str | None
) -> PageMark | None:
    """The page after this one; None: that was all."""
    body = answer.body
    seen = replace(mark, count=mark.count + len(raw), last=last_id or mark.last)
    match paging:
        case ByCursor():
            following = value_at(body, paging.next)
            is_over = following in (None, "") or (paging.more is not None and not value_at(body, paging.more))
            return None if is_over else replace(seen, params={paging.param: following})
        case ByPage():
            return _next_number(paging, seen, body, raw)
        case ByOffset():
            fresh = len(raw) - (1 if mark.count else 0)
            count = mark.count + fresh
            is_over = fresh <= 0 or _reached(count, value_at(body, paging.total) if paging.total else None)
            return None if is_over else mark_at(paging, count, seen.last)
        case ByLink():
            link = httpx.Response(200, headers={"link": answer.headers.get("link", "")}).links.get("next", {})
            return _linked(seen, answer, link.get("url"))
        case ByNextUrl():
            return _linked(seen, answer, value_at(body, paging.next))
        case ByRelay():
            info = value_at(body, f"{paging.connection}.pageInfo")
            has_more = isinstance(info, dict) and info.get("hasNextPage") is True and info.get("endCursor")
            return replace(seen, params={paging.param: info["endCursor"]}) if has_more else None
        case ByKeyset():
            value = value_at(raw[-1], paging.value) if raw and isinstance(raw[-1], dict) else None
            is_over = value is None or (paging.more is not None and not value_at(body, paging.more))
            return None if is_over else replace(seen, params={paging.param: value})
        case None:
            return None


def size_of(paging: Paging | None) -> dict[str, Any]:
    """The parameter that says how many records a page holds."""
    return {paging.size_param: paging.size} if paging is not None and paging.size is not None else {}


def _next_number(paging: ByPage, seen: PageMark, body: Any, raw: Sequence[Any]) -> PageMark | None:
    number = seen.params[paging.param]
    pages, total = (value_at(body, path) if path else None for path in (paging.pages, paging.total))
    is_last = isinstance(pages, int) and number - paging.first + 1 >= pages
    if not raw or is_last or _reached(seen.count, total):
        return None
    return replace(seen, params={paging.param: number + 1})


def _reached(count: int, total: Any) -> bool:
    return isinstance(total, int) and not isinstance(total, bool) and count >= total


def _linked(seen: PageMark, answer: Answer, link: Any) -> PageMark | None:
    if not isinstance(link, str) or not link:
        return None
    return replace(seen, params={}, url=urljoin(answer.url, link))
