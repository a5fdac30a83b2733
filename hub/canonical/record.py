"""What a canonical record is."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """What all canonical records share: frozen, and closed against unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
