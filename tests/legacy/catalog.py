"""Services with the many ways in which a practice came to write each of them."""

import re
from dataclasses import dataclass
from random import Random

INJECTABLES = ["Botox", "Dysport", "Xeomin", "Jeuveau", "Daxxify"]
FILLERS = ["Juvederm", "Restylane", "Belotero", "Sculptra"]
MODALITIES = {
    "Laser hair removal": "Laser",
    "IPL photofacial": "Laser",
    "Microneedling RF": "Skin",
    "HydraFacial": "Skin",
    "Chemical peel": "Skin",
    "Dermaplaning": "Skin",
    "Semaglutide": "Weight loss",
    "Consultation": "Consult",
}
INJECTED = ["forehead", "glabella", "crow's feet", "full face"]
FILLED = ["lips", "cheeks"]
TREATED = ["face", "neck", "underarms", "full legs", "bikini"]
MANNERS = {
    "HydraFacial": ["signature", "deluxe"],
    "Chemical peel": ["light", "medium"],
    "Semaglutide": ["weekly visit"],
    "Consultation": ["new patient", "follow-up"],
    "Dermaplaning": ["full face"],
}
ACCENTED = {"Juvederm": "Juvéderm", "Botox": "Bötox"}
HYPHENED = {"Microneedling": "Micro-needling", "hair removal": "hair-removal"}
MINUTES = [15, 20, 30, 45, 60, 75]


@dataclass(frozen=True)
class ServiceRow:
    """A row of services.csv, and the SKU that it is."""

    id: str
    name: str
    category: str
    minutes: int
    price_minor: int
    active: bool
    sku: str

    @property
    def archive(self) -> bool:
        """Whether another row is the one that is kept."""
        return self.name != self.sku


def make_catalog(rng: Random) -> list[ServiceRow]:
    """Thirteen SKUs in up to four writings each; the proper one has the lowest id of its own."""
    rows: list[ServiceRow] = []
    number = 101
    for sku, category in _skus(rng):
        minutes, price = rng.choice(MINUTES), rng.choice([0, 9900, 12000, 19900, 26000, 45000, 70000, 99950])
        names = [sku, *rng.sample(writings(sku), k=rng.randint(0, 3))]
        for place, name in enumerate(names):
            active = place == 0 or rng.random() < 0.4
            rows.append(ServiceRow(f"S{number}", name, category, minutes, price, active, sku))
            number += 1
    return rows


def writings(sku: str) -> list[str]:
    """Other ways to write a SKU, each different from it and from the others."""
    product, modifier = sku.split(" - ")
    spaced = _spaced_dose(product)
    made = [
        f"{product.upper()} {modifier.upper()}",
        f"{product.lower()}  \u2013 {modifier}",
        f"{product} \u2013 {modifier.title()}",
        f"{product} - {modifier} ",
        f"{product.lower()} {modifier}",
        f"{product}- {modifier}",
        f"{spaced} - {modifier}" if spaced != product else f"{product} \u2014 {modifier}",
    ]
    made += [sku.replace(plain, other) for plain, other in {**ACCENTED, **HYPHENED}.items() if plain in sku]
    return [name for name in dict.fromkeys(made) if name != sku]


def _spaced_dose(product: str) -> str:
    head, _, dose = product.rpartition(" ")
    found = re.fullmatch(r"([0-9.]+)([a-z]+)", dose)
    return f"{head} {found[1]} {found[2]}" if found else product


def _skus(rng: Random) -> list[tuple[str, str]]:
    doses = [10, 20, 30, 40, 50]
    injected = [f"{name} {rng.choice(doses)}u - {rng.choice(INJECTED)}" for name in rng.sample(INJECTABLES, 3)]
    syringes = ["1ml", "2ml", "0.5ml"]
    filled = [f"{name} {rng.choice(syringes)} - {rng.choice(FILLED)}" for name in rng.sample(FILLERS, 2)]
    others = [(f"{name} - {rng.choice(MANNERS.get(name, TREATED))}", kind) for name, kind in MODALITIES.items()]
    return [(sku, "Injectables") for sku in injected + filled] + others
