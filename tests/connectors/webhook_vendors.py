"""The vendors' blocks of docs/webhooks.md, as a connection's file would hold them."""

import re
from functools import cache
from pathlib import Path

from hub.connectors.kit.secret_store import SecretStore
from hub.connectors.kit.spec.webhooks import Webhooks
from hub.connectors.kit.webhooks import WebhookRequest
from hub.documents import parse

PAGE = Path(__file__).parents[2] / "docs" / "webhooks.md"
NOWHERE = Path("/nonexistent")


@cache
def blocks() -> list[str]:
    """Every YAML block of the page."""
    return re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@cache
def vendors() -> dict[str, Webhooks]:
    """By vendor, each read as a connection's own block is."""
    document = parse(blocks()[1], "docs/webhooks.md")
    read = {}
    for name, block in document.value.items():
        read[name] = Webhooks.model_validate(block)
        assert list(read[name].find_problems()) == [], name
    return read


def secrets(**environment: str) -> SecretStore:
    """A store that knows these."""
    return SecretStore(NOWHERE, environment, "connections/vendor.yaml")


def posted(body: bytes, query: str = "", **headers: str) -> WebhookRequest:
    """A message; underscores of a header's name stand for dashes."""
    return WebhookRequest(
        "POST", query, {name.replace("_", "-").lower(): value for name, value in headers.items()}, body
    )
