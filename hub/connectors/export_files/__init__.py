"""Files that another system left: tables in a folder, by the layout that a migration declares."""
