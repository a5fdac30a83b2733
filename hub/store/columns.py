"""Canonical fields as columns: an amount of money is two (`price_minor`, `price_currency`), a list of lines is JSON."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, get_args

from pydantic import BaseModel

from hub.canonical.money import Money


@cache
def money_fields(model: type[BaseModel]) -> frozenset[str]:
    """The fields of a model that hold an amount of money."""
    return frozenset(name for name, info in model.model_fields.items() if _holds_money(info.annotation))


def _holds_money(annotation: Any) -> bool:
    return annotation is Money or Money in get_args(annotation)


def columns_of(model: type[BaseModel]) -> list[str]:
    """The columns that hold a model's fields, in the order of `values_of`."""
    money = money_fields(model)
    listed = ((f"{name}_minor", f"{name}_currency") if name in money else (name,) for name in model.model_fields)
    return [column for columns in listed for column in columns]


def values_of(record: BaseModel) -> list[Any]:
    """A record's values, column by column."""
    values: list[Any] = []
    for name, is_money in _plan(type(record)):
        value = getattr(record, name)
        if is_money:
            values += (None, None) if value is None else (value.amount_minor, value.currency)
        elif isinstance(value, tuple):
            values.append(json.dumps([line.model_dump(mode="json") for line in value]))
        else:
            values.append(value)
    return values


@cache
def _plan(model: type[BaseModel]) -> tuple[tuple[str, bool], ...]:
    return tuple((name, name in money_fields(model)) for name in model.model_fields)


def fields_of(model: type[BaseModel], stored: Mapping[str, Any]) -> dict[str, Any]:
    """A model's fields from its table's columns."""
    money = money_fields(model)
    return {name: _money(stored, name) if name in money else stored[name] for name in model.model_fields}


def selection_of(
    model: type[BaseModel], names: Sequence[str]
) -> tuple[list[str], Callable[[Sequence[Any]], tuple[Any, ...]]]:
    """The columns of these fields, and what makes the fields' values of the columns': as they stand, unvalidated."""
    money = money_fields(model)
    if not money.intersection(names):
        return list(names), tuple
    columns = [
        column for name in names for column in ((f"{name}_minor", f"{name}_currency") if name in money else (name,))
    ]
    amounts = [at for at, name in enumerate(names) if name in money]

    def values_of(row: Sequence[Any]) -> tuple[Any, ...]:
        values = list(row)
        for at in amounts:  # those before it are one value each by now
            values[at : at + 2] = [_amount(values[at], values[at + 1])]
        return tuple(values)

    return columns, values_of


@lru_cache(maxsize=4096)
def _amount(minor: int | None, currency: str) -> Money | None:
    """The same amounts stand in row after row."""
    return None if minor is None else Money.model_construct(amount_minor=minor, currency=currency)


def _money(stored: Mapping[str, Any], name: str) -> Money | None:
    minor = stored[f"{name}_minor"]
    return None if minor is None else Money(amount_minor=minor, currency=stored[f"{name}_currency"])
