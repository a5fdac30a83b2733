"""Pure decisions on who may see, keep and pass on personal data."""
