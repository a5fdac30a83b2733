"""The use cases, one a file: each reads, lets pure rules decide, and writes, in one transaction."""
