"""The mark that says how personal a field is, kept where the field is defined (design: idea 7)."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import BaseModel


class Phi(StrEnum):
    """How personal a value is. Redaction, role projections and what may be sent all derive from it."""

    IDENTITY = "identity"
    CONTACT = "contact"
    CLINICAL = "clinical"
    FINANCIAL = "financial"


def phi_classes(model: type[BaseModel]) -> Mapping[str, Phi]:
    """The personal fields of a model and their class; a field that is absent here is not personal."""
    return {name: mark for name, info in model.model_fields.items() for mark in info.metadata if isinstance(mark, Phi)}
