"""What other systems post to the hub, judged by their connections and kept."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from hub.bootstrap.practice_folder import PracticeFolder
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.secret_store import SecretStore
from hub.connectors.kit.webhooks import WebhookRequest, read_events, verify
from hub.errors import InvalidInput
from hub.operations.receive_webhook import Stale, receive_webhook
from hub.ports import Store


class Answer(StrEnum):
    """What becomes of a message."""

    KEPT = "kept"
    UNKNOWN = "unknown"
    """No connection of that name takes webhooks."""
    NOT_THEIRS = "not_theirs"
    """Nothing shows that the system sent it."""
    STALE = "stale"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Doorbell:
    """The webhooks of all connections."""

    store: Store
    folder: PracticeFolder
    secrets_of: Callable[[Connection], SecretStore]

    @property
    def systems(self) -> tuple[str, ...]:
        """Those that ring."""
        return tuple(name for name, each in self.folder.connections.items() if each.webhooks is not None)

    def knows(self, system: str) -> bool:
        """Whether a system of that name rings."""
        return system in self.systems

    def receive(self, system: str, request: WebhookRequest) -> Answer:
        """Keep what a message speaks of.

        Raises:
            NeedsAttention: the connection's key is not there.
            RetryLater: the database does not answer.
        """
        connection = self.folder.connections.get(system)
        if connection is None or connection.webhooks is None:
            return Answer.UNKNOWN
        if not request.body.strip():
            return Answer.KEPT  # a ping; some are not signed, and there is nothing in it
        verified = verify(request, connection.webhooks, self.secrets_of(connection))
        if verified is None:
            return Answer.NOT_THEIRS
        try:
            events = read_events(request, connection.webhooks)
        except InvalidInput:
            return Answer.UNREADABLE
        kept = receive_webhook(system, events, self.store, signed_at=verified.signed_at, window=verified.window)
        return Answer.STALE if isinstance(kept, Stale) else Answer.KEPT
