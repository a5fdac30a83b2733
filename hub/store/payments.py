"""Payments: what is reserved, taken, given up, and to be given back."""

from collections.abc import Collection

from sqlalchemy import Connection, insert, text

from hub.canonical.money import Money
from hub.ports import DueDeposit
from hub.scheduling.pending import PaymentState
from hub.store.tables import payment_intent

_SAVE = text("""
    UPDATE payment_intent SET state = :state, reference = coalesce(:reference, reference), outcome = :outcome,
        updated_at = now()
    WHERE key = :key""")
# The deposit of the trip that the visit was booked in, if it was taken or is being taken, less what goes back already.
_LEFT = text("""
    SELECT p.currency, p.amount_minor - coalesce((
        SELECT sum(r.amount_minor) FROM payment_intent r
        WHERE r.kind = 'refund' AND r.visit_id = ANY(c.visit_ids)), 0) AS left_minor
    FROM pending_change c JOIN payment_intent p ON p.pending_id = c.id
    WHERE c.visit_ids && ARRAY[CAST(:visit_id AS text)] AND c.kind = 'book' AND c.stage = 'done'
    AND p.state IN ('authorised', 'captured')
    FOR UPDATE OF p""")

# Deposits that another system took, less what went back.
_ELSEWHERE = """
    SELECT p.visit_id, p.amount_currency AS currency, sum(p.amount_minor) AS paid_minor FROM payment p
    WHERE p.visit_id = ANY(:visits) AND p.kind IN ('deposit', 'refund') AND p.state = 'settled' GROUP BY 1, 2"""
# What is adopted is a sum: whoever adopts it waits for all who adopt for the same visit, in one order.
_LOCK_PAID = text("""
    SELECT id FROM visit WHERE id = ANY(:visits) AND state = 'booked' AND start > now() ORDER BY id
    FOR NO KEY UPDATE""")
_ADOPT = text(f"""
    UPDATE visit v SET deposit_minor = greatest(e.paid_minor, 0) FROM ({_ELSEWHERE}) e
    WHERE v.id = e.visit_id AND v.price_currency = e.currency AND v.state = 'booked' AND v.start > now()
    AND v.deposit_minor IS DISTINCT FROM greatest(e.paid_minor, 0)""")  # noqa: S608 fixed parts
_LEFT_ELSEWHERE = text(f"""
    SELECT e.currency, e.paid_minor - coalesce((
        SELECT sum(r.amount_minor) FROM payment_intent r WHERE r.kind = 'refund' AND r.visit_id = e.visit_id), 0)
        AS left_minor
    FROM ({_ELSEWHERE}) e WHERE e.paid_minor > 0""")  # noqa: S608 fixed parts
_REFUNDS = text("SELECT count(*) FROM payment_intent WHERE kind = 'refund' AND visit_id = :visit_id")


class SqlPaymentBook:
    """`hub.ports.PaymentBook`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, pending_id: int, deposit: DueDeposit) -> None:
        """See the port."""
        values = {"kind": "deposit", "pending_id": pending_id, "state": str(PaymentState.AUTHORISING)}
        self._connection.execute(insert(payment_intent), values | _amount(deposit.key, deposit.amount))

    def save(self, key: str, state: PaymentState, reference: str | None, outcome: str | None) -> None:
        """See the port."""
        values = {"key": key, "state": str(state), "reference": reference, "outcome": outcome}
        self._connection.execute(_SAVE, values)

    def adopt_deposits(self, visit_ids: Collection[str]) -> None:
        """See the port."""
        to_come = list(self._connection.execute(_LOCK_PAID, {"visits": list(visit_ids)}).scalars()) if visit_ids else []
        if to_come:
            self._connection.execute(_ADOPT, {"visits": to_come})

    def intend_refund(self, visit_id: str, amount: Money) -> Money | None:
        """See the port."""
        row = self._connection.execute(_LEFT, {"visit_id": visit_id}).one_or_none()
        row = row or self._connection.execute(_LEFT_ELSEWHERE, {"visits": [visit_id]}).first()
        if row is None or row.currency != amount.currency or row.left_minor <= 0 or amount.amount_minor <= 0:
            return None
        back = Money(amount_minor=min(amount.amount_minor, int(row.left_minor)), currency=amount.currency)
        values = {"kind": "refund", "visit_id": visit_id, "state": "intended"}
        earlier = self._connection.execute(_REFUNDS, {"visit_id": visit_id}).scalar_one()
        key = f"refund:{visit_id}:{earlier + 1}" if earlier else f"refund:{visit_id}"
        self._connection.execute(insert(payment_intent), values | _amount(key, back))
        return back


def _amount(key: str, amount: Money) -> dict[str, object]:
    return {"key": key, "amount_minor": amount.amount_minor, "currency": amount.currency}
