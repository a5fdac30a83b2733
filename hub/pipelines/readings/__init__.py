"""What several expectations and totals read, read once for all of them: one SQL file each, a temporary table as long as
the connection that validates lasts.

Only text is taken out of what landed, and nothing is made of it: one that cannot be read breaks the check that reads
it, and no other. A column that holds a text is named after it: who names `visit_state_text` is judged only where the
mapping table has such a text. A file reads `FROM :landed_visit AS visit`.
"""
