"""Word lists from which names are composed. Every name is invented."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random


def _words(text: str) -> tuple[str, ...]:
    """Split a list of words."""
    return tuple(text.split())


FIRST = _words(
    "Amber Anchor Arbor Aspen Basalt Beacon Birch Bright Brook Cedar Cinder Clover Cobalt Copper Coral Crane "
    "Dapple Drift Dune Ember Fallow Fern Flint Garnet Glade Granite Hazel Heron Hollow Indigo Ivory Jasper Juniper "
    "Kestrel Lantern Larch Linden Lunar Maple Marsh Meadow Mint Moss North Oaken Ochre Onyx Orchid Osprey Pebble "
    "Pine Plover Quarry Quill Raven Ridge River Rowan Russet Saffron Sage Salt Sand Sparrow Spruce Stone Swift "
    "Tarn Thistle Timber Topaz Tundra Umber Velvet Verdant Walnut Willow Winter Wren Yarrow Zephyr"
)
SECOND = _words(
    "bank bay bell bend bloom bridge brook cliff crest croft dale field fold ford forge gate grove harbor haven "
    "helm hill hurst keep land leaf light loom mark mere mill moor path peak point port reach rise root run shore "
    "span spring stead stow stream thorn top vale view wall watch water way weir well wick wood works yard"
)
TRADES = _words(
    "Logistics Foods Robotics Health Dental Freight Textiles Energy Studios Media Labs Software Systems Retail "
    "Travel Legal Advisory Insurance Motors Optics Ceramics Farms Brewing Apparel Packaging Tooling Marine Aviation "
    "Learning Security Payments Realty Outfitters Audio Games Publishing Analytics Pharma Diagnostics Printing"
)
USD_FORMS = ("Inc", "LLC", "Ltd", "Group", "Co", "")
EUR_FORMS = ("GmbH", "AG", "BV", "SARL", "SpA", "Oy", "")
UMLAUTS = (
    "Müller",
    "Jäger",
    "Größl",
    "Böhme",
    "Schröder",
    "Löwe",
    "Çelik",
    "Håkon",
    "Niño",
    "Béranger",
    "Łukasz",
    "Žižka",
)
OTHER_SCRIPTS = (
    "北浜計測",
    "青葉物流",
    "Северный Лес",
    "Ясная Река",
    "Ελαιώνας",
    "山城製作所",
    "한빛상사",
    "Λιμάνι Δεδομένων",
)
GIVEN = _words(
    "Ada Ana Ben Bo Cleo Dan Dina Eli Emre Eva Finn Gus Hana Ida Ines Ivo Jan Jo Kai Kim Lea Leo Lin Lou Mai Max Mia "
    "Mo Nia Noa Ola Oto Pia Raj Rea Rui Sam Sia Tal Tea Tim Uma Vera Vic Wim Yan Zoe"
)
FAMILY = _words(
    "Abel Adler Arda Baro Brandt Calder Costa Dorn Duval Ekholm Falk Ferro Gale Gruber Haas Holm Ibarra Jansen Kato "
    "Keller Kovac Lange Lindt Marek Meyer Mori Nagy Novak Okoro Olsen Pace Petrov Quist Rahn Rossi Sato Silva Stern "
    "Tanaka Torres Ude Vogel Weber Wolff Yilmaz Zeman"
)
SUPPLIERS = (
    "Tidewater BI",
    "Numeralia",
    "Quillstack",
    "Ledgerlight",
    "in-house tool",
    "spreadsheets",
)


class Names:
    """Hands out company names and domains, each once."""

    def __init__(self, source: Random) -> None:
        self._source = source
        self._seen: set[str] = set()

    def company(self, currency: str, number: int) -> tuple[str, str]:
        """Return a name and a domain; now and then one that is awkward to read."""
        pick = self._source.choice
        while True:
            stem = pick(FIRST) + pick(SECOND)
            if stem.lower() not in self._seen:
                break
        self._seen.add(stem.lower())
        trade, form = pick(TRADES), pick(EUR_FORMS if currency == "eur" else USD_FORMS)
        name = f"{stem} {trade} {form}".strip()
        # Fixed places, not chance: every awkward kind is certain to be there.
        if number % 61 == 7:
            name = f"{pick(UMLAUTS)} & {stem}, {trade}"
        elif number % 97 == 11:
            name = f'"{stem}" {trade}, {form or "Co"}'
        elif number % 151 == 13:
            name = f"{OTHER_SCRIPTS[number // 151 % len(OTHER_SCRIPTS)]} {number % 89}"
        elif number % 113 == 17:
            name = f"{pick(FAMILY)}, {pick(FAMILY)} & O'{pick(FAMILY)}"
        return name, f"{stem.lower()}.example"

    def person(self) -> str:
        """Return a contact's name."""
        return f"{self._source.choice(GIVEN)} {self._source.choice(FAMILY)}"
