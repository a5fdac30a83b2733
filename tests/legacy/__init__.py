"""A seeded generator of legacy exports with the truth about every row. It shares no code with what reads them."""
