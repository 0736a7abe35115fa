"""Web pages in the mark-up styles of many content management systems, around two invented stories.

Every page has what such pages have beside the story. Furniture contains the word FURNITURE (in
capitals), so that a test can see at once whether any of it got in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

F = "FURNITURE"


@dataclass(frozen=True)
class Told:
    """A story as a newsroom has it."""

    lang: str
    title: str
    lead: str
    paragraphs: tuple[str, ...]
    subheading: str
    caption: str
    author: str
    shown_date: str
    iso_date: str
    site: str = "Tin Bờ Sông"

    @property
    def day(self) -> str:
        return self.iso_date[:10]


VI = Told(
    "vi",
    "Làng gốm ven sông mở lại lò nung sau ba năm nguội lửa",
    "Sau ba năm dừng vì lũ, lò nung lớn nhất của làng gốm Thổ Hạnh đỏ lửa trở lại với 40 thợ.",
    (
        "Sáng 24/9, ông Trần Văn Lộc châm mồi lửa đầu tiên trước sự chứng kiến của hơn hai trăm"
        " người dân. Mẻ đầu gồm chum, vại và bát đĩa đặt hàng từ các nhà hàng ở Huế.",
        "Trận lũ năm 2022 cuốn trôi một nửa số khuôn và làm nứt thân lò. Nhiều hộ phải chuyển sang"
        " nghề mộc hoặc đi làm công nhân ở khu công nghiệp bên kia cầu.",
        "Theo chính quyền xã, chi phí sửa lò là 1,8 tỷ đồng, trong đó người dân góp một phần ba."
        " Phần còn lại đến từ quỹ bảo tồn làng nghề của tỉnh.",
        '"Chúng tôi giữ cách nung bằng củi, vì màu men chỉ lên đúng khi lửa lên chậm", ông Lộc nói.',
        "Xã dự định mở tuyến tham quan bằng thuyền từ tháng 11, mỗi chuyến không quá 20 khách.",
    ),
    "Giữ lửa bằng củi",
    "Thợ gốm xếp bát vào lò trước giờ châm lửa. Ảnh: Minh Hạ",
    "Nguyễn Thu Hà",
    "Thứ tư, 24/9/2025, 08:30 (GMT+7)",
    "2025-09-24T08:30:00+07:00",
)
EN = Told(
    "en",
    "River pottery village relights its great kiln after three cold years",
    "Forty potters are back at work in Tho Hanh, where a flood had left the main kiln in ruins.",
    (
        "The first match was struck on Wednesday morning by Tran Van Loc, 71, in front of more than"
        " two hundred neighbours. The opening batch is jars and bowls for restaurants in Hue.",
        "The flood of 2022 carried off half of the moulds and cracked the body of the kiln. Many"
        " families turned to carpentry or took jobs in the factories across the bridge.",
        "Repairs cost about $70,000, a third of it raised by the villagers themselves, according to"
        " the commune. A provincial fund for old crafts paid the rest.",
        "“We still burn wood, because the glaze only comes right when the fire rises slowly,” Loc"
        " said.",
        "Boat tours of the village are planned from November, with no more than 20 guests on board.",
    ),
    "Keeping to wood",
    "Potters stack bowls before the fire is lit. (Photo: Minh Ha)",
    "Thu Ha Nguyen",
    "Wednesday, 24 September 2025, 8:30 AM",
    "2025-09-24T08:30:00+07:00",
    "Riverside News",
)

_CARDS = "".join(
    f'<div class="item"><a href="/tin-{i}.html"><h3>{F} {i} bản tin khác của ngày hôm nay</h3></a>'
    f"<p>{F} một câu tóm tắt bản tin khác để người đọc bấm vào xem tiếp.</p></div>"
    for i in range(6)
)
_LINKS = "".join(
    f'<li><a href="/x{i}">{F} headline number {i} of another story</a></li>' for i in range(8)
)
_MENU = (
    "<nav><ul>" + "".join(f'<li><a href="/{i}">{F} {i}</a></li>' for i in range(12)) + "</ul></nav>"
)
_COMMENTS = "".join(
    f"<li class='comment'><b>Bạn đọc {i}</b><p>{F} tôi thấy bài viết này rất hay và mong báo viết"
    " thêm nhiều bài như thế về các làng nghề khác ở miền Trung quê tôi.</p></li>"
    for i in range(15)
)


def _head(told: Told, *, meta: bool = True, ld: bool = False, extra: str = "") -> str:
    out = f'<meta charset="utf-8"><title>{told.title} - {told.site}</title>{extra}'
    if meta:
        out += (
            f'<meta property="og:title" content="{told.title} | {told.site}">'
            f'<meta property="og:type" content="article">'
            f'<meta property="og:site_name" content="{told.site}">'
            f'<meta property="og:description" content="{told.lead}">'
            f'<meta property="article:published_time" content="{told.iso_date}">'
            f'<meta name="author" content="{told.author}">'
            '<link rel="canonical" href="https://news.example/lang-gom-1234.html">'
        )
    if ld:
        out += (
            '<script type="application/ld+json">{"@context":"https://schema.org","@graph":['
            '{"@type":"WebPage","name":"x"},{"@type":["NewsArticle"],"headline":"'
            + told.title.replace('"', "&quot;")
            + f'","datePublished":"{told.iso_date}","author":[{{"@type":"Person","name":"{told.author}"'
            f'}}],"publisher":{{"@type":"Organization","name":"{told.site}"}},'
            '"articleSection":"Đời sống",}]}</script>'  # the comma too many is meant
        )
    return f"<head>{out}</head>"


def _p(told: Told, opening: str = "<p>", closing: str = "</p>") -> list[str]:
    return [f"{opening}{text}{closing}" for text in told.paragraphs]


def express(told: Told) -> str:
    """A Vietnamese portal: description paragraph, figure tables, the author at the right below."""
    first, second, *rest = _p(told, '<p class="Normal">')
    return f"""<!doctype html><html lang="{told.lang}">{_head(told, meta=False)}<body>
    <div class="topbar-sticky"><h2 class="title"><span>{told.title}</span></h2></div>{_MENU}
    <section class="section page-detail"><div class="container"><div class="sidebar-1">
    <div class="header-content"><ul class="breadcrumb"><li><a href="/d">{F}</a></li></ul>
    <span class="date">{told.shown_date}</span></div>
    <h1 class="title-detail">{told.title}</h1><p class="description">{told.lead}</p>
    <article class="fck_detail">{first}
    <figure class="tplCaption"><picture><img src="a.jpg"></picture><figcaption>
    <p class="Image">{told.caption}</p></figcaption></figure>{second}
    <ul class="list-news"><li><a href="/k">{F} một bài khác cùng chủ đề làng nghề</a></li></ul>
    <p class="Normal"><strong>{told.subheading}</strong></p>{"".join(rest)}
    <p class="Normal" style="text-align:right;"><strong>{told.author}</strong></p></article>
    <div class="box-tinlienquanv2"><h3>{F}</h3>{_CARDS}</div></div>
    <div class="sidebar-2"><div class="box-category">{_CARDS}</div></div></div></section>
    <section class="box_comment" id="box_comment"><ul>{_COMMENTS}</ul></section>
    <footer><p>Tổng biên tập: {F}. Giấy phép số 1/GP-BTTTT. Toàn bộ bản quyền thuộc {F}.</p></footer>
    </body></html>"""


def sortable(told: Told) -> str:
    """The system of many Vietnamese papers: sapo, boxes that editors drop into the text."""
    first, second, *rest = _p(told)
    return f"""<html lang="vi">{_head(told)}<body><form id="aspnetForm"><div class="wrapper">
    <div class="detail__main"><div class="detail-cate"><a href="/a">{F}</a></div>
    <h1 class="detail-title" data-role="title">{told.title}</h1>
    <div class="detail-info"><a class="author" href="/t">{told.author}</a>
    <div class="detail-time">{told.shown_date}</div></div>
    <h2 class="detail-sapo" data-role="sapo">{told.lead}</h2>
    <div class="detail-content afcbc-body" data-role="content" itemprop="articleBody">{first}
    <figure class="VCSortableInPreviewMode" type="Photo"><div><img src="a.jpg" alt="{told.title}">
    </div><figcaption class="PhotoCMS_Caption"><p>{told.caption}</p></figcaption></figure>
    <div class="VCSortableInPreviewMode" type="RelatedOneNews"><a href="/b" title="{F}">{F} bài
    khác đọc thêm về làng nghề ven sông</a><p class="VCObjectBoxRelatedNewsItemSapo">{F} câu tóm
    tắt của bài đọc thêm nằm ngay giữa bài viết này, dài hơn một dòng.</p></div>{second}
    <h2>{told.subheading}</h2>{"".join(rest)}
    <div class="link-content-footer"><a class="link-source-name">Theo {F}</a></div></div>
    <div class="detail-author-bot">{told.author}</div>
    <div class="detail-tab"><a>{F}</a></div><div class="detail-same-cate">{_CARDS}</div></div>
    <div class="detail__comment"><ul>{_COMMENTS}</ul></div></div></form></body></html>"""


def tables(told: Told) -> str:
    """An old page: tables for everything, breaks between paragraphs, no meta elements."""
    first, *rest = told.paragraphs
    return f"""<html>{_head(told, meta=False)}<body><table width="100%"><tr><td class="menu">
    {"<br>".join(f'<a href="/{i}">{F} {i}</a>' for i in range(9))}</td><td>
    <table><tr><td><font size="4"><b>{told.title}</b></font></td></tr>
    <tr><td><i>{told.shown_date}</i></td></tr><tr><td class="lead"><b>{told.lead}</b></td></tr>
    <tr><td><div id="content">{first}<br><br>
    <table align="right" class="picture"><tr><td><img src="a.jpg"></td></tr><tr>
    <td>{told.caption}</td></tr></table>
    {rest[0]}<br><br><b>{told.subheading}</b><br><br>{"<br><br>".join(rest[1:])}<br><br>
    <b>{told.author}</b></div></td></tr></table></td><td class="right">{_CARDS}</td></tr>
    <tr><td colspan="3">© 2025 {F}. Ghi rõ nguồn khi phát hành lại.</td></tr></table></body></html>"""


def wordpress(told: Told) -> str:
    """WordPress: telling classes on the article itself, plug-ins inside its content, comments."""
    first, second, *rest = _p(told)
    return f"""<!doctype html><html lang="{told.lang}">{_head(told)}
    <body class="post-template single tag-comments sidebar-right"><header>{_MENU}</header>
    <div id="page" class="site has-sidebar"><main><article id="post-7"
    class="post-7 post type-post category-popular tag-share tag-related comments-open">
    <header class="entry-header"><h1 class="entry-title">{told.title}</h1>
    <div class="entry-meta">By <a rel="author" href="/a">{told.author}</a> <time
    class="entry-date" datetime="{told.iso_date}">{told.shown_date}</time></div></header>
    <p class="post-excerpt">{told.lead}</p>
    <div class="entry-content">{first}
    <div id="attachment_9" class="wp-caption alignleft"><img src="a.jpg">
    <p class="wp-caption-text">{told.caption}</p></div>{second}
    <h3>{told.subheading}</h3>{"".join(rest)}
    <p><strong>Read more: <a href="/z">{F} another story of ours</a></strong></p>
    <div class="sharedaddy sd-sharing-enabled"><h3>{F}</h3><ul><li><a>Facebook</a></li></ul></div>
    <div id="jp-relatedposts" class="jp-relatedposts"><h3>Related</h3>{_CARDS}</div></div>
    <footer class="entry-footer">Tags: <a href="/t">{F}</a></footer></article>
    <div class="author-bio"><p>{told.author} is a reporter at {F} who writes about crafts and
    rivers, and has done so for many years.</p></div>
    <div id="comments" class="comments-area"><ol class="comment-list">{_COMMENTS}</ol></div></main>
    <aside class="widget-area"><ul>{_LINKS}</ul></aside></div></body></html>"""


def amp(told: Told) -> str:
    """An AMP page."""
    first, *rest = _p(told)
    return f"""<!doctype html><html amp lang="{told.lang}">{_head(told, meta=False, ld=True)}<body>
    <amp-sidebar id="s"><ul>{_LINKS}</ul></amp-sidebar><main id="main"><article>
    <h1>{told.title}</h1><p class="byline">{told.author}</p><time datetime="{told.iso_date}">
    {told.shown_date}</time><p class="summary">{told.lead}</p>
    <figure><amp-img src="a.jpg" width="4" height="3"></amp-img><figcaption>{told.caption}
    </figcaption></figure>{first}<amp-ad width="300" height="250"><p>{F}</p></amp-ad>
    <h2>{told.subheading}</h2>{"".join(rest)}</article>
    <amp-social-share type="x">{F}</amp-social-share>
    <section class="related-articles">{_CARDS}</section></main></body></html>"""


def hashed(told: Told) -> str:
    """A page built by a framework: classes that say nothing, every paragraph in its own wrapper."""
    blocks = [f'<div class="sc-1x{i} kQ"><div class="sc-9z">{p}</div></div>'
              for i, p in enumerate(_p(told))]  # fmt: skip
    picture = (
        f'<div class="sc-7 pq"><div class="sc-8"><img src="a.jpg"></div><div class="sc-6">'
        f"{told.caption}</div></div>"
    )
    heading = f'<div class="sc-2"><h2 class="zz">{told.subheading}</h2></div>'
    return f"""<!doctype html><html lang="{told.lang}">{_head(told, ld=True)}<body><div id="root">
    <div class="sc-a">{_MENU}</div><div class="sc-b"><div class="sc-c"><h1 class="sc-d">{told.title}
    </h1><div class="sc-e">{told.lead}</div><div class="sc-f">{told.author}</div></div>
    <div class="sc-g">{blocks[0]}{picture}{blocks[1]}{heading}{"".join(blocks[2:])}</div>
    <div class="sc-h"><ul>{_LINKS}</ul></div></div><div class="sc-i">{_CARDS}</div></div>
    </body></html>"""


def blogger(told: Told) -> str:
    """A blog: the text stands bare in one element, breaks between its paragraphs."""
    first, *rest = told.paragraphs
    return f"""<html lang="{told.lang}">{_head(told)}<body><div class="content-outer">
    <div class="tabs"><ul>{_LINKS}</ul></div><div class="post hentry"><h3 class="post-title">
    <a href="https://news.example/lang-gom-1234.html">{told.title}</a></h3>
    <div class="post-body entry-content" id="post-body-1">{told.lead}<br /><br />{first}<br /><br />
    <table class="tr-caption-container"><tr><td><img src="a.jpg"></td></tr><tr>
    <td class="tr-caption">{told.caption}</td></tr></table>
    {rest[0]}<br /><br /><b>{told.subheading}</b><br /><br />{"<br /><br />".join(rest[1:])}</div>
    <div class="post-footer">Posted by {F} <span>Labels: <a>{F}</a></span></div></div>
    <div class="comments" id="comments">{_COMMENTS}</div>
    <div class="sidebar"><div class="widget PopularPosts">{_CARDS}</div></div></div></body></html>"""


def drupal(told: Told) -> str:
    """Drupal: fields in fields, a fact box beside the text, the share bar between paragraphs."""
    first, second, *rest = _p(told)
    return f"""<!doctype html><html lang="{told.lang}" dir="ltr">{_head(told)}<body>
    <div role="navigation">{_LINKS}</div><div class="region-content"><h1 id="page-title">{told.title}
    </h1><div class="node node-article"><div class="field field-name-field-standfirst"><div
    class="field-items"><div class="field-item even">{told.lead}</div></div></div>
    <div class="submitted">By {told.author} on {told.shown_date}</div>
    <div class="field field-name-body"><div class="field-items"><div class="field-item even"
    property="content:encoded">{first}<div class="social-share">{F} <a>Tweet</a></div>
    <div class="factbox"><h4>{F}</h4><p>{F} a box of facts that stands beside the story and that
    nobody reads as a part of it.</p></div>{second}
    <div class="media-image"><img src="a.jpg"><div class="image-caption">{told.caption}</div></div>
    <h2>{told.subheading}</h2>{"".join(rest)}
    <blockquote class="twitter-tweet"><p>{F} a post on another site that was embedded here.</p>
    </blockquote></div></div></div></div>
    <section class="newsletter-signup"><p>Sign up to our {F} newsletter and get the best stories of
    the week in your inbox every Friday morning.</p></section></div></body></html>"""


def unclosed(told: Told) -> str:
    """Mark-up as some hands write it: nothing closed, capitals, tags that do not exist."""
    return (
        f"<HTML><HEAD><TITLE>{told.title}</TITLE><META NAME=date CONTENT='{told.iso_date}'><BODY>"
        f"<CENTER><A HREF=/1>{F} 1</A> <A HREF=/2>{F} 2</A></CENTER><H1>{told.title}<P><B>{told.lead}"
        f"</B><P><I>{told.shown_date}</I>"
        + "".join(f"<P><o:p><FONT FACE=Arial>{text}" for text in told.paragraphs)
        + f"<P><IMG SRC=a.jpg><P><HR><UL>{_LINKS.replace('</li>', '')}</UL></FONT></B></DIV></DIV>"
    )


def magazine(told: Told) -> str:
    """A Vietnamese magazine: pictures in tables, the card of another story inside the text."""
    first, second, *rest = _p(told)
    return f"""<html lang="{told.lang}">{_head(told, meta=False)}<body><section class="main">
    <article class="the-article type-text"><header class="the-article-header">
    <p class="the-article-category"><a href="/c">{F}</a></p>
    <h1 class="the-article-title">{told.title}</h1><ul class="the-article-meta">
    <li class="the-article-author"><a href="/a">{told.author}</a></li>
    <li class="the-article-publish">{told.shown_date}</li></ul></header><div class="main">
    <p class="the-article-summary">{told.lead}</p><div class="the-article-body">{first}
    <table class="picture"><tbody><tr><td class="pic"><img src="a.jpg"></td></tr>
    <tr><td class="pCaption caption"><p>{told.caption}</p></td></tr></tbody></table>{second}
    <h3>{told.subheading}</h3>{"".join(rest)}
    <div class="inner-article"><a href="/x"><img src="b.jpg"><h2 class="title">{F} bài khác nằm giữa
    bài này</h2><p class="summary">{F} câu tóm tắt của bài khác nằm giữa bài này.</p></a></div>
    </div></div><p class="the-article-tags"><a href="/t">{F}</a></p></article>
    <section class="section-news-list">{_CARDS}</section></section></body></html>"""


def elements(told: Told) -> str:
    """The names of one element's parts joined to it, as many newer Vietnamese papers have them."""
    first, second, *rest = _p(told)
    return f"""<html lang="{told.lang}">{_head(told)}<body><div class="site-body">
    <div class="article"><div class="breadcrumbs"><a href="/b">{F}</a></div>
    <h1 class="article__title cms-title">{told.title}</h1><div class="article__meta">
    <span class="author">{told.author}</span><time datetime="{told.iso_date}">{told.shown_date}
    </time></div><div class="article__sapo cms-desc">{told.lead}</div>
    <div class="article__social"><a href="/s">{F}</a></div><div class="article__body cms-body">{first}
    <div class="picture-box"><img src="a.jpg"><div class="fig">{told.caption}</div></div>{second}
    <h4>{told.subheading}</h4>{rest[0]}<div class="cms-relate"><a href="/x">{F} tin khác nằm trong
    bài viết này</a></div>{"".join(rest[1:])}</div><div class="article__tag"><a>#{F}</a></div></div>
    <div class="story">{_CARDS}</div></div></body></html>"""


def editor(told: Told) -> str:
    """Everything is a paragraph: captions in italics, the name at the right, pointers at the end."""
    first, second, *rest = _p(told)
    return f"""<html>{_head(told)}<body><h1>{told.title}</h1><div class="date">{told.shown_date}</div>
    <h2 class="sapo">{told.lead}</h2><div id="abody">{first}<p align="center"><img src="a.jpg"></p>
    <p align="center"><em>{told.caption}</em></p>{second}<p><b>{told.subheading}</b></p>
    {"".join(rest)}<p style="text-align:right"><b>{told.author}</b></p><p><b>Tin liên quan:</b></p>
    <p><a href="/x">{F} một bài báo khác đã đăng hôm qua</a></p>
    <p><a href="/y">{F} một bài báo khác nữa đã đăng hôm kia</a></p></div>
    <div class="tin-khac"><h3>Các tin khác</h3><ul>{_LINKS}</ul></div></body></html>"""


def walled(told: Told) -> str:
    """Each paragraph in an element whose name says furniture, and is the story all the same."""
    paragraphs = [f'<div class="subscriber-content share">{p}</div>' for p in _p(told)]
    paragraphs.insert(2, f"<h2>{told.subheading}</h2>")
    return f"""<html>{_head(told)}<body><h1>{told.title}</h1><p class="standfirst">{told.lead}</p>
    <div class="story"><figure><img src="a.jpg"><figcaption>{told.caption}</figcaption></figure>
    {"".join(paragraphs)}</div><div class="subscribe-box"><p>Subscribe to {F} for one month and the
    first week is free of charge for new readers.</p></div></body></html>"""


def blocks(told: Told) -> str:
    """WordPress with blocks."""
    first, second, *rest = _p(told)
    return f"""<html lang="{told.lang}">{_head(told, ld=True)}<body><div class="wp-site-blocks"><main>
    <div class="wp-block-group"><h1 class="wp-block-post-title">{told.title}</h1>
    <div class="wp-block-post-excerpt"><p class="wp-block-post-excerpt__excerpt">{told.lead}</p></div>
    <div class="entry-content wp-block-post-content">{first}<figure class="wp-block-image">
    <img src="a.jpg"><figcaption class="wp-element-caption">{told.caption}</figcaption></figure>
    {second}<h2 class="wp-block-heading">{told.subheading}</h2>{"".join(rest)}
    <div class="wp-block-buttons"><a href="/b">{F}</a></div><hr>
    <p><em>Subscribe to our {F} newsletter <a href="/n">here</a>.</em></p></div></div></main></div>
    </body></html>"""


STYLES: dict[str, Callable[[Told], str]] = {
    "express": express, "sortable": sortable, "tables": tables, "wordpress": wordpress,
    "amp": amp, "hashed": hashed, "blogger": blogger, "drupal": drupal, "unclosed": unclosed,
    "magazine": magazine, "elements": elements, "editor": editor, "walled": walled,
    "blocks": blocks,
}  # fmt: skip
