"""worked_example/: the $900M example of the article, as a worksheet and as invoice lines.

Every customer is there for one rule. History lies in 2024, outside the reported year 2025, twelve
equal months long wherever a base is needed, so that no reading of "previous months" can differ.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from .write import major, table, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINES = (
    "line_id,invoice_id,customer_id,issued_on,kind,product_id,touchpoint,quantity,unit_price,amount,currency,"
    "interval,interval_count,period_start,period_end,deal_id,status"
)
MILLION = 100_000_000  # minor units
WORKSHEET = (
    ("all", "total", "all customer purchases and fees", 900),
    ("cxm", "switched", "Product A", 60),
    ("cxm", "switched", "touchpoints", 50),
    ("cxm", "expanded", "Product A", 30),
    ("cxm", "expanded", "Process B", 10),
    ("cs", "retained", "revenue from CS interactions", 90),
    ("cs", "referral", "referrals of the above customers", 30),
    ("cs", "no_gripes", "new customers who heard no gripes", 40),
)
# customer, day, product, touchpoint, amount in units of 0.5 million, deal
YEAR = (
    ("w01", date(2025, 2, 3), "product_a", "", 80, "wd1"),
    ("w02", date(2025, 4, 7), "product_a", "", 40, "wd2"),
    ("w01", date(2025, 3, 3), "product_a", "", 10, ""),
    ("w03", date(2025, 3, 10), "product_c", "guided_purchase", 60, "wd3"),
    ("w04", date(2025, 6, 2), "product_c", "guided_purchase", 40, ""),
    ("w05", date(2025, 1, 6), "product_a", "", 62, ""),
    ("w06", date(2025, 1, 8), "product_b", "process_b", 21, ""),
    *(("w07", date(2025, month, 5), "product_b", "", 15, "") for month in range(1, 13)),
    ("w08", date(2025, 2, 12), "product_c", "", 20, ""),
    ("w08", date(2025, 3, 12), "product_c", "", 20, ""),
    ("w08", date(2025, 4, 12), "product_c", "", 20, ""),
    ("w09", date(2025, 5, 6), "product_b", "", 50, ""),
    ("w10", date(2025, 9, 9), "product_c", "", 30, ""),
    ("w11", date(2025, 7, 1), "product_c", "", 40, "wd4"),
    ("w12", date(2025, 3, 4), "product_c", "", 60, ""),
    ("w13", date(2025, 3, 6), "product_c", "", 12, ""),
    ("w13", date(2025, 5, 6), "product_c", "", 8, ""),
    ("w14", date(2025, 8, 5), "product_d", "", 80, ""),
    ("w15", date(2025, 2, 20), "product_b", "", 200, ""),
    ("w16", date(2025, 4, 22), "product_c", "", 250, ""),
    ("w17", date(2025, 6, 24), "product_d", "", 217, ""),
    ("w18", date(2025, 10, 14), "product_b", "", 200, ""),
    ("w19", date(2025, 11, 18), "product_d", "", 100, ""),
)
HISTORY = (("w05", "product_a", 2), ("w06", "product_b", 1), ("w07", "product_b", 15))
CUSTOMERS = (
    ("w01", "Ardent Mills", "Rival One"),
    ("w02", "Bluff Optics", "Rival Two"),
    ("w03", "Cairn Foods", "Rival One"),
    ("w04", "Dover Tools", "Rival Three"),
    ("w05", "Elm Freight", ""),
    ("w06", "Fjord Health", ""),
    ("w07", "Gorse Energy", ""),
    ("w08", "Heath Legal", ""),
    ("w09", "Inlet Media", ""),
    ("w10", "Jetty Games", ""),
    ("w11", "Knoll Retail", "Rival Two"),
    ("w12", "Lagoon Motors", ""),
    ("w13", "Mesa Dental", ""),
    ("w14", "Nook Travel", "Rival Three"),
    ("w15", "Oxbow Realty", ""),
    ("w16", "Prairie Farms", ""),
    ("w17", "Quay Security", ""),
    ("w18", "Rill Textiles", ""),
    ("w19", "Scree Robotics", ""),
)
INITIATIVES = """\
initiatives:
  - {initiative_id: wi1, name: Product A designed with customers, aligned: true, effective_from: 2025-01-01,
     effective_to: null, products: [product_a], touchpoints: [], segments: [],
     weight_switched: "1", weight_expanded: "1", evidence: design research}
  - {initiative_id: wi2, name: Purchase touchpoints designed with customers, aligned: true, effective_from: 2025-01-01,
     effective_to: null, products: [], touchpoints: [guided_purchase], segments: [],
     weight_switched: "1", weight_expanded: "1", evidence: journey study}
  - {initiative_id: wi3, name: Process B redesigned with customers, aligned: true, effective_from: 2025-01-01,
     effective_to: null, products: [], touchpoints: [process_b], segments: [],
     weight_switched: "1", weight_expanded: "1", evidence: complaints analysis}
  - {initiative_id: wi4, name: Product D sales campaign, aligned: false, effective_from: 2025-01-01,
     effective_to: null, products: [product_d], touchpoints: [], segments: [],
     weight_switched: "1", weight_expanded: "1", evidence: none}
"""


def write_worked(root: Path) -> None:
    """Write both forms of the worked example."""
    base = "worked_example/"
    rows = (
        [bucket, component, item, major(amount * MILLION), "USD"]
        for bucket, component, item, amount in WORKSHEET
    )
    table(root, base + "worksheet.csv", "bucket,component,item,amount,currency", rows)
    base += "lines/"
    table(root, base + "billing_lines.csv", LINES, _lines())
    people = ([customer, name, "enterprise", prior] for customer, name, prior in CUSTOMERS)
    table(root, base + "customers.csv", "customer_id,name,segment,prior_supplier", people)
    _write_evidence(root, base)
    text(root, base + "initiatives.yaml", INITIATIVES)


def _lines() -> list[list[object]]:
    """Write history and year as canonical billing lines; one-off, so no service period matters."""
    history = [
        (customer, date(2024, month, 5), product, "", amount, "")
        for customer, product, amount in HISTORY
        for month in range(1, 13)
    ]
    rows: list[list[object]] = []
    for fact in sorted([*history, *YEAR], key=lambda fact: (fact[1], fact[0])):
        customer, day, product, touchpoint, halves, deal = fact
        number, amount = 101 + len(rows), major(halves * MILLION // 2)
        row = [f"wl{number}", f"wv{number}", customer, day, "one_off", product, touchpoint]
        rows.append([*row, 1, amount, amount, "USD", "", "", "", "", deal, "paid"])
    return rows


def _deals() -> Iterator[list[object]]:
    """Write the won deals that some first purchases came from."""
    suppliers = {customer: prior for customer, _, prior in CUSTOMERS}
    for customer, day, _, _, halves, deal in YEAR:
        if deal:
            row = [deal, customer, "won", "new", major(halves * MILLION // 2), "2024-11-04", day]
            yield [*row, "", "", suppliers[customer], ""]


def _write_evidence(root: Path, base: str) -> None:
    """Write deals, touches, flags and referrals."""
    header = (
        "deal_id,customer_id,outcome,type,amount,created_on,closed_on,source,channel,"
        "prior_supplier,referrer_customer_id"
    )
    table(root, base + "deals.csv", header, _deals())
    header = "touch_id,customer_id,happened_on,ended_on,team,type,outcome,minutes,cost"
    touches = [
        ["wt1", "w07", "2024-12-16", "2024-12-20", "success", "save_play", "saved", 600, "900.00"],
        ["wt2", "w13", "2025-04-01", "2025-04-02", "support", "call", "saved", 45, "60.00"],
    ]
    table(root, base + "touches.csv", header, touches)
    flags = [
        ["wf1", "w07", "2024-12-02", "renewal in doubt"],
        ["wf2", "w12", "2025-04-14", "sponsor left"],
        ["wf3", "w13", "2025-04-20", "flag set after the call"],
    ]
    table(root, base + "risk_flags.csv", "flag_id,customer_id,flagged_on,reason", flags)
    referrals = [
        ["wr1", "w07", "w08", "2025-01-15", "referral", "1"],
        ["wr2", "w07", "w09", "2025-01-20", "no_gripes", "1"],
        ["wr3", "w07", "w10", "2025-01-20", "no_gripes", "1"],
    ]
    table(
        root,
        base + "referrals.csv",
        "referral_id,referrer_id,referred_id,made_on,kind,weight",
        referrals,
    )
