"""Control totals: one SQL file a record kind, named after it, over the landed text and over the canonical records.

Each gives rows (dimension, value, said, found, said_minor, found_minor): how many records, and how much money in cents,
the landed text says there are, read by PostgreSQL alone (`hub.pipelines.landed_text`), and how many stand in the hub. A
kind whose file is there is proven and reported; nothing else names it.
"""
