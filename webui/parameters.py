"""Parameters of an address → the search it asks for; and a search → parameters of links."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeVar

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from werkzeug.datastructures import MultiDict

from search.errors import QueryError, QueryTooLongError
from search.records import MODES, SORTS, Filters, Mode, Query, Sort
from search.text.languages import LANGUAGES, normalise
from search.text.quantities import period

DEFAULT_K = 10
MAX_PAGE_K = 100
"""Most stories of each language on one page; the API gives up to ``MAX_K``."""
MAX_K = 1000
MAX_SOURCES = 100
"""Most sources, authors or sections one address may name; a form never sends more than it shows."""
MAX_CLIPPINGS_BYTES = 1_000_000
"""Longest body of a request that names clippings."""
# Above any archive's size; keeps absurd numbers away from the stores' integers.
MAX_OFFSET = 10_000_000

_SHOWN_OF_A_DAY = 40

_DIGITS = re.compile(r"[0-9]{1,100}")
_TRUTHS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}

T = TypeVar("T")


class BadParameterError(QueryError):
    """A parameter of the address has a value that cannot be used.

    Attributes:
        parameter: Its name in the address.
        text: What is wrong, in the language of the request.
    """

    def __init__(self, parameter: str, text: LazyString) -> None:
        super().__init__(f"The parameter “{parameter}” has a value that cannot be used.")
        self.parameter = parameter
        self.text = text


class WrongDaysError(BadParameterError):
    """A day of the filter does not exist, or the first lies after the last.

    Attributes:
        note: What readers are told beside the field, without the names of parameters.
        fields: What the fields of a form show nevertheless, by parameter.
    """

    def __init__(
        self,
        parameter: str,
        text: LazyString,
        *,
        note: LazyString,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(parameter, text)
        self.note = note
        self.fields = fields or {}


class QueryLengthError(QueryTooLongError):
    """The query in the address is longer than the limit.

    Attributes:
        text: What is wrong, in the language of the request.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(f"The query is longer than {limit} characters; shorten it.")
        self.text = _l(
            "Your search is longer than %(limit)s characters. Shorten it to the words that matter.",
            limit=limit,
        )


@dataclass(frozen=True, slots=True)
class Address:
    """A search as its address holds it; every value is usable.

    Attributes:
        q: What was typed, without invisible or control characters.
        page: From 1; page N shows the N-th page of both lists.
        offset: Hits to pass over in each list (the API's way of paging).
        explain: Say of each hit how its score came about; only the API shows it.
        headline, first: As in ``Query``.
    """

    q: str = ""
    lang: str = "both"
    mode: Mode = "hybrid"
    sort: Sort = "relevance"
    date_from: str | None = None
    date_to: str | None = None
    sources: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    page: int = 1
    k: int = DEFAULT_K
    offset: int = 0
    verbatim: bool = False
    explain: bool = False
    copies: bool = False
    only_phrases: bool = False
    headline: bool = False
    first: bool = False

    def query(self) -> Query:
        """Make the query for the archive."""
        return Query(
            text=self.q,
            k=self.k,
            offset=self.offset or (self.page - 1) * self.k,
            lang=self.lang,
            mode=self.mode,
            sort=self.sort,
            filters=self.filters,
            verbatim=self.verbatim,
            explain=self.explain,
            copies=self.copies,
            only_phrases=self.only_phrases,
            headline=self.headline,
            first=self.first,
        )

    @property
    def filters(self) -> Filters:
        """What every story must satisfy."""
        return Filters(self.date_from, self.date_to, self.sources, self.authors, self.sections)

    @property
    def asks(self) -> bool:
        """Whether there is anything to find: words, or filters whose stories are listed."""
        return bool(self.q) or self.filters != Filters()

    def parameters(self, **changes: Any) -> dict[str, Any]:
        """Write this address, with changes, as parameters of a link; defaults are left out."""
        changed = replace(self, **changes)
        values: dict[str, Any] = {}
        for field in fields(changed):
            value = getattr(changed, field.name)
            if value != field.default:
                values[_NAMES.get(field.name, field.name)] = _in_address(value)
        return values

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages whose lists are wanted, in the order in which they are shown."""
        return tuple(LANGUAGES) if self.lang == "both" else (self.lang,)


_NAMES = {
    "date_from": "from",
    "date_to": "to",
    "sources": "source",
    "authors": "author",
    "sections": "section",
    "only_phrases": "phrase",
}
PARAMETERS = frozenset(_NAMES.get(field.name, field.name) for field in fields(Address))
"""Names of all parameters of a search."""
LANGS = ("both", *LANGUAGES)


def _in_address(value: Any) -> Any:
    if value is True:
        return "1"
    return list(value) if isinstance(value, tuple) else value


def read_address(
    args: MultiDict[str, str],
    *,
    paging: Literal["page", "offset"],
    max_query_chars: int,
    max_k: int,
) -> tuple[Address, tuple[QueryError, ...]]:
    """Read an address's parameters; unknown ones are ignored, as links gather foreign ones.

    Args:
        paging: The parameter that turns pages here; the other one is ignored.
        max_query_chars: Longest query, in characters after normalisation.
        max_k: Largest ``k``.

    Returns:
        The address with defaults in place of what cannot be used, so that a form can show it
        again, and an error for each of those, in the order of the parameters' importance.
    """
    errors: list[QueryError] = []

    def read(name: str, parse: Callable[[str], T], default: T) -> T:
        value = args.get(name, "").strip()
        if not value:
            return default
        try:
            return parse(value)
        except QueryError as error:
            errors.append(error)
            return default

    q = clean_query(args.get("q", ""))
    if len(q) > max_query_chars:
        errors.append(QueryLengthError(max_query_chars))
        q = q[:max_query_chars].rstrip()
    address = Address(
        q=q,
        lang=read("lang", one_of("lang", LANGS), "both"),
        mode=read("mode", one_of("mode", MODES), MODES[0]),
        sort=read("sort", one_of("sort", SORTS), SORTS[0]),
        date_from=read("from", _day("from", _l("The start date is not valid")), None),
        date_to=read("to", _day("to", _l("The end date is not valid")), None),
        sources=_names("source", args, errors),
        authors=_names("author", args, errors),
        sections=_names("section", args, errors),
        page=read("page", number("page", 1), 1) if paging == "page" else 1,
        k=read("k", number("k", 1, max_k), DEFAULT_K),
        offset=read("offset", number("offset", 0), 0) if paging == "offset" else 0,
        verbatim=read("verbatim", _truth("verbatim"), False),
        explain=read("explain", _truth("explain"), False),
        copies=read("copies", _truth("copies"), False),
        only_phrases=read("phrase", _truth("phrase"), False),
        headline=read("headline", _truth("headline"), False),
        first=read("first", _truth("first"), False),
    )
    if address.date_from and address.date_to and address.date_from > address.date_to:
        errors.append(
            WrongDaysError(
                "from",
                _l("The first day (from) lies after the last day (to)."),
                note=_l("The start date is after the end date. Exchange them."),
                fields={"from": address.date_from, "to": address.date_to},
            )
        )
        address = replace(address, date_from=None, date_to=None)
    return address, tuple(errors)


def read_choice(args: MultiDict[str, str], name: str, choices: tuple[str, ...], usual: str) -> str:
    """Read a parameter that is one of several words.

    Raises:
        BadParameterError: It is none of them.
    """
    value = args.get(name, "").strip()
    return str(one_of(name, choices)(value)) if value else usual


def read_flag(args: MultiDict[str, str], name: str) -> bool:
    """Read a parameter that is on or off, and off where it is not given.

    Raises:
        BadParameterError: It is neither.
    """
    value = args.get(name, "").strip()
    return _truth(name)(value) if value else False


def is_for_programs(path: str) -> bool:
    """Whether a path belongs to the API or the health checks, which answer in JSON."""
    return path in ("/healthz", "/readyz") or path.startswith("/api/")


def clean_query(typed: str) -> str:
    """Put a query on one line: NFC, no invisible or control characters, single spaces."""
    return " ".join(normalise(typed).replace("\ufffd", " ").split())


def one_of(parameter: str, choices: tuple[Any, ...]) -> Callable[[str], Any]:
    """Make a parser of values that are one of several."""

    def parse(value: str) -> Any:
        if value not in choices:
            raise BadParameterError(
                parameter,
                _l(
                    "The parameter “%(name)s” must be one of: %(choices)s.",
                    name=parameter,
                    choices=", ".join(choices),
                ),
            )
        return value

    return parse


def number(parameter: str, least: int, most: int | None = None) -> Callable[[str], int]:
    """Make a parser of whole numbers; without ``most``, huge ones become ``MAX_OFFSET``."""

    def parse(value: str) -> int:
        if _DIGITS.fullmatch(value):
            number = int(value) if len(value.lstrip("0")) < 9 else MAX_OFFSET
            if least <= number and (most is None or number <= most):
                return min(number, MAX_OFFSET)
        if most is None:
            text = _l(
                "The parameter “%(name)s” must be a whole number, %(least)s or more.",
                name=parameter,
                least=least,
            )
        else:
            text = _l(
                "The parameter “%(name)s” must be a whole number from %(least)s to %(most)s.",
                name=parameter,
                least=least,
                most=most,
            )
        raise BadParameterError(parameter, text)

    return parse


def _day(parameter: str, wrong: LazyString) -> Callable[[str], str]:
    """Make a parser of days; of a month or year the first one counts for "from", else the last."""

    def parse(value: str) -> str:
        if (found := period(value)) is None:
            raise WrongDaysError(
                parameter,
                _l(
                    "The parameter “%(name)s” must be a day like 2025-09-24 (year-month-day).",
                    name=parameter,
                ),
                note=_l("%(wrong)s: “%(typed)s”.", wrong=wrong, typed=value[:_SHOWN_OF_A_DAY]),
            )
        return found[parameter == "to"].isoformat()

    return parse


def _truth(parameter: str) -> Callable[[str], bool]:
    def parse(value: str) -> bool:
        if (truth := _TRUTHS.get(value.lower())) is None:
            raise BadParameterError(
                parameter,
                _l(
                    "The parameter “%(name)s” must be one of: %(choices)s.",
                    name=parameter,
                    choices="1, 0",
                ),
            )
        return truth

    return parse


def _names(parameter: str, args: MultiDict[str, str], errors: list[QueryError]) -> tuple[str, ...]:
    """Read the names that are given, each once, as typed."""
    given = args.getlist(parameter)
    named = dict.fromkeys(s for value in given if (s := normalise(value).strip()))
    if len(named) > MAX_SOURCES:
        errors.append(
            BadParameterError(
                parameter,
                _l("No more than %(limit)s sources can be chosen at once.", limit=MAX_SOURCES),
            )
        )
        return ()
    return tuple(named)
