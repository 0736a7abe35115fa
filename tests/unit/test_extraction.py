"""Pages in the mark-up of many systems → the article on each, or why there is none."""

import unicodedata
from contextlib import suppress

import pytest
from support.html_pages import EN, STYLES, VI, F

from indexer.articles import to_article
from indexer.pages.html import extract_page
from indexer.pages.markup import decoded
from indexer.sources import Origin, RawDocument
from search.errors import ExtractionError, NotAnArticleError

PAGES = [(name, told) for name in STYLES for told in (VI, EN)]


def article(page, url=None):
    found = extract_page(page, url=url)
    return to_article(
        RawDocument(Origin("page.html"), fields=found.fields, notes=found.notes)
    ).article


def reason(page):
    with pytest.raises(NotAnArticleError) as caught:
        extract_page(page)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("style", "told"), PAGES, ids=[f"{n}-{t.lang}" for n, t in PAGES])
class TestEveryStyle:
    def test_the_story_and_nothing_else(self, style, told):
        found = article(STYLES[style](told))
        said = [line for line in f"{found.lead}\n{found.text}".split("\n") if line]
        assert [line for line in said if line != told.subheading] == [told.lead, *told.paragraphs]
        assert (told.subheading in said) is (style != "unclosed")  # which has none
        assert F not in repr(found)

    def test_what_stands_around_it(self, style, told):
        found = article(STYLES[style](told))
        assert (found.title, found.lang) == (told.title, told.lang)
        assert (found.date or "")[:10] == told.day
        if style != "unclosed":  # it shows neither
            assert found.authors == (told.author,)
            assert found.captions == (told.caption,)

    def test_cut_off_anywhere_it_raises_nothing_else(self, style, told):
        page = STYLES[style](told)
        for end in range(0, len(page), 797):
            with suppress(ExtractionError):
                extract_page(page[:end])


def test_leads_stand_apart_where_the_page_sets_them_apart():
    apart = {name for name, style in STYLES.items() if article(style(VI)).lead == VI.lead}
    assert apart == set(STYLES) - {"blogger", "unclosed"}


def test_head():
    found = article(STYLES["amp"](VI))
    assert (found.section, found.source) == ("Đời sống", VI.site)
    found = article(STYLES["wordpress"](EN), url="https://news.example/?utm_source=x")
    assert found.url == "https://news.example/lang-gom-1234.html"
    assert found.source == EN.site
    assert article(STYLES["tables"](VI), url="https://old.example/1.htm").source == "old.example"


def page(body, head="", lang="en"):
    return f"<!doctype html><html lang={lang}><head>{head}</head><body>{body}</body></html>"


STORY = "".join(f"<p>{text}</p>" for text in EN.paragraphs)


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("Kiln is lit again | Riverside News", "Kiln is lit again"),
        ("Opinion | Kiln is lit again", "Kiln is lit again"),
        ("Kiln is lit again - Báo Bờ Sông", "Kiln is lit again"),
        ("Crafts - Kiln is lit again - Riverside", "Kiln is lit again"),
        ("Kiln is lit again &amp;#8211; at last", "Kiln is lit again – at last"),
    ],
)
def test_titles_without_the_sites_name(given, title):
    shown = "" if "8211" in given else f"<h1>{title}</h1>"
    head = f'<meta property="og:title" content="{given}"><title>{given}</title>'
    assert article(page(f"{shown}<div>{STORY}</div>", head)).title == title


@pytest.mark.parametrize(
    ("markup", "date"),
    [
        ('<meta itemprop="datePublished" content="2024-02-29T10:00:00+07:00">', "2024-02-29T10"),
        ('<meta name="pubdate" content="Thu, 29 Feb 2024 10:00:00 GMT">', "2024-02-29T10"),
        ('<time datetime="2024-02-29">29 Feb</time>', "2024-02-29"),
        ("<p>Thứ năm, 29/2/2024 | 10:00 GMT+7</p>", "2024-02-29T10"),
        ("<span>Cập nhật lúc 10:00, 29/02/2024</span>", "2024-02-29T10"),
        ('<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Kiln is lit",'
         '\n"datePublished": "2024-02-29T10:00:00Z", "description": "two\nlines"}</script>',
         "2024-02-29T10"),
        ("", ""),
    ],
)  # fmt: skip
def test_dates(markup, date):
    found = article(page(f"<h1>Kiln is lit again</h1>{markup}<div>{STORY}</div>")).date or ""
    assert found.startswith(date)
    assert bool(found) is bool(date)


def test_dates_of_other_stories_are_not_taken():
    cards = "".join(f'<li><a href="/{i}">Other</a> <time datetime="2020-01-0{i}">x</time></li>'
                    for i in range(1, 9))  # fmt: skip
    assert (
        article(page(f"<h1>Kiln is lit again</h1><div>{STORY}</div><ul>{cards}</ul>")).date is None
    )


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ('{"@type": "Person", "name": "Ann Lee"}', ("Ann Lee",)),
        ('[{"@type": "Person", "name": "Ann Lee and Bob Ray"}]', ("Ann Lee", "Bob Ray")),
        ('{"@type": "Person", "name": "NGUYỄN THU HÀ"}', ("Nguyễn Thu Hà",)),
        ('{"@type": "Organization", "name": "Riverside"}', ()),
        ('{"@type": "Person", "name": "Riverside News"}', ()),
        ('{"@type": "Person", "name": "admin"}', ()),
        ('"https://news.example/authors/7"', ()),
        ('{"@type": "Person", "name": ""}', ()),
        ("null", ()),
    ],
)
def test_authors(author, names):
    head = (
        '<meta property="og:site_name" content="Riverside News"><script type="application/ld+json">'
        '{"@type": "NewsArticle", "headline": "Kiln is lit again", "author": '
        + author
        + "}</script>"
    )
    assert article(page(f"<h1>Kiln is lit again</h1><div>{STORY}</div>", head)).authors == names


def test_of_several_articles_in_the_head_the_pages_own_counts():
    other = '{"@type":"NewsArticle","headline":"Another story","datePublished":"2020-01-01"}'
    own = '{"@type":"NewsArticle","headline":"Kiln is lit again","datePublished":"2024-02-29"}'
    head = f'<script type="application/ld+json">[{other},{own},{other}]</script>'
    assert article(page(f"<h1>Kiln is lit again</h1><div>{STORY}</div>", head)).date == "2024-02-29"


def test_a_page_filled_by_a_script_is_read_from_its_head():
    body = "\\n".join(EN.paragraphs).replace('"', "'")
    head = ('<script type="application/ld+json">{"@type": "Article", "headline": "Kiln is lit",'
            f'"articleBody": "{body}"}}</script>')  # fmt: skip
    found = article(page('<div id="root"></div>', head))
    assert found.text.split("\n\n")[0] == EN.paragraphs[0]


def test_a_live_blog_keeps_every_entry():
    entries = "".join(
        f'<article class="live-post" id="p{i}"><time datetime="2025-09-24T0{i}:10:00+07:00">0{i}:10'
        f"</time><h2>Entry number {i} of the day</h2><p>At this hour {i} boats had crossed a river"
        " with people, animals and what they could carry, the guard said.</p></article>"
        for i in range(1, 9)
    )
    found = article(page(f"<main><h1>Flood on the river, as it happened</h1>{entries}</main>"))
    assert all(f"{i} boats had crossed" in found.text for i in range(1, 9))
    assert all(f"Entry number {i}" in found.text for i in range(1, 9))


def test_tables_and_lists_of_a_story_are_kept():
    data = ("<ul><li>Jars: 400 pieces for the first order of the year</li></ul><table><tr>"
            "<th>Year</th><th>Pieces</th></tr>"
            "<tr><td>2021</td><td>9,300</td></tr></table>")  # fmt: skip
    found = article(
        page(f"<article><h1>Kiln is lit again</h1>{STORY}{data}<p>{EN.lead}</p></article>")
    )
    assert "- Jars: 400 pieces" in found.text
    assert "9,300" in found.text


def told_by(body):
    head = (
        f'<meta property="og:title" content="{EN.title}">'
        '<meta property="og:type" content="article">'
        f'<meta property="article:published_time" content="{EN.iso_date}">'
    )
    return article(page(body, head)).text.split("\n\n")


WHOLE = f"<div><h1>{EN.title}</h1><div class='txt'>{STORY}</div></div>"


def test_a_second_story_below_the_first_is_left_out():
    other = "".join(f"<p>{text}</p>" for text in VI.paragraphs)
    second = f"<article><h1>{VI.title}</h1><div>{other}</div></article>"
    assert told_by(f"<main><article>{WHOLE}</article>{second}</main>") == list(EN.paragraphs)


def test_a_heading_of_the_first_level_inside_a_story_is_kept():
    inner = STORY.replace("<p>Repairs", "<h1>What the repairs have cost</h1><p>Repairs")
    texts = told_by(f"<article><h1>{EN.title}</h1>{inner}</article>")
    assert texts == [*EN.paragraphs[:2], "What the repairs have cost", *EN.paragraphs[2:]]


def test_a_story_that_stands_there_twice_is_read_once():
    assert told_by(f"<div class=wide>{WHOLE}</div><div class=phone>{WHOLE}</div>") == list(
        EN.paragraphs
    )


def test_a_notice_about_cookies_above_a_story():
    notice = (
        "<div class=x><p>We use cookies and similar technologies to give you the best experience on"
        " our site, to measure how it is used, and to show you what fits your interests.</p><p>By"
        " clicking accept you agree to all cookies and to our privacy policy.</p></div>"
    )
    assert told_by(notice + WHOLE) == list(EN.paragraphs)


def test_a_short_story_among_many_others():
    cards = "".join(card(i, 20) for i in range(30))
    short = "".join(f"<p>{text}</p>" for text in EN.paragraphs[:2])
    texts = told_by(f"<h1>{EN.title}</h1><div>{short}</div><div>{cards}</div>")
    assert texts == list(EN.paragraphs[:2])


def test_a_story_told_in_pictures():
    head = f'<meta property="og:type" content="article"><title>{EN.title}</title>'
    pictures = "".join(
        f"<figure><img src={i}.jpg><figcaption>{text}</figcaption></figure>"
        for i, text in enumerate(EN.paragraphs)
    )
    found = article(page(f"<h1>{EN.title}</h1><div>{pictures}</div>", head))
    assert found.text.split("\n\n") == list(EN.paragraphs)
    assert found.captions == ()


# Nothing is lost without a word -----------------------------------------------------------------

CAPTION = "Potters wait on the quay as the mayor of the commune, left, speaks with them on Tuesday."


@pytest.mark.parametrize(
    ("inserted", "kept"),
    [
        ("<section><h1>What the repairs have cost</h1></section>", "What the repairs have cost"),
        (f"<div class=im><div><img src=a.jpg></div><h1>{CAPTION}</h1></div>", None),
        (f"<div class=im><img src=a.jpg><h2>{CAPTION}</h2></div>", None),
        ("<h2>Comment</h2>", None),
        ("<h2>Bình luận</h2>", None),
    ],
    ids=["section in h1", "caption in h1", "caption in h2", "comment", "bình luận"],
)
def test_no_heading_inside_a_story_ends_it(inserted, kept):
    third = STORY.index("<p>Repairs")
    found = told_by(f"<h1>{EN.title}</h1><div>{STORY[:third]}{inserted}{STORY[third:]}</div>")
    assert [line for line in found if line != kept] == list(EN.paragraphs)
    assert (kept in found) is (kept is not None)


def test_a_story_in_several_elements_of_one_class_is_whole():
    pieces = [f"<div class=g><div class=story-piece><p>{p}</p></div></div>" for p in EN.paragraphs]
    picture = f"<figure><img src=a.jpg><figcaption>{EN.caption}</figcaption></figure>"
    body = f"<main><h1>{EN.title}</h1>{pieces[0]}{picture}{''.join(pieces[1:])}</main>"
    assert told_by(body) == list(EN.paragraphs)


def test_a_short_item_beside_other_headlines_is_an_article():
    short = "".join(f"<p>{text}</p>" for text in EN.paragraphs[:2])
    box = "<div class=r><a href=/x><img src=x.jpg><span>Another story of the day</span></a></div>"
    cards = "".join(card(i, 20) for i in range(5))
    body = f"<h1>{EN.title}</h1><div><div>{short}</div>{box}</div><aside>{cards}</aside>"
    assert told_by(body) == list(EN.paragraphs[:2])


def test_a_name_beside_the_date_signed_and_one_under_a_picture_did_not():
    picture = "<figure><img src=kiln.jpg><figcaption>Tom Park</figcaption></figure>"
    head = f"<h1>Kiln is lit again</h1><p>Ann Lee</p><p>September 24, 2025</p>{picture}"
    found = article(page(f"{head}<div>{STORY}</div>"))
    assert (found.authors, found.date) == (("Ann Lee",), "2025-09-24")


@pytest.mark.parametrize(
    ("line", "authors"),
    [
        ("(Reporting by Ann Lee; Editing by Tom Park)", ("Ann Lee",)),
        ("(Reporting by Ann Lee in Hue and Bo Ray; Editing by Tom Park.)", ("Ann Lee", "Bo Ray")),
        ("(Editing by Tom Park)", ()),
        ("(Nguồn: TTXVN)", ()),
    ],
)
def test_who_worked_on_a_story_is_no_text_of_it(line, authors):
    head = f'<meta property="og:type" content="article"><title>{EN.title}</title>'
    body = f"<h1>{EN.title}</h1><div>{STORY}<p>{line}</p></div>"
    found = article(page(body, head))
    assert found.text.split("\n\n") == list(EN.paragraphs)
    assert found.authors == authors


def test_the_headline_stands_on_the_page_without_what_the_head_puts_before_it():
    for given in (f"Opinion: {EN.title}", f"Riverside, news of the valley: {EN.title}"):
        head = f'<meta property="og:title" content="{given}">'
        assert article(page(f"<h1>{EN.title}</h1><div>{STORY}</div>", head)).title == EN.title


def test_a_notice_to_old_browsers_is_no_text():
    notice = (
        "<div><p>You are using a very old browser. To see these pages as they are meant to be seen,"
        " please change to a newer one; films will not play until you do.</p></div>"
    )
    assert told_by(f"{notice}<header><h1>{EN.title}</h1></header>{STORY}") == list(EN.paragraphs)


def test_a_story_that_no_library_finds_is_told():
    found = article(page(f"<h1>{EN.title}</h1><dialog open>x</dialog><ol><li>{EN.paragraphs[0]}"
                         f"</li><li>{EN.paragraphs[1]}</li></ol>"))  # fmt: skip
    assert EN.paragraphs[1] in found.text


def test_much_text_that_is_left_out_is_told_of():
    posts = "".join(
        f"<div><b>Reader {i}</b> <i>2{i} September 2025</i></div><p>As number {i} of those who live"
        " there I can say that nobody has asked us, that the road is still closed, and that the"
        " boats came late, whatever the commune may have told the paper this week.</p>"
        for i in range(9)
    )
    body = (
        f"<main><h1>{EN.title}</h1><div>{STORY}</div><h3>9 comments</h3><div>{posts}</div></main>"
    )
    found = extract_page(page(body))
    assert "nobody has asked us" not in found.fields["text"]
    (note,) = found.notes
    assert "As number 0 of those who live" in note
    assert extract_page(page(WHOLE)).notes == ()


@pytest.mark.parametrize("script", ["\u0130", "I"])
def test_scripts_are_no_part_of_a_pages_length(script):
    code = f'<script>var a="{script}";var s="{"a" * 2_200_000}"</script>'
    found = article(page(f"<h1>{EN.title}</h1><div>{STORY}</div>{code}"))
    assert EN.paragraphs[-1] in found.text


def test_tags_inside_json_are_text():
    ld = '<script type="application/ld+json">{"@type": "Organization", "logo": "<svg x>"}</script>'
    after = "<svg><path d='M0 0'/></svg>"
    assert told_by(f"{ld}{WHOLE}{after}") == list(EN.paragraphs)


@pytest.mark.parametrize("quote", ['"', "'", ""])
def test_pictures_that_stand_in_their_own_address_are_no_part_of_a_pages_length(quote):
    picture = f"<img src={quote}data:image/png;base64,{'A' * 2_200_000}{quote}>"
    assert told_by(f"<h1>{EN.title}</h1><div>{picture}{STORY}</div>") == list(EN.paragraphs)


@pytest.mark.parametrize("title", [f"{EN.title} | Riverside News", EN.title])
def test_a_sites_name_in_a_heading_is_no_title(title):
    body = f"<header><h1>The Riverside News</h1></header><h2>{EN.title}</h2><div>{STORY}</div>"
    head = f'<meta property="og:site_name" content="Riverside News"><title>{title}</title>'
    assert article(page(body, head)).title == EN.title


def test_a_title_that_is_cut_off_is_said_whole_elsewhere():
    head = f'<meta property="og:title" content="{EN.title[:40]}..."><title>{EN.title}</title>'
    assert article(page(f"<h2>{EN.title}</h2><div>{STORY}</div>", head)).title == EN.title


def test_the_day_of_reading_is_not_the_day_of_the_story():
    clock = "<header><div>Thứ Sáu, 27/11/2026</div><nav><a href=/>Trang chủ</a></nav></header>"
    told = "".join(f"<p>{text}</p>" for text in VI.paragraphs)
    found = article(page(f"{clock}<h1>{VI.title}</h1><div>24/09/2025 08:30</div>{told}", lang="vi"))
    assert found.date == "2025-09-24T08:30:00"


def test_publication_counts_though_the_update_stands_first():
    shown = "<div>Updated: 10:00, 25 September 2025 | Published: 08:30, 24 September 2025</div>"
    found = article(page(f"<h1>{EN.title}</h1>{shown}{STORY}"))
    assert (found.date, "Updated" in found.text) == ("2025-09-24T08:30:00", False)


FRENCH = (
    "<p>Le maire du village est arrivé lundi au four pour une visite de trois jours consacrée aux"
    " métiers anciens, a annoncé la commune.</p><p>Les potiers signeront des accords mercredi,"
    " parmi lesquels un contrat avec les restaurants de la ville.</p>"
)


JAPANESE = (
    "<p>港湾当局は火曜日、三年にわたる費用をめぐる議論の末、北水路の浚渫を五月に始めると発表した。</p>"
    "<p>作業は来年の夏まで続き、その間も漁船は東の水路を使うことができるという。</p>"
)


@pytest.mark.parametrize("lang", ["fr", "en", "vi"])
def test_a_third_language_is_kept_out(lang):
    with pytest.raises(NotAnArticleError, match="third language"):
        article(page(f"<h1>Le four du village est rallumé</h1><div>{FRENCH}</div>", lang=lang))


@pytest.mark.parametrize("lang", ["ja", "en", "vi"])
def test_a_third_language_without_spaces_is_kept_out_for_what_it_is(lang):
    with pytest.raises(NotAnArticleError, match="third language"):
        article(page(f"<h1>北水路の浚渫は五月から</h1><div>{JAPANESE}</div>", lang=lang))


def test_a_page_that_sends_on_says_where():
    head = '<meta http-equiv="refresh" content="0; url=/story-7.html">'
    with pytest.raises(NotAnArticleError, match=r"sends on to https://news\.example/story-7\.html"):
        extract_page(page("<p>One moment</p>", head), url="https://news.example/")


def test_one_rule_for_characters_whoever_brings_the_page():
    text = page("<p>João leva água à cidade, disse o prefeito</p>", lang="pt")
    assert "João" in decoded(text.encode("cp1252"))
    assert "João" in decoded(text.encode("cp1252"), "windows-1252")
    assert "João" in decoded(text.encode("cp1252"), "nonsense")
    assert "João" in decoded(text.encode(), "windows-1252")


# No articles --------------------------------------------------------------------------------------


def card(i, words):
    text = " ".join(["A sentence that sums the story up for those who are in a hurry today."] * 9)
    return (f'<article class="item"><h3><a href="/{i}">Headline number {i} of some other story</a>'
            f'</h3><p>{" ".join(text.split()[:words])}</p></article>')  # fmt: skip


@pytest.mark.parametrize("count", [6, 20])
@pytest.mark.parametrize("words", [8, 20, 40, 60])
@pytest.mark.parametrize("kind", ["article", "website", None])
def test_pages_of_a_section_are_lists(words, kind, count):
    head = f'<meta property="og:type" content="{kind}">' if kind else ""
    body = f"<h1>Crafts</h1><main>{''.join(card(i, words) for i in range(count))}</main>"
    assert "list of headlines" in reason(page(body, head))


def excerpt(i, said, more):
    heading = f"<h2>Headline number {i} of some other story</h2>"
    return f"<div>{heading}<p>{said} ({i}) <a href=/{i}>{more}</a></p></div>"


SUMS = {
    "linked": lambda i: card(i, 40),
    "read more": lambda i: excerpt(i, EN.lead, "Read more"),
    "xem tiếp": lambda i: excerpt(i, VI.lead, "Xem tiếp »"),
}


@pytest.mark.parametrize("kind", ["article", "website"])
@pytest.mark.parametrize("sums", SUMS)
def test_a_front_page_is_no_story_whatever_it_declares(sums, kind):
    head = (
        f'<meta property="og:type" content="{kind}"><meta property="og:title" content="Riverside">'
        f'<meta property="article:published_time" content="{EN.iso_date}">'
    )
    body = f"<h1>Riverside</h1><main>{''.join(SUMS[sums](i) for i in range(9))}</main>"
    with pytest.raises(NotAnArticleError, match="list of headlines"):
        extract_page(page(body, head), url="https://news.example/")


def test_lists_without_summaries():
    links = "".join(f"<li><h3><a href='/{i}'>Headline number {i} of other stories</a></h3></li>"
                    for i in range(40))  # fmt: skip
    assert "list of headlines" in reason(page(f"<h1>Latest</h1><ul>{links}</ul>"))


@pytest.mark.parametrize(
    ("body", "title", "said"),
    [
        ("<h1>404</h1><p>The page you are looking for has been moved or never was here at all.</p>",
         "404 - Page not found", "error page"),
        ("<h1>Không tìm thấy trang</h1><p>Đường dẫn sai hoặc bài viết đã bị xóa.</p>",
         "Không tìm thấy trang - Báo", "error page"),
        ("<p>Checking your browser before you go on.</p>", "Just a moment...", "error page"),
        (f"<h1>Kiln</h1><p>{EN.paragraphs[0]}</p><div class='x'>Subscribe to continue reading this"
         " story and all others.</div>", "Kiln", "pay wall"),
        (f"<h1>Lò nung</h1><p>{VI.paragraphs[0]}</p><div><p>Vui lòng đăng nhập để đọc tiếp bài viết"
         " dành cho hội viên.</p></div>", "Lò nung", "login"),
        ("<form>User <input> Password <input type=password></form><p>Please log in to continue to"
         " the paper.</p>", "Log in", "login"),
        ("<h1>Kiln on film</h1><video src=a.mp4></video><p>A film of the kiln.</p>", "Kiln on film",
         "no article"),
        ("<div id=root></div>", "Riverside", "no article"),
        ("", "", "no article"),
    ],
    ids=["404", "404-vi", "challenge", "pay wall", "pay wall-vi", "login", "video", "app", "empty"],
)  # fmt: skip
def test_other_pages(body, title, said):
    assert said in reason(page(body, f"<title>{title}</title>"))


def test_a_story_that_speaks_of_walls_and_errors_is_a_story():
    words = "<p>Readers must now log in to continue reading, the paper said, and page not found"
    words += " is what others will see from Monday.</p>"
    found = article(page(f"<h1>Paper puts up a pay wall</h1><div>{words}{STORY}</div>"))
    assert "log in to continue" in found.text


# Characters ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", None), ("utf-8", "utf-8"), ("utf-8", "windows-1252"), ("utf-8-sig", None),
        ("utf-16", None), ("utf-16-le", "utf-16"), ("cp1258", "windows-1258"), ("cp1258", None),
        ("utf-8", "no-such-set"),
    ],
)  # fmt: skip
def test_character_sets(encoding, declared):
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={declared}">'
    text = page(f"<h1>{VI.title}</h1><p>{VI.lead}</p>", meta if declared else "", lang="vi")
    if encoding == "cp1258":
        text = with_tones_apart(text)
    read = unicodedata.normalize("NFC", decoded(text.encode(encoding)))
    assert VI.lead in read


def with_tones_apart(text):
    """Vietnamese as windows-1258 spells it: a letter, and its tone after it."""
    tones = "\u0300\u0301\u0303\u0309\u0323"

    def spelled(letter):
        marks = unicodedata.normalize("NFD", letter)
        bare = unicodedata.normalize("NFC", "".join(c for c in marks if c not in tones))
        return bare + "".join(c for c in marks if c in tones)

    return "".join(map(spelled, text))


def test_one_bad_byte_does_not_spoil_a_page():
    data = page(f"<h1>{VI.title}</h1><p>{VI.lead}</p>", lang="vi").encode()
    assert VI.title in decoded(data.replace(b"</p>", b"\xff</p>"))


@pytest.mark.parametrize("data", [bytes(range(256)) * 99, b"\x7fELF\x02\x01\x01" * 5000])
def test_binary_is_no_page(data):
    with pytest.raises(ExtractionError, match="binary"):
        extract_page(data)


def test_an_unknown_character_set_is_named():
    data = page(f"<p>{VI.lead}</p>", "<meta charset=klingon>").encode("cp1252", "replace") + b"\xe9"
    with pytest.raises(ExtractionError, match="klingon"):
        extract_page(data)


# Hostile pages ------------------------------------------------------------------------------------

PARAGRAPHS = "<p>The council met on Monday and agreed a plan for the harbour at last.</p>" * 9


@pytest.mark.parametrize("opened", ["<p><font face=Arial>", "<p><o:p>", "<p>", "<br>"])
def test_a_long_page_of_elements_left_open(opened):
    lines = [f"Paragraph number {i} of a story that goes on for long." for i in range(400)]
    found = article(page("<h1>Kiln is lit again</h1>" + "".join(opened + line for line in lines)))
    assert found.text.count("Paragraph number") == len(lines)


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 50_000 + PARAGRAPHS,
        "<span><b>" * 50_000 + PARAGRAPHS,
        "<table><tr><td>" * 20_000 + PARAGRAPHS,
        "<!-- " * 100_000 + PARAGRAPHS,
        "<script>" * 50_000 + PARAGRAPHS,
        "<" * 500_000,
        "&" * 500_000,
        PARAGRAPHS * 300,
        "line of words that is long enough to be taken for prose <br>" * 5_000,
        "<h3><a href=x>Headline of another story</a></h3><p>It is summed up in few words here.</p>"
        * 3_000,
        f'<script type="application/ld+json">{"[" * 100_000}</script>{PARAGRAPHS}',
        f'<div class="{"box-" * 100_000}">{PARAGRAPHS}</div>',
        f"<p>{'word ' * 200_000}</p>",
        "\x00\x01\x02" * 10_000 + PARAGRAPHS,
        "<p>" + "a" * 2_100_000 + "</p>",
        "<h1>A heading of some words</h1>" * 3_000 + PARAGRAPHS,
        "".join(f"<h1>Words of heading {i} - Name</h1>" for i in range(4_000)) + PARAGRAPHS,
        f"<title>{'Words - Báo Bờ Sông ' * 20_000}</title>{PARAGRAPHS}",
        f"<meta name=author content='{'(' * 60_000}'>{PARAGRAPHS}",
        (PARAGRAPHS + "<div>Comments</div>") * 300,
        "<div><img src=a><h2>What the picture shows</h2></div>" * 2_000 + PARAGRAPHS,
        "<table>" + "<tr><td>a</td><td>b</td></tr>" * 4_000 + "</table>" + PARAGRAPHS,
        "<svg>" * 40_000 + PARAGRAPHS,
    ],
    ids=[
        "deep", "deep inline", "deep tables", "comments", "scripts", "brackets", "entities",
        "paragraphs", "breaks", "cards", "deep json", "class", "one paragraph", "binary", "long",
        "headings", "other headings", "title", "author", "ends", "pictures", "table", "drawings",
    ],
)  # fmt: skip
def test_hostile_pages_end(body):
    with suppress(ExtractionError):
        assert extract_page(page(body)).fields["text"]
