"""What is in a table that nobody has described: one pass over its rows, in bounded memory.

    profile = profile_table(table.name, table.columns, table.rows())
    references = find_references([profile, ...])

No value of a column that looks personal gets out: of those only shapes (`a9-999`) are shown.
"""

from hub.mapping.profile.column import ColumnProfile
from hub.mapping.profile.references import Reference, find_references
from hub.mapping.profile.table import TableProfile, profile_table

__all__ = ["ColumnProfile", "Reference", "TableProfile", "find_references", "profile_table"]
