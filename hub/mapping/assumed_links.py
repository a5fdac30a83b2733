"""Links for a preview: whatever a record refers to is taken as known, under the id that it would be derived."""

from collections.abc import Mapping

from hub.canonical.ids import Kind, derive


class AssumedLinks:
    """Implements `Links`: aliases first, then what would be derived; remembers both ways what it was asked."""

    def __init__(self, system: str, aliases: Mapping[Kind, Mapping[str, str]]) -> None:
        self._system = system
        self._aliases = aliases
        self._ids: dict[tuple[Kind, str], str] = {}
        self._names: dict[tuple[Kind, str], str] = {}

    def canonical_id(self, kind: Kind, source_id: str) -> str | None:
        """See Links."""
        found = self._aliases.get(kind, {}).get(source_id) or derive(kind, self._system, source_id)
        self._ids[kind, found] = source_id
        return found

    def source_id(self, kind: Kind, canonical_id: str) -> str | None:
        """See Links."""
        return self._ids.get((kind, canonical_id))

    def id_named(self, kind: Kind, name: str) -> str | None:
        """See Links."""
        found = self._aliases.get(kind, {}).get(name) or derive(kind, self._system, name)
        self._names[kind, found] = name
        return found

    def name_of(self, kind: Kind, canonical_id: str) -> str | None:
        """See Links."""
        return self._names.get((kind, canonical_id))
