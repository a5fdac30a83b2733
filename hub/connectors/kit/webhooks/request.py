"""A request as it came."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """What a system posted; its body is personal."""

    method: str
    query: str
    """Of the address, without its question mark."""
    headers: Mapping[str, str] = field(repr=False)
    """By name in lower case; of one that comes twice the last."""
    body: bytes = field(repr=False)

    @property
    def form(self) -> list[tuple[str, str]]:
        """The fields of a form, in the order sent; none where the body is something else."""
        try:
            return parse_qsl(self.body.decode(), keep_blank_values=True)
        except ValueError:
            return []
