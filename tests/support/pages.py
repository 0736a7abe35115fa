"""Reading a page strictly: what a browser forgives is an error here."""

import itertools
from html.parser import HTMLParser

VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
INTERACTIVE = frozenset({"a", "button", "label", "summary"})


class Element:
    """An element of a page."""

    def __init__(self, tag, attributes, parent):
        self.tag = tag
        self.attributes = attributes
        self.parent = parent
        self.children = []

    def __repr__(self):
        return f"<{self.tag} {self.attributes}>"

    def get(self, name, default=None):
        return self.attributes.get(name, default)

    @property
    def classes(self):
        return self.get("class", "").split()

    @property
    def text(self):
        """The text inside, with single spaces."""
        return " ".join(self.raw_text.split())

    @property
    def raw_text(self):
        return "".join(c if isinstance(c, str) else c.raw_text for c in self.children)

    def ancestors(self):
        element = self.parent
        while element is not None:
            yield element
            element = element.parent

    def walk(self):
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.walk()

    def all(self, tag=None, cls=None, **attributes):
        """Descendants by tag, class and attributes."""
        return [
            e
            for e in self.walk()
            if (tag is None or e.tag == tag)
            and (cls is None or cls in e.classes)
            and all(e.get(name.rstrip("_")) == value for name, value in attributes.items())
        ]

    def one(self, tag=None, cls=None, **attributes):
        found = self.all(tag, cls, **attributes)
        assert len(found) == 1, (tag, cls, attributes, found)
        return found[0]


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.root = self.at = Element("#page", {}, None)

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.children.append(element)
        if tag not in VOID:
            self.at = element

    def handle_endtag(self, tag):
        assert tag not in VOID, f"</{tag}> on a void element"
        assert self.at.tag == tag, f"</{tag}> closes <{self.at.tag}>"
        self.at = self.at.parent

    def handle_data(self, data):
        self.at.children.append(data)


def read_page(response):
    """The page in a response, its structure checked.

    Checks nesting, unique ids, references (for, aria-labelledby, fragments), labelled controls,
    one h1, heading order, landmarks, languages, and that nothing is inline or from elsewhere.
    """
    assert response.mimetype == "text/html"
    return read_html(response.get_data(as_text=True))


def read_html(html):
    """The page in a text, checked in the same way."""
    assert html.startswith("<!doctype html>")
    reader = _Reader()
    reader.feed(html)
    reader.close()
    page = reader.root
    assert reader.at is page, f"<{reader.at.tag}> is never closed"
    _check_references(page)
    _check_controls(page)
    _check_outline(page)
    _check_nothing_inline(page)
    return page


def _check_references(page):
    ids = [e.get("id") for e in page.walk() if "id" in e.attributes]
    assert len(ids) == len(set(ids)), f"ids twice: {ids}"
    for element in page.walk():
        for name in ("for", "aria-labelledby", "aria-describedby"):
            if name in element.attributes:
                assert element.get(name) in ids, element
        if element.get("href", "").startswith("#"):
            assert element.get("href")[1:] in ids, element


def _check_controls(page):
    labelled = {e.get("for") for e in page.all("label")}
    for control in page.all("input") + page.all("select"):
        if control.get("type") == "hidden":
            continue
        inside = any(a.tag == "label" and a.text for a in control.ancestors())
        assert inside or control.get("id") in labelled, f"{control} has no label"
    for element in page.all("a") + page.all("button"):
        assert element.text or element.get("aria-label"), f"{element} says nothing"
        assert not any(a.tag in INTERACTIVE for a in element.ancestors()), element
    for image in page.all("img"):
        assert "alt" in image.attributes


def _check_outline(page):
    assert page.one("html").get("lang") in ("vi", "en")
    assert page.one("head").one("title").text
    page.one("h1")
    levels = [int(e.tag[1]) for e in page.walk() if e.tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels)), levels
    page.one("main")
    assert page.all("a", "skip")[0].get("href") == "#" + page.one("main").get("id")
    for nav in page.all("nav"):
        assert nav.get("aria-label"), nav
    for tag in ("p", "ul", "ol", "dl"):
        for element in page.all(tag):
            assert not any(a.tag == "p" for a in element.ancestors()), element


def _check_nothing_inline(page):
    for element in page.walk():
        assert "style" not in element.attributes, element
        assert not [n for n in element.attributes if n.startswith("on")], element
    assert not page.all("style")
    for script in page.all("script"):
        assert not script.text
        assert script.get("src").startswith("/static/")
    for link in page.all("link"):
        if link.get("rel") in ("help", "canonical"):  # addresses, which nothing fetches
            continue
        if link.get("rel") == "alternate":  # nothing that the browser fetches
            assert link.get("href").startswith("/")
            assert link.get("title")
            continue
        assert link.get("href").startswith("/static/")
    for image in page.all("img"):
        assert image.get("src").startswith("/static/")
