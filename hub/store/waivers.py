"""What visits cost, and what of it was waived."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, text

from hub.scheduling.waivers import Owed

_LOAD = text("""
    SELECT id, coalesce(price_minor, 0) AS price_minor, coalesce(deposit_minor, 0) AS deposit_minor,
        deposit_waived_minor, coalesce(fee_minor, 0) AS fee_minor, fee_waived_minor, credit_lost, credit_waived
    FROM visit WHERE id = ANY(:ids)""")
_SAVE = text("""
    UPDATE visit SET deposit_waived_minor = :deposit, fee_waived_minor = :fee, credit_lost = :lost,
        credit_waived = :back, updated_at = now(), revision = revision + 1
    WHERE id = :id
    AND (deposit_waived_minor, fee_waived_minor, credit_lost, credit_waived) <> (:deposit, :fee, :lost, :back)""")
_CREDIT_BACK = text("DELETE FROM package_use WHERE visit_id = :id")


class SqlWaivers:
    """`hub.ports.Waivers`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def load(self, visit_ids: Collection[str]) -> dict[str, Owed]:
        """See the port."""
        rows = {row.id: row for row in self._connection.execute(_LOAD, {"ids": list(visit_ids)})}
        return {
            one: Owed(
                price_minor=row.price_minor,
                deposit_minor=row.deposit_minor,
                deposit_waived_minor=row.deposit_waived_minor,
                fee_minor=row.fee_minor,
                fee_waived_minor=row.fee_waived_minor,
                is_credit_lost=row.credit_lost,
                is_credit_waived=row.credit_waived,
            )
            for one in dict.fromkeys(visit_ids)
            if (row := rows.get(one)) is not None
        }

    def save(self, owed: Mapping[str, Owed]) -> None:
        """See the port."""
        for visit_id, one in owed.items():
            values = {"id": visit_id, "deposit": one.deposit_waived_minor, "fee": one.fee_waived_minor}
            values |= {"lost": one.is_credit_lost, "back": one.is_credit_waived}
            self._connection.execute(_SAVE, values)
            if one.is_credit_waived:
                self._connection.execute(_CREDIT_BACK, {"id": visit_id})
