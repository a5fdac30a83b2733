"""The export of an old practice-management system: a folder of CSV files, read whole or not at all."""
