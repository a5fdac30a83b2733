"""Slips of the pen: one letter, one figure, two that changed places."""

from datetime import date
from itertools import groupby


def is_one_edit(one: str, other: str) -> bool:
    """One letter more, less or another, or two neighbours swapped."""
    if one == other:
        return False
    if len(one) > len(other):
        one, other = other, one
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return len(other) - len(one) == 1 and one[at:] == other[at + 1 :]
    is_swap = one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
    return one[at + 1 :] == other[at + 1 :] or is_swap


def is_doubling(one: str, other: str) -> bool:
    """They differ by doubled letters alone: Anna, Ana."""
    return one != other and _undoubled(one) == _undoubled(other)


def _undoubled(name: str) -> str:
    return "".join(letter for letter, _ in groupby(name))


def is_two_edits(one: str, other: str) -> bool:
    """Two letters at most, by distance; of long names only."""
    if abs(len(one) - len(other)) > 2 or min(len(one), len(other)) < 8:
        return False
    row = list(range(len(other) + 1))
    for n, letter in enumerate(one, 1):
        before, row[0] = row[0], n
        for m, against in enumerate(other, 1):
            before, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, before + (letter != against))
    return row[-1] <= 2


def is_date_slip(one: date, other: date) -> bool:
    """Day and month exchanged, one figure wrong, or two neighbouring figures exchanged."""
    if one == other:
        return False
    if (one.year, one.month, one.day) == (other.year, other.day, other.month):
        return True
    a, b = f"{one:%Y%m%d}", f"{other:%Y%m%d}"
    wrong = [n for n in range(8) if a[n] != b[n]]
    if len(wrong) == 1:
        return True
    return len(wrong) == 2 and wrong[1] == wrong[0] + 1 and a[wrong[0]] == b[wrong[1]] and a[wrong[1]] == b[wrong[0]]
