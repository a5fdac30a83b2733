"""What happens when a stream's records take another shape."""

from hub.connectors.kit.spec.declared import Declared


class Drift(Declared):
    """Takes no keys yet."""
