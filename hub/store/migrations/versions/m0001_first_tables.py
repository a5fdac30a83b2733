"""The first tables, and the role the application works as."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Forward only: what is deployed is mended by a further step."""
    folder = Path(__file__).parent
    for name in ("m0001_role.sql", "m0001_tables.sql", "m0001_grants.sql"):
        statements = (folder / name).read_text(encoding="utf-8")
        op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})
