"""What an address asks for, and links made from it."""

import pytest
from werkzeug.datastructures import MultiDict

from search.errors import QueryTooLongError
from search.records import Filters, Query
from webui.parameters import (
    MAX_OFFSET,
    Address,
    BadParameterError,
    WrongDaysError,
    clean_query,
    read_address,
)


def read(paging="page", **parameters):
    args = MultiDict({name.rstrip("_"): value for name, value in parameters.items()})
    return read_address(args, paging=paging, max_query_chars=20, max_k=100)


def test_a_full_address_becomes_a_query():
    address, errors = read(
        q=" tàu  điện ",
        lang="vi",
        mode="words",
        sort="newest",
        from_="2025-01-02",
        to="2025-02-03",
        source=["Báo A", "", "Báo B", "Báo A"],
        page="3",
        k="20",
        verbatim="1",
    )
    assert errors == ()
    assert address.query() == Query(
        text="tàu điện",
        k=20,
        offset=40,
        lang="vi",
        mode="words",
        sort="newest",
        filters=Filters("2025-01-02", "2025-02-03", ("Báo A", "Báo B")),
        verbatim=True,
    )
    assert address.languages == ("vi",)
    assert address.parameters() == {
        "q": "tàu điện",
        "lang": "vi",
        "mode": "words",
        "sort": "newest",
        "from": "2025-01-02",
        "to": "2025-02-03",
        "source": ["Báo A", "Báo B"],
        "page": 3,
        "k": 20,
        "verbatim": "1",
    }


def test_defaults_stay_out_of_links():
    address, errors = read(q="a", lang="", mode="", sort="", from_="", to="", page="", k="")
    assert errors == ()
    assert address == Address(q="a")
    assert address.parameters() == {"q": "a"}
    assert address.parameters(lang="en", page=2) == {"q": "a", "lang": "en", "page": 2}


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("lang", "fr"),
        ("lang", "VI"),
        ("mode", "fuzzy"),
        ("sort", "best"),
        ("from", "abc"),
        ("from", "2025-02-30"),
        ("from", "20250224"),
        ("to", "31/02/2025"),
        ("page", "0"),
        ("page", "-1"),
        ("page", "two"),
        ("page", "1.5"),
        ("page", "１"),
        ("page", "1_0"),
        ("k", "0"),
        ("k", "101"),
        ("verbatim", "perhaps"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_and_replaced(parameter, value):
    address, errors = read(q="a", **{parameter + "_": value})
    (error,) = errors
    assert isinstance(error, BadParameterError)
    assert error.parameter == parameter
    assert f"“{parameter}”" in str(error)
    assert f"“{parameter}”" in str(error.text)
    assert address == Address(q="a")


def test_days_in_the_wrong_order():
    address, [error] = read(q="a", from_="2025-02-01", to="1/2025")
    assert isinstance(error, WrongDaysError)
    assert error.parameter == "from"
    assert error.fields == {"from": "2025-02-01", "to": "2025-01-31"}
    assert address == Address(q="a")


@pytest.mark.parametrize(
    ("typed", "first", "last"),
    [
        ("2025", "2025-01-01", "2025-12-31"),
        ("2025-09", "2025-09-01", "2025-09-30"),
        ("24/9/2025", "2025-09-24", "2025-09-24"),
    ],
)
def test_days_are_read_as_people_type_them(typed, first, last):
    address, errors = read(q="a", from_=typed, to=typed)
    assert errors == ()
    assert (address.date_from, address.date_to) == (first, last)


def test_filters_alone_ask_for_something():
    assert Address(q="a").asks
    assert Address(authors=("Lee",)).asks
    assert Address(date_to="2025-01-01").asks
    assert not Address(lang="vi", headline=True, first=True).asks


def test_only_the_paging_in_use_is_read():
    assert read("page", q="a", page="2", offset="x")[0].query().offset == 10
    address, errors = read("offset", q="a", page="x", offset="7")
    assert errors == ()
    assert address.query().offset == 7


def test_absurd_page_numbers_stay_numbers():
    address, errors = read(page="9" * 90)
    assert errors == ()
    assert address.page == MAX_OFFSET
    assert read(page="9" * 4000)[1] != ()


def test_a_long_query_is_refused_and_shortened_for_the_form():
    address, errors = read(q="a" * 21)
    assert isinstance(errors[0], QueryTooLongError)
    assert "20" in str(errors[0].text)
    assert address.q == "a" * 20
    # Length counts characters as they are read: NFC, no invisible ones.
    assert read(q="e\u0302\u0301" * 20)[1] == ()
    assert read(q="a\u200b" * 20)[1] == ()


def test_queries_are_one_clean_line():
    assert clean_query("  Hà\u00a0Nội\r\n\x00mưa\x1b lớn\ufffd\u200b ") == "Hà Nội mưa lớn"
    assert clean_query("Ha\u0300 No\u0323\u0302i") == "Hà Nội"
    assert clean_query("\x00\x01 \ufffd") == ""
