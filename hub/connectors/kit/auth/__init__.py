"""The schemes of `kit/spec/auth.py` at work: what each puts on a request, and where tokens come from."""

from hub.connectors.kit.auth.opened import open_auth
from hub.connectors.kit.auth.static import Several, StaticHeader, bearer

__all__ = ["Several", "StaticHeader", "bearer", "open_auth"]
