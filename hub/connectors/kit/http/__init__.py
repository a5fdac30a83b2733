"""HTTP outward: time limits, retries for what may be repeated, and every failure as an error that says what to do.

Connectors speak through this client only. No message holds a body, a query or a header: those may be personal.
"""

from hub.connectors.kit.http.addresses import address_of, is_same_origin, place
from hub.connectors.kit.http.answers import Answer, sent_at
from hub.connectors.kit.http.client import Authorizer, HttpClient, Limits
from hub.connectors.kit.http.gate import Gate
from hub.connectors.kit.http.seen import Seen, Witness, nobody

__all__ = [
    "Answer",
    "Authorizer",
    "Gate",
    "HttpClient",
    "Limits",
    "Seen",
    "Witness",
    "address_of",
    "is_same_origin",
    "nobody",
    "place",
    "sent_at",
]
