"""Scenario files: a practice, a moment, what is asked of it and what must come out (docs/scenario-format.md)."""
