"""Repair of a day: what no longer fits is placed anew, with as little change as can be."""
