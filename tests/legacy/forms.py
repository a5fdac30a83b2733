"""The many ways in which one value is written, chosen by a seeded random."""

from datetime import date, datetime
from random import Random

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def birth_date(day: date, rng: Random) -> str:
    """Four forms."""
    return rng.choice(
        [
            day.isoformat(),
            us_date(day),
            f"{day.month}/{day.day}/{day.year}",
            f"{day.day:02d}-{MONTHS[day.month - 1]}-{day.year}",
        ]
    )


def us_date(day: date) -> str:
    """03/14/2025."""
    return f"{day.month:02d}/{day.day:02d}/{day.year}"


def visit_date(day: date, rng: Random) -> str:
    """ISO or American."""
    return rng.choice([day.isoformat(), us_date(day)])


def start_time(at: datetime, rng: Random) -> str:
    """15:30 or 03:30 PM."""
    twelve = f"{(at.hour + 11) % 12 + 1:02d}:{at.minute:02d} {'AM' if at.hour < 12 else 'PM'}"
    return rng.choice([f"{at.hour:02d}:{at.minute:02d}", twelve])


def price(minor: int, rng: Random) -> str:
    """Whole dollars, with cents, with a sign, with a currency."""
    dollars, cents = divmod(minor, 100)
    full = f"{dollars}.{cents:02d}"
    return rng.choice([str(dollars) if not cents else full, full, f"${full}", f" {full} USD"])


def phone(digits: str, rng: Random) -> str:
    """Six forms of ten digits."""
    area, middle, last = digits[:3], digits[3:6], digits[6:]
    return rng.choice(
        [
            digits,
            f"({area}) {middle}-{last}",
            f"{area}-{middle}-{last}",
            f"{area}.{middle}.{last}",
            f"+1{digits}",
            f"1 {area} {middle} {last}",
        ]
    )


def state(rng: Random) -> str:
    """One state, three ways."""
    return rng.choice(["TX", "tx", "Texas"])


def yes(rng: Random, *, answer: bool) -> str:
    """Yes and no."""
    return rng.choice(["Y", "yes", "1"] if answer else ["N", "0"])
