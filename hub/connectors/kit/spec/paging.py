"""How a list is cut into pages, and how the next one is asked for.

`param` names a query parameter; in a call with a body the place in that body; in GraphQL a variable.
"""

from typing import Annotated, Literal

from pydantic import Field

from hub.connectors.kit.spec.declared import Declared, JsonPath


class Sized(Declared):
    """What most ways share."""

    size: int | None = Field(default=None, ge=1, le=10_000)
    """Records a page, asked for by `size_param`; without it the system's own."""
    size_param: str = "limit"


class ByCursor(Sized):
    """The answer holds a mark to be sent back."""

    by: Literal["cursor"]
    param: str = "cursor"
    next: JsonPath
    """Where the mark stands: `meta.next_cursor`; nothing there, or a blank: that was all."""
    more: JsonPath | None = None
    """Where a yes or no stands for systems that give a mark even at the end: `has_more`."""


class ByPage(Sized):
    """Pages are counted."""

    by: Literal["page"]
    param: str = "page"
    first: int = Field(default=1, ge=0, le=1)
    pages: JsonPath | None = None
    """Where the answer says how many pages there are."""
    total: JsonPath | None = None
    """Where it says how many records match. Without either, an empty page is the end."""


class ByOffset(Sized):
    """Records are counted."""

    by: Literal["offset"]
    param: str = "offset"
    first: int = Field(default=0, ge=0, le=1)
    """1 where the first record is number one."""
    size: int | None = Field(default=None, ge=2, le=10_000)
    """Two at least: each page begins with the last record of the one before, to see that nothing moved."""
    total: JsonPath | None = None
    """Where the answer says how many records match. Without it, an empty page is the end."""


class ByLink(Sized):
    """The header `Link: <…>; rel="next"`, RFC 8288."""

    by: Literal["link"]


class ByNextUrl(Sized):
    """The answer holds the next page's address, whole or from the root."""

    by: Literal["next_url"]
    next: JsonPath


class ByRelay(Sized):
    """Relay's connections: `edges { node }` and `pageInfo { hasNextPage endCursor }`; sizes are `first`."""

    by: Literal["relay"]
    connection: JsonPath
    """Where the connection stands in the answer: `data.clients`."""
    param: str = "after"
    size_param: str = "first"
    size: int | None = Field(default=50, ge=1, le=10_000)


class ByKeyset(Sized):
    """The next page begins after a value of the last record: `starting_after=…`."""

    by: Literal["keyset"]
    param: str
    value: JsonPath
    """Where the value stands in a record; the list is sorted by it and no two records share one."""
    more: JsonPath | None = None
    """Where a yes or no stands. Without it, an empty page is the end."""


Paging = Annotated[
    ByCursor | ByPage | ByOffset | ByLink | ByNextUrl | ByRelay | ByKeyset,
    Field(discriminator="by"),
]
