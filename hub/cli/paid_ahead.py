"""`hub people paid-ahead`: what a patient has paid for and not had yet."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.answers import AsJson, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hub.canonical.finance import GiftCard, Membership
    from hub.canonical.money import Money
    from hub.operations.find_paid_ahead import PaidAhead, SessionsLeft


def paid_ahead(
    patient: Annotated[str, typer.Argument(help="A patient's id in the hub.")],
    *,
    by: Annotated[str, typer.Option(help="Who looks; that is audited.")] = "desk",
    as_json: AsJson = False,
) -> None:
    """List a patient's sessions left, gift cards, memberships and deposits; nothing of it needs a practice folder."""
    from hub.bootstrap.migrating import open_store
    from hub.operations.find_paid_ahead import find_paid_ahead
    from hub.settings import read_settings

    with open_store(read_settings()) as (store, _engine):
        found = find_paid_ahead(store, patient, actor=by)
    tell(_told(found), list(_lines(found)) or ["Nothing is paid ahead."], as_json=as_json)


def _told(found: "PaidAhead") -> dict[str, Any]:
    return {
        "patient": found.patient_id,
        "packages": [
            {**one.package.model_dump(mode="json"), "service": one.service, "left": one.left} for one in found.packages
        ],
        "gift_cards": [one.model_dump(mode="json") for one in found.gift_cards],
        "memberships": [one.model_dump(mode="json") for one in found.memberships],
        "deposits": [{**asdict(one), "amount": one.amount.model_dump()} for one in found.deposits],
    }


def _lines(found: "PaidAhead") -> "Iterator[str]":
    yield from map(_package, found.packages)
    yield from map(_gift_card, found.gift_cards)
    yield from map(_membership, found.memberships)
    for one in found.deposits:
        yield f"deposit     {one.visit_id}  {_money(one.amount)} for {one.start:%Y-%m-%d %H:%M} UTC"


def _package(one: "SessionsLeft") -> str:
    package = one.package
    until = f", until {package.expires_on}" if package.expires_on else ""
    return f"package     {package.id}  {one.service}: {one.left} of {package.credits} sessions left{until}"


def _gift_card(one: "GiftCard") -> str:
    until = f", until {one.expires_on}" if one.expires_on else ""
    ended = "" if one.active else ", ended"
    return f"gift card   {one.code or one.id}  {_money(one.left)} of {_money(one.value)} left{until}{ended}"


def _membership(one: "Membership") -> str:
    credit = f", {_money(one.credit)} credit" if one.credit and one.credit.amount_minor else ""
    until = f", until {one.ends_on}" if one.ends_on else ""
    return f"membership  {one.id}  {one.plan}: {one.state}{until}{credit}"


def _money(amount: "Money") -> str:
    return f"{amount.amount_minor / 100:,.2f} {amount.currency}"
