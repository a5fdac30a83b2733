"""How a declared call reaches its system: what REST and GraphQL do each in their own way."""

from collections.abc import Mapping
from typing import Any, Protocol

from hub.connectors.kit.http import Answer
from hub.connectors.kit.spec.reading import Call

GOOD = frozenset({200, 201, 202, 204})


class Caller(Protocol):
    """One system."""

    def send(
        self,
        call: Call,
        values: Mapping[str, Any],
        params: Mapping[str, Any] | None = None,
        *,
        url: str | None = None,
        headers: Mapping[str, str] | None = None,
        accept: frozenset[int] = GOOD,
        repeatable: bool = True,
        writes: bool = False,
    ) -> Answer:
        """Make the call.

        Args:
            call: as declared.
            values: by the names that it may use.
            params: further parameters, where the call says that parameters stand.
            url: instead of the call's own address and parameters: the system's link to the next page.
            headers: further ones.
            accept: statuses that are answers.
            repeatable: doing it twice does no harm.
            writes: what the system says against it is said against a record.

        Raises:
            RetryLater, NeedsAttention, RecordRejected, Conflict: as `hub.connectors.kit.http.HttpClient.request`.
        """
        ...

    def absolute(self, url: str) -> str:
        """A link of the system's, whole.

        Raises:
            NeedsAttention: it leads to another server.
        """
        ...
