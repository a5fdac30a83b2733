"""PostgreSQL: tables, migrations, the embedded server and the unit of work. The only dialect, and no twin in memory."""
