"""The OpenAPI document of the API, made of its routes, its views' docstrings and its models.

A view that is ``operation(…)`` is described, and refuses parameters that its model does not name:
what the document says and what is accepted come from one place.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from importlib.metadata import version
from typing import Any, TypeVar, cast

from apispec import APISpec
from flask import Flask, current_app, request
from flask_babel import lazy_gettext as _l
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from werkzeug.routing import Rule

from webui.parameters import BadParameterError
from webui.schemas import MAX_ARTICLES, ErrorAnswer

API = "/api/v1"
BEARER = "key"
"""Name of the way to prove who writes."""
FORM = "application/x-www-form-urlencoded"

_EXTENSION = "songngu-openapi"
_REF = "#/components/schemas/{model}"
_ERRORS = {
    400: "The request cannot be answered as it is; the message names what is wrong.",
    401: "No API key, or none that is known.",
    403: "This site takes no articles.",
    404: "There is nothing by this name.",
    413: "More than may be sent at once.",
    415: "The body is of another type.",
    429: "Too many requests; `Retry-After` says when to go on.",
    503: "The archive is away, busy or not there yet; `Retry-After` says when to ask again.",
}
_PATH_PARAMETERS = {"article_id": ("id", "The id of the article; `/` as `%2F` or as it is.")}

V = TypeVar("V", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Operation:
    """What is known of a view beside its route and docstring.

    Attributes:
        answers: By status, what is answered.
        parameters: Those of the address.
        body: What is sent, as JSON or a form; with ``lines``, one or a list of them.
        lines: The type of a body with one of them a line.
        files: Types of a file that is answered.
        errors: Statuses that its errors may have.
        keyed: Whether it asks for an API key.
    """

    answers: Mapping[int, type[BaseModel]]
    parameters: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    lines: str = ""
    files: Sequence[str] = ()
    errors: Sequence[int] = ()
    keyed: bool = False

    @property
    def names(self) -> frozenset[str]:
        """The parameters that may be given."""
        fields = self.parameters.model_fields if self.parameters else {}
        return frozenset(field.alias or name for name, field in fields.items())


_OPERATIONS: dict[Callable[..., Any], Operation] = {}


def operation(
    answer: type[BaseModel] | Mapping[int, type[BaseModel]],
    parameters: type[BaseModel] | None = None,
    *,
    body: type[BaseModel] | None = None,
    lines: str = "",
    files: Sequence[str] = (),
    errors: Sequence[int] = (400, 429, 503),
    keyed: bool = False,
) -> Callable[[V], V]:
    """Describe a view of the API, and refuse parameters that it does not have.

    Args:
        answer: The model of what it answers, or one for each status.
        parameters: The model of its parameters in the address.
        body: The model of what is sent, as JSON or a form; with ``lines``, one or a list
            of them.
        lines: The type of a body with one of them a line.
        files: Types of a file that is answered.
        errors: Statuses that its errors may have.
        keyed: Whether it asks for an API key.
    """
    answers = answer if isinstance(answer, Mapping) else {200: answer}
    described = Operation(answers, parameters, body, lines, files, errors, keyed)

    def decorate(view: V) -> V:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            _refuse_unknown(described.names)
            return view(*args, **kwargs)

        _OPERATIONS[checked] = described
        return cast("V", checked)

    return decorate


def _refuse_unknown(known: frozenset[str]) -> None:
    if unknown := sorted(request.args.keys() - known):
        raise BadParameterError(
            unknown[0],
            _l(
                "There is no parameter “%(name)s”. There are: %(names)s.",
                name=unknown[0],
                names=", ".join(sorted(known)) or "–",
            ),
        )


def document() -> dict[str, Any]:
    """Give the document of the current application, for the place where the request sees it."""
    if _EXTENSION not in current_app.extensions:
        current_app.extensions[_EXTENSION] = _document(current_app)
    made: dict[str, Any] = current_app.extensions[_EXTENSION]
    return made | {"servers": [{"url": request.script_root or "/"}]}


def _document(app: Flask) -> dict[str, Any]:
    spec = APISpec(
        title="Songngu",
        version=version("songngu"),
        openapi_version="3.1.0",
        info={
            "description": "Search news in Vietnamese and English: ask in either language, get the"
            " stories in both. Times are ISO 8601, text is UTF-8. An answer may be asked for again"
            " with its `ETag` in `If-None-Match`.",
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
    )
    described = [
        (rule, _OPERATIONS[app.view_functions[rule.endpoint]])
        for rule in app.url_map.iter_rules()
        if app.view_functions.get(rule.endpoint) in _OPERATIONS
    ]
    answers = {ErrorAnswer} | {m for _, one in described for m in one.answers.values()}
    bodies = {one.body for _, one in described if one.body}
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        *((model, "serialization") for model in answers),
        *((model, "validation") for model in bodies),
    ]
    _, schemas = models_json_schema(models, ref_template=_REF)
    for name, schema in sorted(schemas.get("$defs", {}).items()):
        spec.components.schema(name, _plain(schema))
    if any(one.keyed for _, one in described):
        scheme = {"type": "http", "scheme": "bearer", "description": "An API key of this site."}
        spec.components.security_scheme(BEARER, scheme)
    for rule, one in described:
        view = app.view_functions[rule.endpoint]
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            spec.path(_path(rule), operations={method.lower(): _operation(rule, view, one)})
    return spec.to_dict()


def _operation(rule: Rule, view: Callable[..., Any], one: Operation) -> dict[str, Any]:
    summary, _, description = (inspect.getdoc(view) or "").replace("``", "`").partition("\n\n")
    told: dict[str, Any] = {
        "operationId": rule.endpoint.rpartition(".")[2],
        "summary": " ".join(summary.split()),
        "description": " ".join(description.split()),
        "parameters": [*_path_parameters(rule), *_query_parameters(one.parameters)],
        "responses": {
            **{str(s): _response("", model) for s, model in one.answers.items()},
            **({"200": _file(one.files)} if one.files else {}),
            **{str(status): _response(_ERRORS[status], ErrorAnswer) for status in one.errors},
            "default": _response("Any other error.", ErrorAnswer),
        },
    }
    if one.body:
        ref: dict[str, Any] = {"$ref": _REF.format(model=one.body.__name__)}
        content: dict[str, Any] = {FORM: {"schema": ref}, "application/json": {"schema": ref}}
        if one.lines:
            many = {"type": "array", "items": ref, "maxItems": MAX_ARTICLES}
            content = {
                "application/json": {"schema": {"anyOf": [ref, many]}},
                one.lines: {"schema": {"type": "string"}},
            }
        told["requestBody"] = {"required": True, "content": content}
    if one.keyed:
        told["security"] = [{BEARER: []}]
    return {name: value for name, value in told.items() if value}


def _response(description: str, model: type[BaseModel]) -> dict[str, Any]:
    if model is not ErrorAnswer:
        description = " ".join((inspect.getdoc(model) or "").split())
    schema = {"$ref": _REF.format(model=model.__name__)}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _file(types: Sequence[str]) -> dict[str, Any]:
    content = {media_type: {"schema": {"type": "string"}} for media_type in types}
    return {"description": "A file of the type that was asked for.", "content": content}


def _path(rule: Rule) -> str:
    path = rule.rule
    for argument in rule.arguments:
        path = path.replace(f"<path:{argument}>", f"{{{_PATH_PARAMETERS[argument][0]}}}")
    return path


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    named = (_PATH_PARAMETERS[argument] for argument in sorted(rule.arguments))
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": description,
            "schema": {"type": "string", "minLength": 1},
        }
        for name, description in named
    ]


def _query_parameters(model: type[BaseModel] | None) -> list[dict[str, Any]]:
    if model is None:
        return []
    whole = model.model_json_schema(ref_template=_REF)
    required = whole.get("required", ())
    parameters = []
    for name, schema in whole["properties"].items():
        kept = _plain(schema)
        description = kept.pop("description", "")
        parameters.append(
            {
                "name": name,
                "in": "query",
                "required": name in required,
                "description": description,
                "schema": kept,
            }
        )
    return parameters


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Leave out titles that only repeat names; parameters that may be left out are never null."""
    kept = {name: value for name, value in schema.items() if name != "title"}
    if "properties" in kept:
        kept["properties"] = {name: _plain(one) for name, one in kept["properties"].items()}
    if "description" in kept:
        kept["description"] = " ".join(kept["description"].replace("``", "`").split())
    if kept.get("default", 0) is None:
        del kept["default"]
        [kept_type] = [one for one in kept.pop("anyOf") if one != {"type": "null"}]
        kept |= kept_type
    return kept
