"""How a system tells the hub of changes by itself."""

from hub.connectors.kit.spec.declared import Declared


class Webhooks(Declared):
    """Takes no keys yet."""
