"""Names in byline lines: what signs, what only looks like it, what stands around a name."""

import pytest

from indexer.pages.bylines import bare_names, is_agency, is_name, signature, signers_beside_date


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("By Ann Lee", ("Ann Lee",)),
        ("by Ann Lee and Tom Park", ("Ann Lee", "Tom Park")),
        ("By Ann Lee, Staff Writer, Coast Gazette", ("Ann Lee",)),
        ("By Ann LeeStaff Writer", ("Ann Lee",)),
        ("By Ann Lee Senior Health Correspondent", ("Ann Lee",)),
        ("By Ann Lee | Coast Gazette", ("Ann Lee",)),
        ("By Ann Lee For Gazette.com", ("Ann Lee",)),
        ("By Ann Lee (reporting) and Tom Park (photography)", ("Ann Lee", "Tom Park")),
        ("By Ann Lee Ann Lee", ("Ann Lee",)),
        ("By ANN LEE", ("ANN LEE",)),
        ("Reporting by Ann Lee; Editing by Tom Park", ("Ann Lee",)),
        ("By Theresa May", ("Theresa May",)),
        ("Bài và ảnh: Thu Ngân - Hồng Duyên", ("Thu Ngân", "Hồng Duyên")),
        ("PV Thu Ngân", ("Thu Ngân",)),
        ("Thu Ngân (t/h)", ("Thu Ngân",)),
        ("Thu Ngân (Theo Reuters)", ("Thu Ngân",)),
        ("Thu Ngân/VOV-Tây Bắc", ("Thu Ngân",)),
        ("Theo Báo Ven Biển", ("Báo Ven Biển",)),
        ("Theo báo cáo của tỉnh", ()),
        ("By the end of June", ()),
        ("By Staff Writer", ()),
        ("CTV National News Team", ()),
        ("(TTXVN/Vietnam+)", ()),
    ],
)
def test_signatures(line: str, names: tuple[str, ...]) -> None:
    assert signature(line) == names


@pytest.mark.parametrize(
    ("line", "rest", "names"),
    [
        ("By Ann Lee September 24, 2025", "by ann lee", ("Ann Lee",)),
        ("Ann Lee · Coast Gazette · 24 Sep 2025", "ann lee coast gazette", ("Ann Lee",)),
        ("Thu Ngân  |   06/10/2025 07:15", "thu ngan", ("Thu Ngân",)),
        ("Hà Nội | 06/10/2025", "ha noi", ()),
        ("March 4, 2026 by Ann Lee", "by ann lee", ("Ann Lee",)),
        (
            "Posted on 24/9/2025 | by Ann Lee and Bob Ray",
            "by ann lee and bob ray",
            ("Ann Lee", "Bob Ray"),
        ),
        ("24/9/2025 bởi Nguyễn Thu Hà", "boi nguyen ha", ("Nguyễn Thu Hà",)),
        ("Updated: 24 Sep 2025", "", ()),
    ],
)
def test_names_beside_a_date(line: str, rest: str, names: tuple[str, ...]) -> None:
    assert signers_beside_date(line, rest) == names


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Thu Ngân", ("Thu Ngân",)),
        ("THU NGÂN", ("THU NGÂN",)),
        ("Thu Ngân - Hồng Duyên", ("Thu Ngân", "Hồng Duyên")),
        ("Ann Lee", ("Ann Lee",)),
        ("Ann Lee Deputy Content Director", ("Ann Lee",)),
        ("Jean-Claude O'Neill", ("Jean-Claude O'Neill",)),
        ("ByAnn Lee", ("Ann Lee",)),
        ("Byron Lee", ("Byron Lee",)),
        ("Courtesy Ann Lee", ()),
        ("RELATED STORIES", ()),
        ("Full Story", ()),
        ("Middle East", ()),
        ("Đà Nẵng", ()),
        ("Pháp luật", ()),
        ("giá vàng", ()),
    ],
)
def test_bare_names(line: str, names: tuple[str, ...]) -> None:
    assert bare_names(line) == names


def test_english_names_can_be_left_out() -> None:
    assert bare_names("Ann Bloggs", vietnamese_only=True) == ()
    assert bare_names("Thu Ngân", vietnamese_only=True) == ("Thu Ngân",)


def test_names_and_agencies() -> None:
    assert is_name("Nguyễn Thị Thu Ngân", vietnamese=True)
    assert not is_name("Ann Bloggs", vietnamese=True)
    assert not is_name("Nguyễn")
    assert is_agency("TTXVN")
    assert is_agency("VOV Tây Bắc")
    assert not is_agency("Thu Ngân")
