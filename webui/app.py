"""The application: settings, archive and blueprints put together."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, request, url_for
from flask.json.provider import DefaultJSONProvider
from flask_babel.speaklater import LazyString

from search.archive import Archive
from search.settings import Settings
from webui import (
    api,
    before,
    clippings,
    delivery,
    errors,
    exports,
    feeds,
    guide,
    i18n,
    limits,
    logs,
    narrowing,
    origins,
    pages,
    proxies,
    reference,
    suggestions,
    writing,
)
from webui import headers as security
from webui import presentation as presenting
from webui.site import Site, install_site


def create_app(
    archive: Archive | None = None,
    *,
    settings: Settings | None = None,
    writer: writing.Writer | None = None,
) -> Flask:
    """Make the web site as a WSGI application.

    Args:
        archive: What to search; None opens the archive that the settings name at the first
            request, so that a site can start before its archive does.
        settings: None takes them from the environment and the settings file.
        writer: What indexes articles that come with an API key; None takes none in.

    Raises:
        SettingsError: A setting cannot be used.
    """
    app = Flask(__name__)
    # Article ids may hold double slashes; they are not to be tidied away.
    app.url_map.merge_slashes = False
    json = app.json
    assert isinstance(json, DefaultJSONProvider)
    json.ensure_ascii = False
    json.sort_keys = False

    settings = settings if settings is not None else Settings.load()
    with app.app_context():
        install_site(Site(archive, settings))
    # Of what these do to an answer, the first does its part last.
    logs.init_app(app, settings)
    delivery.init_app(app)
    i18n.init_app(app)
    security.init_app(app)
    origins.init_app(app, settings)
    proxies.init_app(app, settings)
    errors.init_app(app)
    limits.init_app(app, settings)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(exports.blueprint)
    app.register_blueprint(clippings.blueprint)
    writing.init_app(app, settings, writer)
    app.register_blueprint(reference.blueprint)
    app.register_blueprint(suggestions.blueprint)
    app.register_blueprint(guide.blueprint)
    app.register_blueprint(before.blueprint)
    app.register_blueprint(feeds.blueprint)
    presenting.init_app(app)
    feeds.init_app(app)
    exports.init_app(app)
    narrowing.init_app(app)
    app.jinja_env.globals["static_url"] = _static_url
    # A lazy text passes for markup, whatever was put into it: only as plain text is it escaped.
    app.jinja_env.finalize = lambda value: str(value) if isinstance(value, LazyString) else value
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.url_defaults(_keep_interface)
    return app


def _keep_interface(endpoint: str, values: dict[str, object]) -> None:
    """Keep an interface language that the address asks for in all links to pages."""
    to_a_page = endpoint.startswith(
        ("pages.", "before.", "clippings.", "guide.", "reference.reference")
    )
    if to_a_page and request and (chosen := i18n.chosen_interface()):
        values.setdefault("ui", chosen)


def _static_url(name: str) -> str:
    """Write the address of a static file, with a hash of its content so that caches may keep it."""
    return url_for("static", filename=name, v=_content_hash(name))


@cache
def _content_hash(name: str) -> str:
    content = (Path(__file__).parent / "static" / name).read_bytes()
    return hashlib.sha256(content).hexdigest()[:12]
