"""The nouns: frozen models every other part speaks in. No I/O, no framework but pydantic."""
