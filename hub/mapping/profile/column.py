"""One column, as its values go by."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.mapping.profile.masks import PHONE, PROSE, date_form, mask_of, number_form
from hub.mapping.profile.personal import looks_personal

MOST_VALUES = 60
"""A column of more different values has no list of them."""
MOST_SHOWN = 30
MOST_MASKS = 500
MOST_KEPT = 500_000
"""Of so many values it is known whether one stands twice; what comes after is not compared."""
SAMPLE = 1_000
MOST_TWICE = 0.05
"""A column in which a larger share of the values stood before is no id, not even of rows that come in versions."""
_YES_NO = {"true", "false", "yes", "no", "y", "n", "t", "f", "0", "1", "x", "on", "off"}
_TWO_NUMBERS = re.compile(r"\s*(\d{1,2})[/.-](\d{1,2})[/.-]\d")


@dataclass(slots=True)
class ColumnProfile:
    """What is known of a column. Counts are of rows; a blank is a field of nothing but blanks."""

    name: str
    rows: int = 0
    filled: int = 0
    longest: int = 0
    has_outer_blanks: bool = False
    masks: Counter[str] = field(default_factory=Counter)
    days_first: int = 0
    """Of dates whose order is not said: those that only day before month can be."""
    months_first: int = 0
    either: int = 0
    """Those that can be both."""
    twice: int = 0
    """How often a value stood that had stood before, as far as values were kept."""
    repeated: int = 0
    """Rows that are word for word another one: what stands in them again says nothing against an id."""
    may_be_key: bool = True
    """Nearly every value so far was a new one."""
    values: Counter[str] | None = field(default_factory=Counter)
    """How often each stands; None once there are too many."""
    hashes: set[int] = field(default_factory=set)
    """Of all different values while they may be ids, else of some of them: to see what refers to what."""

    def take(self, texts: Sequence[str], repeated: int = 0) -> None:
        """Some more rows, of which so many repeat another. Each different value of them is looked at once."""
        self.rows += len(texts)
        self.repeated += repeated
        counted = Counter(texts)
        for text, times in counted.items():
            if not text or text.isspace():
                continue
            self.filled += times
            self._note(text, times)
        self._count(counted)

    def _note(self, text: str, times: int) -> None:
        mask = mask_of(text)
        if mask not in self.masks and len(self.masks) >= MOST_MASKS:
            mask = PROSE
        self.masks[mask] += times
        self.longest = max(self.longest, len(text))
        if text[0] == " " or text[-1] == " ":
            self.has_outer_blanks = True
        form = date_form(mask)
        if form is not None and form[0] == "?":
            self._note_order(text, times)
        self._note_value(hash(text), times)

    def _note_value(self, value: int, times: int) -> None:
        if not self.may_be_key:
            if len(self.hashes) < SAMPLE:
                self.hashes.add(value)
            return
        self.twice += times - 1 + (value in self.hashes)
        if len(self.hashes) < MOST_KEPT:
            self.hashes.add(value)
        if self.again > 20 and self.again > self.filled * MOST_TWICE:
            self.may_be_key = False
            self.hashes = set(sorted(self.hashes)[:SAMPLE])

    def _note_order(self, text: str, times: int) -> None:
        numbers = _TWO_NUMBERS.match(text)
        if numbers is None:
            return
        first, second = int(numbers[1]), int(numbers[2])
        if first > 12:
            self.days_first += times
        elif second > 12:
            self.months_first += times
        elif first != second:
            self.either += times

    def _count(self, counted: Counter[str]) -> None:
        if self.values is None:
            return
        self.values.update(counted)
        if len(self.values) > MOST_VALUES:
            self.values = None

    @property
    def again(self) -> int:
        """How often a value stood that had stood before in a row that was another."""
        return max(self.twice - self.repeated, 0)

    @property
    def is_personal(self) -> bool:
        """Whether its values must not be shown: by its name, and by what they look like."""
        addresses = sum(times for mask, times in self.masks.items() if "@" in mask)
        phones = sum(times for mask, times in self.masks.items() if len(mask) > 9 and PHONE.fullmatch(mask))
        return looks_personal(self.name) or max(addresses, phones) * 2 > self.filled

    @property
    def date_forms(self) -> dict[str, int]:
        """Ways of writing a date that were met, the commonest first; the order of day and month where it shows."""
        found: Counter[str] = Counter()
        for mask, times in self.masks.items():
            if form := date_form(mask):
                found[form.replace("?", self._first(), 1).replace("?", self._second(), 1)] += times
        return dict(found.most_common())

    def _first(self) -> str:
        return "D" if self._order == "day" else "M" if self._order == "month" else "?"

    def _second(self) -> str:
        return "M" if self._order == "day" else "D" if self._order == "month" else "?"

    @property
    def _order(self) -> str | None:
        if self.days_first and not self.months_first:
            return "day"
        return "month" if self.months_first and not self.days_first else None

    @property
    def number_forms(self) -> dict[str, int]:
        """Ways of writing a number that were met, the commonest first."""
        found: Counter[str] = Counter()
        for mask, times in self.masks.items():
            if form := number_form(mask):
                found[form] += times
        return dict(found.most_common())

    @property
    def kind(self) -> str:
        """`empty`, `date`, `number`, `yes or no`, `code`, `text`: what at least 19 of 20 of its values are."""
        if not self.filled:
            return "empty"
        if self.values is not None and all(value.strip().lower() in _YES_NO for value in self.values if value.strip()):
            return "yes or no"
        enough = self.filled * 0.95
        if sum(self.date_forms.values()) >= enough:
            return "date"
        if sum(self.number_forms.values()) >= enough:
            return "number"
        return "code" if self.values is not None and self.filled >= 3 * len(self.values) else "text"

    @property
    def doubts(self) -> tuple[str, ...]:
        """What somebody should look at before it is mapped."""
        dates, said = self.date_forms, []
        if len(dates) > 1 and self.kind == "date":
            said.append(f"dates in {len(dates)} ways: {', '.join(dates)}")
        if self.days_first and self.months_first:
            said.append(f"day and month in both orders ({self.days_first} day first, {self.months_first} month first)")
        elif self.either and not self.days_first and not self.months_first:
            said.append("dates whose day and month nobody can tell apart")
        if {"1234,56", "1.234,56"} & self.number_forms.keys():
            mixed = {"1234.56", "1,234.56"} & self.number_forms.keys()
            said.append("decimal commas and decimal points" if mixed else "decimal commas")
        if self.kind == "text" and 0.5 < sum(dates.values()) / max(self.filled, 1) < 0.95:
            said.append(f"dates, and {self.filled - sum(dates.values())} values that are none")
        if self.has_outer_blanks:
            said.append("blanks around values")
        return tuple(said)

    def shown(self) -> dict[str, int]:
        """Values and how often they stand, of a column that has few and is not personal; else its commonest shapes."""
        has_few = self.values is not None and self.twice > 0 and self.kind != "date"
        if self.values is not None and has_few and not self.is_personal:
            return {value: times for value, times in self.values.most_common(MOST_SHOWN) if value.strip()}
        return dict(self.masks.most_common(5))
