"""Small servers that stand in for real systems in the demo and in tests: own process, own storage."""
