"""Keep what a system rang for, and answer at once: the work comes after."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.ports import Store
from hub.ports.inbox import Received, WebhookEvent


@dataclass(frozen=True, slots=True)
class Stale:
    """It was signed too long ago, or too far ahead: perhaps somebody sends it again who overheard it."""


def receive_webhook(
    system: str,
    events: Sequence[WebhookEvent],
    store: Store,
    *,
    signed_at: datetime | None = None,
    window: timedelta | None = None,
) -> Received | Stale:
    """Keep the events of a message whose signature is right; the same event twice is one.

    Args:
        system: whose they are.
        events: in the order sent.
        store: whose clock says how old the signature is.
        signed_at: None where the scheme says nothing of it.
        window: so far from now that may be, before and after.
    """
    with store.begin("receive_webhook") as work:
        if signed_at is not None and window is not None and abs(work.now - signed_at) > window:
            return Stale()
        return work.inbox.receive(system, events)
