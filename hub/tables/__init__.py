"""Tables that other programs leave: CSV, XLSX and JSON Lines as a stream with line numbers; and CSV written.

    with path.open("rb") as stream:
        table = open_table(stream, path.name, TableForm(encodings=("utf-8", "cp1252")))
        for row in table.rows():
            match row:
                case Row(line, values): ...      # column → text, unchanged
                case BadRow(line, problem): ...  # quarantine it, or refuse the whole: raise InvalidInput(problem)

One row at a time is in memory, and a row is bounded. What no row can be told from any more (a quotation that never
ends, a line that never ends, a file that changes while it is read) is one `InvalidInput`. Nothing is ever evaluated.
"""

from hub.tables.form import ANY_FORM, TableForm
from hub.tables.opening import open_table
from hub.tables.rows import BadRow, Row, Table
from hub.tables.writing import escaped, write_csv

__all__ = ["ANY_FORM", "BadRow", "Row", "Table", "TableForm", "escaped", "open_table", "write_csv"]
