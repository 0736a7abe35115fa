"""Pages, feeds and sitemaps written for the tests, in the shapes that news sites have."""

from __future__ import annotations

from xml.sax.saxutils import escape

STORIES = {
    "cau": (
        "Khánh thành cầu treo qua suối Nậm Mu",
        "Cây cầu treo dài chín mươi mét bắc qua suối Nậm Mu được khánh thành sáng nay, sau mười"
        " bốn tháng thi công. Người dân ba bản bên kia suối không còn phải đi bè mỗi khi nước lên.",
    ),
    "caphe": (
        "Giá cà phê ở Tây Nguyên tăng tuần thứ ba liên tiếp",
        "Thương lái ở các huyện trồng cà phê cho biết giá thu mua tăng thêm hai nghìn đồng mỗi"
        " ki-lô-gam so với tuần trước. Nông dân vẫn giữ hàng vì cho rằng giá còn lên nữa.",
    ),
    "tau": (
        "Đường sắt thêm bốn đôi tàu đêm dịp cuối năm",
        "Ngành đường sắt chạy thêm bốn đôi tàu đêm từ giữa tháng mười hai, mỗi đoàn mười hai toa."
        " Vé được bán qua mạng và tại ga từ tuần tới, mỗi người mua không quá sáu vé.",
    ),
}
_MORE = (
    "Đại diện chính quyền địa phương nói công việc tiếp theo là chăm lo đời sống của bà con.",
    "Ông Lò Văn Pản, sáu mươi hai tuổi, kể rằng cả đời ông chờ ngày này.",
)


def text_of(name):
    """Paragraphs of a story."""
    return [STORIES[name][1], *_MORE]


def article(name, *, head="", changed="", charset="utf-8"):
    """A page with one story on it."""
    title, _ = STORIES[name]
    paragraphs = "\n".join(
        f"<p>{part}</p>" for part in [*text_of(name), *([changed] * bool(changed))]
    )
    return f"""<!DOCTYPE html>
<html lang="vi"><head><meta charset="{charset}"><title>{title}</title>
<meta property="og:title" content="{title}"><meta property="og:type" content="article">
<meta property="article:published_time" content="2026-11-20T08:30:00+07:00">
{head}</head>
<body><header><nav><a href="/">Trang chủ</a> <a href="/kinh-te">Kinh tế</a></nav></header>
<main><article><h1>{title}</h1>
{paragraphs}
</article></main>
<footer><p>Bản quyền thuộc về toà soạn.</p></footer></body></html>"""


def front_page(names, *, head=""):
    """A page that only leads to others."""
    links = "\n".join(f'<li><a href="/{name}.html">{STORIES[name][0]}</a></li>' for name in names)
    return f"""<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8"><title>Trang chủ</title>
{head}</head><body><ul>{links}</ul></body></html>"""


def rss(entries, *, head='<?xml version="1.0" encoding="utf-8"?>'):
    """An RSS feed of (link, elements of the item) pairs."""
    items = "".join(f"<item><link>{escape(link)}</link>{more}</item>\n" for link, more in entries)
    return f"""{head}
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Tin mới</title>
<link>/</link><description>Tin mới nhất</description>
{items}</channel></rss>"""


def item(name, *, date="Fri, 20 Nov 2026 08:30:00 +0700", more=""):
    """The elements of an item about a story."""
    title, lead = STORIES[name]
    return f"<title>{title}</title><description>{lead}</description><pubDate>{date}</pubDate>{more}"


def sitemap(entries):
    """A sitemap of (loc, further elements) pairs."""
    urls = "".join(f"<url><loc>{escape(loc)}</loc>{more}</url>\n" for loc, more in entries)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
{urls}</urlset>"""


def sitemap_index(entries):
    """An index of (loc, lastmod) pairs."""
    maps = "".join(
        f"<sitemap><loc>{escape(loc)}</loc><lastmod>{when}</lastmod></sitemap>\n"
        for loc, when in entries
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{maps}</sitemapindex>"""
