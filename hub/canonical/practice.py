"""The practice file: what a practice has and does, and its rules (docs/scenario-format.md).

It is the practice part of a scenario; a scenario adds a moment and what is asked (`hub.scheduling.scenario`).
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from hub.canonical.money import DEFAULT_CURRENCY, Currency
from hub.canonical.practice_checks import find_problems
from hub.canonical.practice_consents import ConsentForm, ConsentVersion
from hub.canonical.practice_places import (
    Certification,
    Dated,
    Entry,
    Hours,
    PracticeLocation,
    PracticeResource,
    Product,
    StockLot,
    Stretch,
    Vial,
)
from hub.canonical.practice_policy import (
    OVERRIDABLE,
    Cancellation,
    Deposit,
    DepositTier,
    Package,
    Policies,
    Policy,
    PracticePatient,
    SelfBooking,
    Waiver,
    policy_in_force,
)
from hub.canonical.practice_ranking import Ranking
from hub.canonical.practice_services import (
    DEVICE,
    PROVIDER,
    ROOM,
    Need,
    Option,
    PracticeService,
    Requirement,
    Series,
    Spacing,
    Step,
    Use,
)
from hub.canonical.practice_soundness import find_unsound
from hub.canonical.wall import Positive, Some, Word
from hub.documents import Document, parse
from hub.errors import InvalidInput

__all__ = [
    "OVERRIDABLE",
    "PROVIDER",
    "ROOM",
    "Cancellation",
    "Certification",
    "ConsentForm",
    "ConsentVersion",
    "Dated",
    "Deposit",
    "DepositTier",
    "Entry",
    "Hours",
    "Need",
    "Option",
    "Package",
    "Policy",
    "Practice",
    "PracticeLocation",
    "PracticePatient",
    "PracticeResource",
    "PracticeService",
    "Product",
    "Ranking",
    "Requirement",
    "SelfBooking",
    "Series",
    "Spacing",
    "Step",
    "StockLot",
    "Stretch",
    "Use",
    "Vial",
    "Waiver",
    "read_practice",
    "read_sound_practice",
]

DEFAULT_LOCATION = PracticeLocation(id="main")


class Practice(Entry):
    """A practice. Made by `read_practice`, which also checks that every id it names is declared."""

    name: Word | None = None
    zone: Word
    """IANA; every wall time is in it unless its location has another."""
    grid_minutes: Positive = Field(default=15, le=1440)
    """Offered arrivals are at wall-clock minutes of the day that are multiples of this."""
    locations: Annotated[tuple[PracticeLocation, ...], Some] = (DEFAULT_LOCATION,)
    resources: tuple[PracticeResource, ...] = ()
    products: tuple[Product, ...] = ()
    stock: tuple[StockLot, ...] = ()
    consents: tuple[ConsentForm, ...] = ()
    services: tuple[PracticeService, ...] = ()
    patients: tuple[PracticePatient, ...] = ()
    packages: tuple[Package, ...] = ()
    ranking: Ranking = Ranking()
    policies: Policies = Field(default=(Policy(),), alias="policy")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("not an IANA zone such as America/Chicago") from None
        return value

    @field_validator("locations")
    @classmethod
    def _known_zones(cls, value: tuple[PracticeLocation, ...]) -> tuple[PracticeLocation, ...]:
        for location in value:
            if location.zone is not None:
                cls._known_zone(location.zone)
        return value

    @property
    def currency(self) -> Currency:
        """The one that all its prices are in; where nothing has a price, that of a price that names none."""
        prices = (price for one in self.services for price in (one.price, *(option.price for option in one.options)))
        return next((price.currency for price in prices if price is not None), DEFAULT_CURRENCY)

    def find_location(self, location_id: str) -> PracticeLocation | None:
        """The location of that id, if it is declared."""
        return next((location for location in self.locations if location.id == location_id), None)

    def find_resource(self, resource_id: str) -> PracticeResource | None:
        """The resource of that id, if it is declared."""
        return next((resource for resource in self.resources if resource.id == resource_id), None)

    def is_person(self, resource_id: str) -> bool:
        """Whether it is declared and can answer for something: it is no room and no device."""
        resource = self.find_resource(resource_id)
        return resource is not None and resource.kind not in (ROOM, DEVICE)

    def find_product(self, product_id: str) -> Product | None:
        """The product of that id, if it is declared."""
        return next((product for product in self.products if product.id == product_id), None)

    def find_service(self, service_id: str) -> PracticeService | None:
        """The service of that id, if it is declared."""
        return next((service for service in self.services if service.id == service_id), None)

    def find_consent(self, form_id: str) -> ConsentForm | None:
        """The form of that id, if it is declared."""
        return next((form for form in self.consents if form.id == form_id), None)

    def location_of(self, place: PracticeResource | StockLot) -> str:
        """Where a resource or a lot is: its own location, or the first."""
        return place.location or self.locations[0].id

    def resources_at(self, location_id: str) -> frozenset[str]:
        """The ids of the resources that are there."""
        return frozenset(one.id for one in self.resources if self.location_of(one) == location_id)

    def vendor_of(self, location_id: str) -> str | None:
        """The connection that owns a location's calendar; None: the hub does."""
        location = self.find_location(location_id)
        return location.authority.vendor if location and location.authority else None

    def taken_over_from(self, systems: Collection[str]) -> Self:
        """The same where the hub owns the calendars that the file gives to one of these."""
        locations = tuple(
            one.model_copy(update={"authority": None}) if self.vendor_of(one.id) in systems else one
            for one in self.locations
        )
        return self if locations == self.locations else self.model_copy(update={"locations": locations})

    def policy_on(self, day: date) -> Policy:
        """The policy in force on that local date."""
        return policy_in_force(self.policies, day)

    def policy_at(self, now: datetime, location_id: str) -> Policy:
        """The policy in force at a location at that moment, by its local date."""
        return self.policy_on(self.date_at(now, location_id))

    def date_at(self, now: datetime, location_id: str) -> date:
        """The local date of a location at that moment."""
        return now.astimezone(self.zone_of(location_id)).date()

    def zone_of(self, location_id: str) -> ZoneInfo:
        """The zone of a declared location's clocks."""
        location = self.find_location(location_id)
        return ZoneInfo((location and location.zone) or self.zone)


def read_practice(text: str, file: str) -> Practice:
    """The practice in a YAML or JSON text; `file` names it in problems.

    Raises:
        InvalidInput: an unknown key, an impossible value or an id that is not declared, with file, line and key.
    """
    return _read(text, file)[0]


def read_sound_practice(text: str, file: str) -> Practice:
    """The same of a practice that is to be put in force: what could never work as it was meant is refused, too.

    Raises:
        InvalidInput: with a problem for each place that is wrong.
    """
    practice, document = _read(text, file)
    problems = find_unsound(practice, document)
    if problems:
        raise InvalidInput(*problems)
    return practice


def _read(text: str, file: str) -> tuple[Practice, Document]:
    document = parse(text, file)
    practice = document.read_as(Practice)
    problems = find_problems(practice, document)
    if problems:
        raise InvalidInput(*problems)
    return practice, document
