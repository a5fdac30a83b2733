"""Any system with a REST API: what it is like is said in the connection."""
