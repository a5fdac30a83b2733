"""When an operation takes place: one clock for all who share the database."""

from datetime import datetime

from sqlalchemy import Connection

from hub.store.driver import Answer, defer


class Moment:
    """The moment at which a transaction began: asked when somebody needs it, unless it was heard before."""

    def __init__(self, connection: Connection, given: datetime | None = None) -> None:
        self.given = given
        """Another moment than the transaction's own, where the store has another clock."""
        self._connection = connection
        self._answer: Answer | None = None
        self._heard = given

    @property
    def now(self) -> datetime:
        """Aware."""
        if self._heard is None:
            self.ask()
            assert self._answer is not None
            self._heard = self._answer.rows[0]["now"]
        return self._heard

    def ask(self) -> None:
        """Ask for it with the next statement."""
        if self._heard is None and self._answer is None:
            self._answer = defer(self._connection, "SELECT now() AS now")

    def hear(self, now: datetime) -> None:
        """A statement that ran for another reason told it."""
        self._heard = self._heard or now
