"""A system that exchanges files: CSV and XLSX, in a local folder or over SFTP, as its connection declares."""
