"""Control totals: one SQL file a record kind, named after it, over the landed text and over the canonical records.

Each gives rows (side, dimension, value, number, minor): how many records, and how much money in cents (NULL: it is no
money), the landed text `said` there are, read by PostgreSQL alone (`hub.pipelines.landed_text`), or were `found` in the
hub. A kind whose file is there is proven and reported; nothing else names it.
"""

BOTH_SIDES = """
    SELECT dimension, coalesce(value, '') AS value,
        coalesce(sum(number) FILTER (WHERE side = 'said'), 0)::bigint AS said,
        coalesce(sum(number) FILTER (WHERE side = 'found'), 0)::bigint AS found,
        CASE WHEN count(minor) > 0 THEN coalesce(sum(minor) FILTER (WHERE side = 'said'), 0)::bigint END AS said_minor,
        CASE WHEN count(minor) > 0 THEN coalesce(sum(minor) FILTER (WHERE side = 'found'), 0)::bigint END AS found_minor
    FROM ({totals}) AS total (side, dimension, value, number, minor)
    GROUP BY 1, 2"""
"""Both sides of a total in one row."""
