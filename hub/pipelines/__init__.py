"""Tracked runs: Dagster moves the records, Great Expectations proves imported history. Nobody else imports them."""
