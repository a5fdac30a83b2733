"""Pure decisions about records of other systems: which version counts, which services are one, who overlaps whom."""
