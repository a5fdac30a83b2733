"""What systems post to the hub: whether it is theirs, and what it speaks of."""

from hub.connectors.kit.webhooks.events import read_events
from hub.connectors.kit.webhooks.request import WebhookRequest
from hub.connectors.kit.webhooks.signatures import verify

__all__ = ["WebhookRequest", "read_events", "verify"]
