"""The reference of the API: its OpenAPI document, and a page made of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, jsonify, render_template, request
from markupsafe import Markup, escape

from webui.openapi import API, FORM, document
from webui.parameters import Address

blueprint = Blueprint("reference", __name__)

_EXAMPLES = {"q": "giá cà phê", "id": "demo-003-vi"}
_FORMATS = {"date": "2025-09-24"}


@dataclass(frozen=True, slots=True)
class Member:
    """A parameter, or a member of an object.

    Attributes:
        kind: Its type in words, with links to the shapes it names.
        text: What is said of it.
    """

    name: str
    kind: Markup
    text: Markup
    required: bool


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the API.

    Attributes:
        anchor: Names its section on the page.
        answers: (status, what it means, links to its shape or the types of its file).
        example: A command line that calls it.
    """

    method: str
    path: str
    anchor: str
    summary: Markup
    text: Markup
    parameters: tuple[Member, ...]
    bodies: tuple[tuple[str, Markup], ...]
    answers: tuple[tuple[str, Markup, Markup], ...]
    keyed: bool
    example: str


@dataclass(frozen=True, slots=True)
class ShapeView:
    """The shape of an answer, or of a part of it."""

    name: str
    text: Markup
    members: tuple[Member, ...]


@blueprint.get(f"{API}/openapi.json")
def openapi() -> Response:
    """Send the API's OpenAPI document."""
    return jsonify(document())


@blueprint.get("/api")
def reference() -> str:
    """Show how programs use the site."""
    described = document()
    return render_template(
        "reference.html",
        address=Address(),
        text=_prose(described["info"]["description"]),
        routes=[
            _route(path, method, operation)
            for path, operations in described["paths"].items()
            for method, operation in operations.items()
        ],
        shapes=[
            ShapeView(name, _prose(schema.get("description", "")), _members(schema))
            for name, schema in described["components"]["schemas"].items()
        ],
    )


def _route(path: str, method: str, operation: Mapping[str, Any]) -> Route:
    parameters = operation.get("parameters", ())
    bodies = operation.get("requestBody", {"content": {}})["content"]
    return Route(
        method=method.upper(),
        path=path,
        anchor=operation["operationId"],
        summary=_prose(operation["summary"]),
        text=_prose(operation.get("description", "")),
        parameters=tuple(
            Member(p["name"], _kind(p["schema"]), _prose(p["description"]), p["required"])
            for p in parameters
        ),
        bodies=tuple((kind, _kind(body["schema"])) for kind, body in bodies.items()),
        answers=tuple(
            (status, _prose(one["description"]), _shape_of(one))
            for status, one in operation["responses"].items()
        ),
        keyed="security" in operation,
        example=_example(path, method, operation),
    )


def _members(schema: Mapping[str, Any]) -> tuple[Member, ...]:
    required = schema.get("required", ())
    return tuple(
        Member(name, _kind(one), _prose(one.get("description", "")), name in required)
        for name, one in schema.get("properties", {}).items()
    )


def _shape_of(response: Mapping[str, Any]) -> Markup:
    return Markup(", ").join(
        _kind(one["schema"]) if "$ref" in one["schema"] else Markup("<code>{}</code>").format(kind)
        for kind, one in response["content"].items()
    )


def _kind(schema: Mapping[str, Any]) -> Markup:
    """Write a type in words: "integer, 1 to 1000", "list of Copy"."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#{0}">{0}</a>').format(name)
    if "anyOf" in schema or "oneOf" in schema:
        return Markup(" or ").join(map(_kind, schema.get("anyOf") or schema["oneOf"]))
    if "enum" in schema or "const" in schema:
        values = schema.get("enum") or [schema["const"]]
        return Markup(" | ").join(Markup("<code>{}</code>").format(value) for value in values)
    kind = schema.get("type", "any")
    if kind == "array":
        return Markup("list of {}").format(_kind(schema["items"]))
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return Markup("object of {}").format(_kind(schema["additionalProperties"]))
    if example := _FORMATS.get(schema.get("format", "")):
        return Markup("date, <code>{}</code>").format(example)
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        return Markup("{}, {} to {}").format(kind, least, most)
    if least is not None:
        return Markup("{}, {} or more").format(kind, least)
    return escape(kind)


def _prose(text: str) -> Markup:
    """Show what stands between backticks as code."""
    pieces = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if number % 2 else escape(piece)
        for number, piece in enumerate(pieces)
    )


def _example(path: str, method: str, operation: Mapping[str, Any]) -> str:
    parameters = operation.get("parameters", ())
    asked = {p["name"]: _EXAMPLES[p["name"]] for p in parameters if p["name"] in _EXAMPLES}
    for p in parameters:
        if p["in"] == "path":
            path = path.replace(f"{{{p['name']}}}", quote(asked.pop(p["name"]), safe=""))
    address = request.root_url.rstrip("/") + path + (f"?{urlencode(asked)}" if asked else "")
    flags = [] if method == "get" else [f"-X {method.upper()}"]
    if "security" in operation:
        flags.append('-H "Authorization: Bearer $KEY"')
    if "requestBody" in operation:
        kind = next(iter(operation["requestBody"]["content"]))
        sent = f'-H "Content-Type: {kind}" --data-binary @articles.json'
        flags.append("--data-urlencode draft@draft.txt" if kind == FORM else sent)
    return " ".join(["curl", *flags, f"'{address}'"])
