"""axe-core finds nothing on any kind of page, light or dark, wide or narrow."""

import pytest

axe_core = pytest.importorskip("axe_playwright_python.sync_playwright")

PAGES = {
    "start": "/",
    "results": "/?q=gia ca phe",
    "results of both": "/?q=metro&k=20",
    "no match": "/?q=pangolin zxqv",
    "wrong day": "/?q=metro&from=31/02/2025",
    "listing": "/?from=2025",
    "story": "/article/demo-003-vi?q=gia ca phe",
    "beside": "/beside?id=demo-003-en&q=coffee",
    "help": "/help",
    "clippings": "/clippings",
    "before": "/before",
    "API": "/api",
    "error": "/article/nobody",
}


@pytest.mark.parametrize("page_of", PAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(chromium, site, page_of, theme):
    for width, ui in ((1280, "vi"), (360, "en")):
        address = PAGES[page_of]
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, locale="en-GB"
        )
        page = context.new_page()
        page.goto(f"{site}{address}{'&' if '?' in address else '?'}ui={ui}")
        for details in page.locator("details").all():
            details.evaluate("element => { element.open = true; }")
        found = axe_core.Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        context.close()
