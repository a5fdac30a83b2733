"""Scores of who may be one person: the one place that knows Splink and DuckDB, which load when they are asked."""

from hub.matching.likeness import SplinkLikeness

__all__ = ["SplinkLikeness"]
