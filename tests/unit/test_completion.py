"""What a query that is being typed may become: titles, names, sections, sources."""

import pytest

from search.completion import Completer, Completion, names_in
from search.stores.base import Kept, Outline


class Titles:
    """What completion asks of a store, over outlines in memory."""

    def __init__(self, *outlines):
        self.kept_outlines = {outline.id: outline for outline in outlines}
        self.listings = 0

    def listing(self):
        self.listings += 1
        return iter([Kept(id_, repr(o)) for id_, o in sorted(self.kept_outlines.items())])

    def outlines(self, ids):
        return {id_: self.kept_outlines[id_] for id_ in ids if id_ in self.kept_outlines}


def outline(id_, title, *, lang="vi", date=None, source=None, section=None, authors=()):
    return Outline(id_, lang, date, source, section, authors, title)


STORIES = (
    outline("1", "Ông Nguyễn Văn Bình nói về nợ xấu", date="2025-01-01", section="Kinh tế"),
    outline("2", "Nguyên nhân cháy chợ", date="2025-01-02", source="Báo Sóng"),
    outline("3", "Đường sắt tốc độ cao qua Hà Nội", date="2025-01-03", authors=("Lê Thị Bé",)),
    outline("4", "Dương tính với chất cấm", date="2025-01-04", section="Thể thao"),
    outline("5", "Coffee prices in Hanoi rise", lang="en", date="2025-01-05", section="Business"),
    outline("6", "Hòa Bình mở đường", date="2025-01-06"),
    outline("7", "Hoàn thành cầu mới", date="2025-01-07"),
)


@pytest.fixture(scope="module")
def completer():
    return Completer(Titles(*STORIES))


def texts(found, *kinds):
    return [one.text for one in found if not kinds or one.kind in kinds]


def test_with_diacritics_or_without(completer):
    expected = "Ông Nguyễn Văn Bình nói về nợ xấu"
    for typed in ("nguyen van", "Nguyễn văn b", "NGUYEN VAN", "Nguyê\u0303n V", "Nguyeenx Vawn"):
        assert expected in texts(completer.complete(typed), "title"), typed


def test_a_mark_that_was_typed_must_be_there(completer):
    assert texts(completer.complete("duong"), "title") == [
        "Dương tính với chất cấm",
        "Đường sắt tốc độ cao qua Hà Nội",
        "Hòa Bình mở đường",
    ]
    assert texts(completer.complete("đường"), "title") == [
        "Đường sắt tốc độ cao qua Hà Nội",
        "Hòa Bình mở đường",
    ]
    # A tone may still come: what is typed is not finished.
    assert "Đường sắt tốc độ cao qua Hà Nội" in texts(completer.complete("đươ"), "title")


def test_a_tone_may_stand_on_either_vowel(completer):
    both = {"Hoàn thành cầu mới", "Hòa Bình mở đường"}
    assert set(texts(completer.complete("hoà"), "title")) == both
    assert texts(completer.complete("hoà b"), "title") == ["Hòa Bình mở đường"]


def test_titles_that_begin_so_come_first_then_the_newest(completer):
    found = texts(completer.complete("ng"), "title")
    assert found == ["Nguyên nhân cháy chợ", "Ông Nguyễn Văn Bình nói về nợ xấu"]


def test_a_word_is_complete_after_its_space(completer):
    assert texts(completer.complete("hoa "), "title") == ["Hòa Bình mở đường"]
    assert texts(completer.complete("hoa"), "title") == ["Hoàn thành cầu mới", "Hòa Bình mở đường"]


def test_names_of_titles_and_authors(completer):
    assert completer.complete("nguyễn v")[0] == Completion("name", "Nguyễn Văn Bình", lang="vi")
    [author, *_] = completer.complete("le thi")
    assert (author.kind, author.text, author.query()) == (
        "author",
        "Lê Thị Bé",
        'author:"Lê Thị Bé"',
    )


def test_sections_and_sources_become_filters(completer):
    [section, *_] = completer.complete("kinh t")
    assert section.query("vi") == 'mục:"Kinh tế"'
    assert not section.complete
    assert completer.complete("cà phê kinh t")[0].complete
    assert completer.complete("kinh t")[0].query() == 'section:"Kinh tế"'
    assert completer.complete("bao s")[0].query() == 'source:"Báo Sóng"'


def test_the_last_words_are_completed_behind_others(completer):
    [name, *_] = completer.complete("nợ xấu của nguyen va")
    assert (name.text, name.query()) == ("Nguyễn Văn Bình", "nợ xấu của Nguyễn Văn Bình")
    [section, *_] = completer.complete("metro the th")
    assert section.query() == 'metro section:"Thể thao"'
    assert completer.complete("cháy ở th") == ()  # two letters may be anything


def test_one_language_alone(completer):
    assert texts(completer.complete("hanoi", lang="en"), "title") == ["Coffee prices in Hanoi rise"]
    assert completer.complete("hanoi", lang="vi") == ()
    assert texts(completer.complete("b", lang="en")) == [
        "Business",
        "Báo Sóng",
    ]  # a source is of both


def test_nothing_of_nothing(completer):
    for typed in ("", "   ", "...", "x" * 500, "nguyen " * 50, "qwxz", "\x00"):
        assert completer.complete(typed) == ()


def test_k_bounds_it_and_titles_have_their_share():
    stories = [outline(str(i), f"Tin {i} từ Hà Nội", section=f"Hà {i}") for i in range(30)]
    found = Completer(Titles(*stories)).complete("hà", k=6)
    assert len(found) == 6
    assert len(texts(found, "title")) == 3


def test_what_is_gone_is_not_offered_and_what_changed_is_as_it_is_now():
    store = Titles(*STORIES)
    completer = Completer(store)
    assert texts(completer.complete("nguyen nhan"), "title") == ["Nguyên nhân cháy chợ"]
    del store.kept_outlines["2"]
    assert completer.complete("nguyen nhan") == ()
    store.kept_outlines["6"] = outline("6", "Hòa Bình đổi tên")
    assert texts(completer.complete("hoa b"), "title") == ["Hòa Bình đổi tên"]


def test_the_archive_is_not_read_at_each_key():
    store = Titles(*STORIES)
    completer = Completer(store)
    for typed in ("n", "ng", "ngu"):
        completer.complete(typed)
    assert store.listings == 1


def test_what_came_since_is_found_after_a_while():
    store = Titles(*STORIES)
    completer = Completer(store)
    assert completer.complete("quoc hoi") == ()
    store.kept_outlines["9"] = outline("9", "Quốc hội họp")
    completer._due = 0.0
    assert texts(completer.complete("quoc hoi"), "title") == ["Quốc hội họp"]


def test_the_query_of_a_title_means_its_words():
    """Quotation marks, minus signs and colons would mean something."""
    title = Completion("title", 'Thông báo: "cấm" xe - trừ xe buýt')
    assert title.query() == "Thông báo cấm xe trừ xe buýt"


@pytest.mark.parametrize(
    ("title", "lang", "names"),
    [
        ("Thủ tướng Phạm Minh Chính thăm Hà Nội", "vi", ["Phạm Minh Chính", "Hà Nội"]),
        ("The White House says no to Hanoi", "en", ["White House", "Hanoi"]),
        ("Giá vàng: Mỹ tăng lãi suất", "vi", []),
        ("AQUINO SAYS GROWTH HAS PRIORITY", "en", []),
        ("Vietnam Wins Gold In Hanoi Games", "en", []),
        ("", "vi", []),
    ],
)
def test_names_have_capitals_of_their_own(title, lang, names):
    assert [name for name, _ in names_in(title, lang)] == names
