"""A first mapping table from a few records of a system, for a person to finish: `propose`.

By the names of keys and the shapes of values; every guess says in a comment what it rests on. No value of a record gets
into the text but words that are codes, and only those of fields that are not personal.
"""

from hub.mapping.proposal.propose import Proposal, propose

__all__ = ["Proposal", "propose"]
