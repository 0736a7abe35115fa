"""Published dates in the forms that news use; what is no full date is refused."""

from datetime import UTC, date, datetime, timedelta

import pytest

from indexer.pages.dates import find_date, parse_date, reads_two_ways

FORMS = {
    "2025-09-24": "2025-09-24",
    "2025-9-4": "2025-09-04",
    "2025/09/24": "2025-09-24",
    "2025.09.24": "2025-09-24",
    "20250924": "2025-09-24",
    "24/9/2025": "2025-09-24",
    "24/09/2025": "2025-09-24",
    "24-9-2025": "2025-09-24",
    "24.9.2025": "2025-09-24",
    "24/9/25": "2025-09-24",
    "2025-09-24 08:30:00+07": "2025-09-24T08:30:00+07:00",
    "04/09/2025": "2025-09-04",
    "9/24/2025": "2025-09-24",
    "24/09/2025 08:30": "2025-09-24T08:30:00",
    "08:30 24/09/2025": "2025-09-24T08:30:00",
    "8h30 ngày 24/9/2025": "2025-09-24T08:30:00",
    "8 giờ 30 phút, 24/9/2025": "2025-09-24T08:30:00",
    "24/09/2025 08:30 SA": "2025-09-24T08:30:00",
    "24/09/2025 08:30 CH": "2025-09-24T20:30:00",
    "24/09/2025 | 08:30 GMT+7": "2025-09-24T08:30:00+07:00",
    "Thứ Tư, 24/9/2025, 08:30 (GMT+7)": "2025-09-24T08:30:00+07:00",
    "Thứ tư, ngày 24/09/2025 - 08:30": "2025-09-24T08:30:00",
    "Chủ nhật, 28/9/2025 06:05 GMT+7": "2025-09-28T06:05:00+07:00",
    "T4, 24/09/2025": "2025-09-24",
    "Cập nhật: 24/09/2025 08:30": "2025-09-24T08:30:00",
    "Ngày đăng: 24/09/2025": "2025-09-24",
    "Ngày 24 tháng 9 năm 2025": "2025-09-24",
    "ngay 24 thang 9 nam 2025": "2025-09-24",
    "24 tháng 9, 2025": "2025-09-24",
    "24 Tháng Chín, 2025": "2025-09-24",
    "Tháng Chín 24, 2025": "2025-09-24",
    "24 tháng Năm năm 2025": "2025-05-24",
    "11 tháng Mười Hai 2025": "2025-12-11",
    "September 24, 2025": "2025-09-24",
    "Sept. 24, 2025": "2025-09-24",
    "24 September 2025": "2025-09-24",
    "24 Sep 2025": "2025-09-24",
    "24th of September, 2025": "2025-09-24",
    "24-Sep-25": "2025-09-24",
    "May 1, 2025": "2025-05-01",
    "Wednesday, September 24, 2025 at 8:30 AM": "2025-09-24T08:30:00",
    "Published: Sept. 24, 2025 12:05 a.m. ET": "2025-09-24T00:05:00",
    "Published Sept 24, 2025, updated Sept 25, 2025": "2025-09-24",
    "Updated Sept 25, 2025": "2025-09-25",
    "11/19/19 07:00 PM EST": "2019-11-19T19:00:00-05:00",
    "3/4/2026 8:00:00 AM": "2026-03-04T08:00:00",
    "12/04/2026 | 11:05 p.m.": "2026-12-04T23:05:00",
    "24/9/2025 8:30 AM": "2025-09-24T08:30:00",
    "3/4/2026 8:00:00 SA": "2026-04-03T08:00:00",
    "3-4-2026 8:00 AM": "2026-04-03T08:00:00",
    "2026/4/3 8:00 AM": "2026-04-03T08:00:00",
    "Wed, 24 Sep 2025 08:30:00 +0700": "2025-09-24T08:30:00+07:00",
    "Wed, 24 Sep 2025 08:30:00 GMT": "2025-09-24T08:30:00+00:00",
    "Wed Sep 24 08:30:00 2025": "2025-09-24T08:30:00",
    "26-FEB-1987 15:01:01.79": "1987-02-26T15:01:01",
    "2025-09-24T08:30": "2025-09-24T08:30:00",
    "2025-09-24 08:30:15": "2025-09-24T08:30:15",
    "2025-09-24T08:30:00Z": "2025-09-24T08:30:00+00:00",
    "2025-09-24T08:30:00+07:00": "2025-09-24T08:30:00+07:00",
    "2025-09-24T08:30:00.123456-0530": "2025-09-24T08:30:00-05:30",
    "20250924T083000Z": "2025-09-24T08:30:00+00:00",
    "20250924083000": "2025-09-24T08:30:00",
    "1758677400": "2025-09-24T01:30:00+00:00",
    "1758677400000": "2025-09-24T01:30:00+00:00",
}


@pytest.mark.parametrize("written", FORMS)
def test_every_usual_form_is_read(written: str) -> None:
    assert parse_date(written) == FORMS[written]
    assert datetime.fromisoformat(parse_date(written))


@pytest.mark.parametrize(
    ("written", "twice"),
    [
        ("3/4/2026 8:00:00 AM", True),
        ("12/04/2026 | 11:05 p.m.", True),
        ("4/4/2026 8:00 AM", False),
        ("24/9/2025 8:30 AM", False),
        ("9/24/2025 8:30 AM", False),
        ("3/4/2026 8:00:00 SA", False),
        ("3/4/2026 08:00", False),
        ("4 March 2026 8:00 AM", False),
        (20250924, False),
        (None, False),
    ],
)
def test_what_can_be_read_in_two_ways(written: object, twice: bool) -> None:
    assert reads_two_ways(written) is twice


def test_values_that_are_no_text() -> None:
    assert parse_date(20250924) == "2025-09-24"
    assert parse_date(1758677400) == "2025-09-24T01:30:00+00:00"
    assert parse_date(1758677400.5) == "2025-09-24T01:30:00+00:00"
    assert parse_date(date(2025, 9, 24)) == "2025-09-24"
    assert parse_date(datetime(2025, 9, 24, 8, 30, tzinfo=UTC)) == "2025-09-24T08:30:00+00:00"


@pytest.mark.parametrize(
    "value",
    [
        "May", "12", "2025", "2025-09", "September 2025", "tháng 9/2025", "24/9", "24 tháng 9",
        "Sept 24", "12:30", "today", "yesterday", "hôm qua", "2 hours ago", "3 giờ trước",
        "just now", "1.2.3", "192.168.1.1", "Version 1.2.2025", "", "   ", None, True, [], {},
        12345, 0, 10**40, float("inf"), float("-inf"), float("nan"), "9" * 30,
        "x" * 5000, "Ngày 24/9/2025, tại Thủ đô Oslo, hai bên gặp nhau",
    ],
)  # fmt: skip
def test_what_is_no_full_date_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="full date"):
        parse_date(value)


@pytest.mark.parametrize(
    "value",
    ["32/1/2025", "30/2/2025", "2025-13-01", "29 tháng 2 năm 2025", "1/1/1500", "1/1/2999"],
)
def test_impossible_days_and_absurd_years_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"no day of the calendar|lies in the year"):
        parse_date(value)
    with pytest.raises(ValueError, match="impossible time"):
        parse_date("24/9/2025 25:70")


def test_years_are_bounded_by_today() -> None:
    year = datetime.now(tz=UTC).year
    assert parse_date(f"{year + 1}-01-01") == f"{year + 1}-01-01"
    with pytest.raises(ValueError, match="lies in the year"):
        parse_date(f"{year + 3}-01-01")
    far = datetime.now(tz=UTC) + timedelta(days=365 * 5)
    with pytest.raises(ValueError, match="lies in the year"):
        parse_date(int(far.timestamp()))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("By Ann Lee - 24/09/2025 08:30", ("2025-09-24T08:30:00", "by ann lee")),
        ("March 7, 20247:55 AM UTCUpdated 2 years ago", ("2024-03-07T07:55:00+00:00", "")),
        ("April 10, 20233 years ago 142 Views", ("2023-04-10", "")),
        ("Thứ bảy, 7/3/2026", ("2026-03-07", "")),
        ("21 May 2025 - 14:19", ("2025-05-21T14:19:00", "")),
        ("Ngày mai trời nắng", None),
        (
            "Updated: 10:00, 5 March 2026 | Published: 08:00, 4 March 2026",
            ("2026-03-04T08:00:00", ""),
        ),
        ("Cập nhật 10:00 5/3/2026 - Đăng lúc 08:00 4/3/2026", ("2026-03-04T08:00:00", "")),
        ("Published March 4, 2026 | Updated March 5, 2026", ("2026-03-04", "")),
        ("Updated March 5, 2026", ("2026-03-05", "")),
    ],
)
def test_a_date_is_found_in_the_line_that_shows_it(
    line: str, found: tuple[str, str] | None
) -> None:
    assert find_date(line) == found


def test_a_clock_that_is_wrong_refuses_no_date(monkeypatch):
    class Behind(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2015, 1, 1, tzinfo=tz)

    now = [parse_date(written) for written in ("2026-03-04", "4/3/26")]
    monkeypatch.setattr("indexer.pages.dates.datetime", Behind)
    assert [parse_date(written) for written in ("2026-03-04", "4/3/26")] == now


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Th11 3, 2025", "2025-11-03"),
        ("Th.2 28, 2026", "2026-02-28"),
        ("Th10 07, 2025 21:45", "2025-10-07T21:45:00"),
        ("Tue, 10 Feb 2026 21:30:00 Asia/Ho_Chi_Minh", "2026-02-10T21:30:00+07:00"),
        ("2026-02-10 21:30 (America/New_York)", "2026-02-10T21:30:00-05:00"),
        ("2026-07-10 21:30 America/New_York", "2026-07-10T21:30:00-04:00"),
        ("2026-02-10 21:30 +0700 Asia/Bangkok", "2026-02-10T21:30:00+07:00"),
        ("2026-02-10 21:30 Asia/Ha_Long_Bay", "2026-02-10"),
        ("2026-02-10T21:30:00+07:00Z", "2026-02-10T21:30:00+07:00"),
        ("2026-02-10T21:30:00-0500Z", "2026-02-10T21:30:00-05:00"),
    ],
)
def test_short_months_and_odd_zones(written, read):
    assert parse_date(written) == read
