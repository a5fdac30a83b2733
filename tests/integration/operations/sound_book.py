"""What must hold of the stored book at every instant, whoever writes: asked of PostgreSQL in one snapshot."""

from sqlalchemy import Engine, text

_RULES = {
    "a unit is claimed twice": """
        SELECT FROM claim a JOIN claim b ON a.unit_id = b.unit_id AND a.id < b.id AND a.during && b.during
        WHERE a.firm AND b.firm""",
    "a resource has more firm claims than units": """
        SELECT FROM claim c JOIN resource_unit u ON u.id = c.unit_id LEFT JOIN resource r ON r.id = u.owner_id
        WHERE c.firm AND u.owner_kind = 'resource' AND r.id IS NOT NULL AND u.number > r.capacity""",
    "a package is below zero": """
        SELECT FROM package p WHERE p.credits < (SELECT count(*) FROM package_use u WHERE u.package_id = p.id)""",
    "a lot is below zero": "SELECT FROM lot WHERE on_hand < 0",
    "what does not take place keeps its time": """
        SELECT FROM claim c JOIN visit v ON v.id = c.visit_id WHERE v.state IN ('cancelled', 'no_show')""",
    "what does not take place keeps its stock": """
        SELECT FROM stock_promise p JOIN visit v ON v.id = p.visit_id WHERE v.state NOT IN ('booked', 'arrived')""",
    "a firm visit is called contested, or the other way round": """
        SELECT FROM visit v WHERE v.contested <> EXISTS (SELECT FROM claim c WHERE c.visit_id = v.id AND NOT c.firm)""",
}
_ALL = text(" UNION ALL ".join(f"SELECT '{rule}' WHERE EXISTS ({query})" for rule, query in _RULES.items()))


def unsound(engine: Engine) -> list[str]:
    """The rules that are broken."""
    with engine.connect() as connection:
        return list(connection.execute(_ALL).scalars())
