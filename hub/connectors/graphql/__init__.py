"""Any system with a GraphQL API: its documents stand in the connection, or in files beside it."""
