"""The languages of the interface: which one a request gets, and how it writes dates and numbers.

After changing a text, bring the translations up to date (all three from the project's root)::

    pybabel extract -F webui/babel.cfg -k _l -o messages.pot webui
    pybabel update --no-fuzzy-matching -D messages -i messages.pot -d webui/translations
    pybabel compile -d webui/translations
"""

from __future__ import annotations

from datetime import date, datetime
from urllib.parse import urlencode

from babel.dates import format_date, format_time
from flask import Flask, Response, request
from flask_babel import Babel, get_locale

from webui.parameters import is_for_programs

INTERFACE_LANGUAGES = {"vi": "Tiếng Việt", "en": "English"}
"""Languages of the interface with their own names; the first is shown first."""

DEFAULT_INTERFACE = "en"
COOKIE = "ui"
_YEAR_S = 365 * 24 * 3600

# Vietnamese newspapers write 24/9/2025; the locale's own "24 thg 9, 2025" is a programmer's.
_DATE = {"vi": "d/M/y", "en": "MMMM d, y"}
_FULL_DATE = {"vi": "EEEE, d/M/y", "en": "EEEE, MMMM d, y"}


def init_app(app: Flask) -> None:
    """Let every request choose its language, and remember an explicit choice."""
    Babel(app, default_locale=DEFAULT_INTERFACE, locale_selector=choose_interface)
    app.after_request(_remember_choice)


def chosen_interface() -> str | None:
    """Read the interface language that the address asks for; None unless it is one of ours."""
    chosen = request.args.get("ui")
    return chosen if chosen in INTERFACE_LANGUAGES else None


def choose_interface() -> str:
    """Choose a request's interface language: address, then cookie, then the browser's wish.

    The API always speaks English: its messages are for programmers and their logs.
    """
    if is_for_programs(request.path):
        return DEFAULT_INTERFACE
    if chosen := chosen_interface():
        return chosen
    remembered = request.cookies.get(COOKIE)
    if remembered in INTERFACE_LANGUAGES:
        return remembered
    # The default comes first: best_match prefers it where a browser wants either equally.
    offered = [DEFAULT_INTERFACE, *(set(INTERFACE_LANGUAGES) - {DEFAULT_INTERFACE})]
    return request.accept_languages.best_match(offered, DEFAULT_INTERFACE) or DEFAULT_INTERFACE


def interface() -> str:
    """Give the code of the language that the current request is answered in."""
    locale = get_locale()
    return str(locale.language) if locale else DEFAULT_INTERFACE


def interface_links() -> list[tuple[str, str, str, bool]]:
    """Link to this page in each interface language: (code, name, link, whether it is this one).

    The links are relative, so they hold under any prefix a proxy may put before the site.
    """
    asked = [(name, value) for name, value in request.args.items(multi=True) if name != "ui"]
    return [
        (code, name, "?" + urlencode([*asked, ("ui", code)]), code == interface())
        for code, name in INTERFACE_LANGUAGES.items()
    ]


def written_date(iso: str, *, full: bool = False) -> str:
    """Write a published date in the reader's language and the publisher's own time zone.

    Args:
        iso: ISO 8601, a day or a moment.
        full: With the day of the week, and the time where it is known.
    """
    code = interface()
    try:
        day = date.fromisoformat(iso[:10])
        moment = datetime.fromisoformat(iso) if full and len(iso) > len("2025-09-24") else None
    except ValueError:
        return iso
    written = format_date(day, (_FULL_DATE if full else _DATE)[code], locale=code)
    if moment is not None:
        clock = format_time(moment.time(), "HH:mm", locale=code)
        zone = moment.strftime("%z")
        written += f", {clock}" + (f" (GMT{zone[:3]}:{zone[3:5]})" if zone else "")
    return written


def _remember_choice(response: Response) -> Response:
    if response.mimetype != "text/html":
        return response  # a feed reader's language is not the choice of who reads pages
    if (chosen := chosen_interface()) and request.cookies.get(COOKIE) != chosen:
        response.set_cookie(
            COOKIE,
            chosen,
            max_age=_YEAR_S,
            path=f"{request.root_path}/",
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
    return response
