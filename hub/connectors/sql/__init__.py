"""A system whose database is open to the hub: any that SQLAlchemy speaks to, as its connection declares."""
