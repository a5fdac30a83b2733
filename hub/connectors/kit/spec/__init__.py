"""The blocks of a connection file, one a module: what may be said, and nothing of how it is done."""
