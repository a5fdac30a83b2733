"""What a canonical record is."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict

from hub.canonical.phi import phi_classes


class Record(BaseModel):
    """What all canonical records share: frozen, and closed against unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """For messages and tracebacks: a personal value by its class."""
        marks = phi_classes(type(self))
        for name, value in super().__repr_args__():
            mark = marks.get(name or "")
            yield name, value if mark is None or value is None else f"<{mark}>"
