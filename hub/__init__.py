"""The integration hub a medical spa runs on. ARCHITECTURE.md names every folder and the life of one booking."""
