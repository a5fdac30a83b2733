"""Declared paths, queries, bodies and variables with their names filled in."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from hub.connectors.kit.spec.declared import NAME
from hub.connectors.kit.values import value_at


def filled(template: Any, values: Mapping[str, Any]) -> Any:
    """A text that is one name becomes its value; a key whose name stands for nothing is left out."""
    if isinstance(template, dict):
        parts = {key: filled(part, values) for key, part in template.items()}
        return {key: part for key, part in parts.items() if part is not None or template[key] is None}
    if isinstance(template, list):
        return [filled(part, values) for part in template]
    if not isinstance(template, str):
        return template
    whole = NAME.fullmatch(template)
    return _value(whole[1], values) if whole else filled_text(template, values)


def filled_text(template: str, values: Mapping[str, Any], shown: Callable[[str], str] = str) -> str:
    """A text with its names replaced by their values as text, each by itself made fit by `shown`."""

    def replaced(match: re.Match[str]) -> str:
        value = _value(match[1], values)
        return shown("" if value is None else str(value))

    return NAME.sub(replaced, template)


def _value(name: str, values: Mapping[str, Any]) -> Any:
    head, _, path = name.partition(".")
    return value_at(values.get(head), path or None)
