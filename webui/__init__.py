"""The web site: search pages for readers and a JSON API for programs."""

from webui.app import create_app

__all__ = ["create_app"]
