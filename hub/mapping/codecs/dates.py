"""Dates without a time."""

from collections.abc import Mapping
from datetime import date

from pydantic import Field, field_validator

from hub.mapping.codecs.codec import Codec, CodecKind, Json, NoOptions, Unreadable, text_of
from hub.mapping.codecs.formats import date_reader, written
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context

ISO = "%Y-%m-%d"


class PlausibleOptions(NoOptions):
    """What dates and instants share."""

    not_before: date | None = None
    """Days before it are implausible: a system's `never` (1900-01-01), a mistyped century."""
    days_ahead: int | None = Field(default=None, ge=0)
    """Days further ahead than this are implausible."""

    def check(self, day: date, context: Context) -> None:
        """Raise Unreadable (`implausible_date`) for a day out of bounds."""
        early = self.not_before is not None and day < self.not_before
        late = self.days_ahead is not None and (day - context.today).days > self.days_ahead
        if early or late:
            raise Unreadable("is a date that cannot be meant", "implausible_date", "Mend it at the source")


class DateOptions(PlausibleOptions):
    """Options of `date`."""

    formats: tuple[str, ...] = Field(default=(ISO,), min_length=1)
    """Tried in turn; the first is the one written."""

    @field_validator("formats")
    @classmethod
    def _known(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        date_reader(formats)
        return formats


def _date(options: DateOptions, _: Mapping[str, CodeTable]) -> Codec:
    read, form = date_reader(options.formats), options.formats[0]

    def decode(raw: Json, context: Context) -> date:
        found = read(text_of(raw))
        if found is None:
            raise Unreadable("is not a date", "bad_date", f"Expected: {' or '.join(options.formats)}")
        options.check(found, context)
        return found

    def encode(value: date, _: Context) -> str:
        return value.isoformat() if form == ISO else written(value, form)

    return Codec(decode, encode)


DATE = CodecKind("date", _date, DateOptions, recurs=True, sample=date(2026, 3, 2))
