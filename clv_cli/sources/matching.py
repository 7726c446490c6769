"""Which billing customer is which CRM account?

The first step of `match.order` that names accounts for a customer decides. One account: matched.
Several: ambiguous, and no weaker evidence is asked. Many customers may be one account.

    map          the table account_map
    key          accounts.billing_id = customer_id, or customers.account_id = account_id
    external_id  the same external_id, your own system's id, on both sides
    email        the customer's e-mail is that of a contact of the account
    domain       the same registrable domain (public suffix list), neither free-mail nor our own

A name alone joins nothing: distinct companies' names are alike in one case of five once legal forms
are left out. Names are only suggested, see `suggestions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from publicsuffixlist import PSLFILE, PublicSuffixList

from clv_cli.frames import MATCH_COLUMNS, TABLES
from clv_cli.sources.free_mail import FREE_MAIL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from clv_cli.settings import Settings

MATCHED_BY = ("map", "key", "external_id", "email", "domain")
AMBIGUOUS, UNMATCHED = "ambiguous", "unmatched"
# Salesforce writes one id with 15 or 18 characters; the last three only check the others.
_SALESFORCE = r"^([a-zA-Z0-9]{15})[A-Z0-5]{3}$"
_CRM = ("accounts", "account_map", "contacts")

Tables = dict[str, pl.LazyFrame]


@dataclass(frozen=True, slots=True)
class Matching:
    """The outcome.

    Args:
        matches: every billing customer with its account or none: see `MATCH_COLUMNS`.
        account_map: the table account_map as it now is: `customer_id, account_id, method`.
    """

    matches: pl.DataFrame
    account_map: pl.LazyFrame


def match(tables: Mapping[str, pl.LazyFrame], settings: Settings) -> Matching | None:
    """Match all billing customers, or None when no table of the CRM was given.

    Args:
        tables: canonical tables; customers with their domains and test marks.
        settings: `match` and `own_domains`.
    """
    if not any(name in tables for name in _CRM):
        return None
    customers = _customers(tables)
    sides = _Sides(tables, customers, frozenset((*settings.own_domains, *settings.match.free_mail)))
    found = []
    left = customers.select("customer_id")
    for step in settings.match.order:
        pairs = sides.pairs(step, left)
        named = pairs.group_by("customer_id").agg(pl.col("account_id").sort())
        found.append(named.with_columns(pl.lit(step).alias("by")))
        left = left.join(named, on="customer_id", how="anti")
    empty = pl.DataFrame(schema={"customer_id": pl.String, "account_id": pl.List(pl.String)})
    decided = pl.concat([empty.with_columns(by=pl.lit(None, pl.String)), *found])
    return _outcome(customers, decided, tables)


def _customers(tables: Mapping[str, pl.LazyFrame]) -> pl.DataFrame:
    """Every customer who is billed or known to billing, once; test accounts are nobody's."""
    given = tables.get("customers", TABLES["customers"].empty())
    # Only a Book's customers have their tests marked; an empty table has none.
    known = given.sort("source", "row").unique("customer_id", keep="first", maintain_order=True)
    lines = tables.get("billing_lines", TABLES["billing_lines"].empty())
    billed = lines.select("customer_id").unique()
    ids = pl.concat([billed, known.select("customer_id")]).unique()
    columns = ("name", "email", "domain", "account_id", "external_id", "is_test")
    whole = ids.join(known.select("customer_id", *columns), on="customer_id", how="left")
    live = whole.filter(~pl.col("is_test").fill_null(value=False)).drop("is_test")
    billed_mark = billed.with_columns(pl.lit(value=True).alias("billed"))
    marked = live.join(billed_mark, on="customer_id", how="left")
    return (
        marked.with_columns(pl.col("billed").fill_null(value=False)).sort("customer_id").collect()
    )


class _Sides:
    """Both sides of the match, and the pairs that each kind of evidence names."""

    def __init__(
        self, tables: Mapping[str, pl.LazyFrame], customers: pl.DataFrame, strange: frozenset[str]
    ) -> None:
        def table(name: str) -> pl.LazyFrame:
            return tables[name] if name in tables else TABLES[name].empty()

        self._customers = customers
        self._strange = frozenset(name.casefold() for name in strange) | FREE_MAIL
        self._accounts = table("accounts").collect()
        self._map = table("account_map").select("customer_id", "account_id").collect()
        people = table("contacts").select("email", "account_id").drop_nulls().collect()
        # A contact of several companies names them all, which makes its e-mail ambiguous.
        apart = people.with_columns(pl.col("account_id").str.split(";")).explode("account_id")
        self._contacts = apart.with_columns(pl.col("account_id").str.strip_chars())
        self._steps: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
            "map": lambda left: self._map.join(left, on="customer_id", how="semi"),
            "key": self._by_key,
            "external_id": partial(self._by, "external_id"),
            "email": self._by_email,
            "domain": self._by_domain,
        }

    def pairs(self, step: str, left: pl.DataFrame) -> pl.DataFrame:
        """The distinct accounts that a step names for the customers left: `customer_id, account_id`."""
        pairs = self._steps[step](left)
        return pairs.select("customer_id", "account_id").drop_nulls().unique()

    def _left(self, left: pl.DataFrame, *columns: str) -> pl.DataFrame:
        rows = self._customers.join(left, on="customer_id", how="semi")
        return rows.select("customer_id", *columns).drop_nulls()

    def _by_key(self, left: pl.DataFrame) -> pl.DataFrame:
        ids = self._accounts.select("account_id", customer_id=pl.col("billing_id").str.split(";"))
        several = ids.drop_nulls().explode("customer_id")
        theirs = several.with_columns(pl.col("customer_id").str.strip_chars())
        short = pl.col("account_id").str.replace(_SALESFORCE, "${1}").alias("short")
        ours = self._left(left, "account_id").select("customer_id", short)
        named = ours.join(self._accounts.select("account_id", short), on="short")
        billed = theirs.join(left, on="customer_id", how="semi").select("customer_id", "account_id")
        return pl.concat([billed, named.select("customer_id", "account_id")])

    def _by(self, column: str, left: pl.DataFrame) -> pl.DataFrame:
        accounts = self._accounts.select(column, "account_id").drop_nulls()
        return self._left(left, column).join(accounts, on=column)

    def _by_email(self, left: pl.DataFrame) -> pl.DataFrame:
        exact = pl.col("email").str.strip_chars().str.to_lowercase()
        people = self._contacts.with_columns(exact)
        return self._left(left, "email").with_columns(exact).join(people, on="email")

    def _by_domain(self, left: pl.DataFrame) -> pl.DataFrame:
        ours = self._left(left, "domain")
        theirs = self._accounts.select("account_id", "domain").drop_nulls()
        if ours.is_empty() or theirs.is_empty():
            return ours.join(theirs, on="domain")
        names = registrable({*ours["domain"], *theirs["domain"]})
        names = names.filter(~pl.col("registrable").is_in(sorted(self._strange)))
        # A company's domain may itself be a host: mail.acme.com is acme.com.
        both = [side.join(names, on="domain").drop("domain") for side in (ours, theirs)]
        return both[0].join(both[1], on="registrable")


def registrable(domains: Iterable[str]) -> pl.DataFrame:
    """The domain that a company registered, for each host or web address.

        https://www.acme.co.uk/about -> acme.co.uk;  acme.github.io -> acme.github.io

    By the public suffix list, private suffixes included, so that two tenants of one host stay two.

    Args:
        domains: hosts or web addresses, in any case.

    Returns:
        `domain, registrable`; those that are no domain are left out.
    """
    frame = pl.DataFrame({"domain": sorted(domains)}, schema={"domain": pl.String})
    host = (
        pl.col("domain")
        .str.strip_chars()
        .str.to_lowercase()
        .str.replace(r"^[a-z]+://", "")
        .str.replace(r"^[^@/]*@", "")
        .str.extract(r"^([^/:?#]+)", 1)
        .str.strip_chars_end(".")
    )
    hosts = frame.select("domain", host.alias("host")).drop_nulls()
    names = hosts["host"].unique().to_list()
    suffixes = _suffixes(names)
    found = {name: suffixes.privatesuffix(name) for name in names}
    known = pl.DataFrame(
        {"host": list(found), "registrable": list(found.values())},
        schema={"host": pl.String, "registrable": pl.String},
    )
    return hosts.join(known.drop_nulls(), on="host").select("domain", "registrable")


def _suffixes(hosts: Sequence[str]) -> PublicSuffixList:
    """The public suffix list as far as these hosts need it: all of it takes a tenth of a second to read."""
    # Only names in ASCII for other scripts stand nowhere in it, and have to be made of all others.
    if any("xn--" in host for host in hosts):
        return PublicSuffixList()
    tops = {host.rpartition(".")[2].encode() for host in hosts}
    with Path(PSLFILE).open("rb") as lines:
        needed = [line for line in lines if line.rstrip().rpartition(b".")[2] in tops]
    return PublicSuffixList(needed, accept_encoded_idn=False)


def _outcome(
    customers: pl.DataFrame, decided: pl.DataFrame, tables: Mapping[str, pl.LazyFrame]
) -> Matching:
    one = pl.col("account_id").list.len() == 1
    method = (
        pl.when(pl.col("account_id").is_null())
        .then(pl.lit(UNMATCHED))
        .when(one)
        .then("by")
        .otherwise(pl.lit(AMBIGUOUS))
    )
    whole = customers.drop("account_id", "external_id").join(decided, on="customer_id", how="left")
    matches = whole.with_columns(
        method.alias("method"),
        pl.when(one).then(pl.col("account_id").list.first()).alias("account_id"),
        pl.when(~one).then("account_id").alias("candidates"),
    )
    effective = matches.filter(pl.col("account_id").is_not_null())
    given = tables.get("account_map")
    origin = pl.LazyFrame(schema={"customer_id": pl.String, "source": pl.String, "row": pl.Int64})
    if given is not None:
        origin = given.select("customer_id", "source", "row").unique("customer_id", keep="any")
    rows = effective.lazy().select("customer_id", "account_id", "method")
    account_map = rows.join(origin, on="customer_id", how="left").select(
        *TABLES["account_map"].dtypes, "source", "row"
    )
    return Matching(
        matches.select(*MATCH_COLUMNS).sort("customer_id"),
        account_map.sort("customer_id").collect().lazy(),
    )
