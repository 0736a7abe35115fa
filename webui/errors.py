"""Every error that a request can end in: its status, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from flask import (
    Flask,
    Response,
    abort,
    current_app,
    g,
    jsonify,
    make_response,
    render_template,
    request,
)
from flask_babel import format_number
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.routing import RequestRedirect

from search.drafts import MAX_DRAFT_CHARS
from search.errors import (
    ArchiveBusyError,
    ArchiveMismatchError,
    ArchiveMissingError,
    DraftError,
    EncoderError,
    FilterError,
    QueryError,
    QueryTooLongError,
    StoreError,
)
from webui.parameters import Address, BadParameterError, QueryLengthError, is_for_programs

REFUSAL = "songngu.refusal"
"""Key of a WSGI environment: (status, reason) of a request that was refused before it came here.

The reason is a sentence in English, or empty.
"""

RETRY_AFTER_S = 30
BUSY_RETRY_AFTER_S = 5


class PastTheEndError(Exception):
    """The page of results asked for lies behind the last one."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What to answer when a request cannot be served.

    Attributes:
        code: A stable name for programs.
        title: A headline, in the language of the request.
        text: What happened and what to do next, in the language of the request; a plain string
            is in English.
        gist: What to say first to readers of other languages where ``text`` is in English.
        command: What the site's operator has to run, where a command helps.
        retry_after_s: After which time asking again may help.
    """

    status: int
    code: str
    title: LazyString
    text: LazyString | str
    gist: LazyString | None = None
    command: str | None = None
    retry_after_s: int | None = None


_STORE_DOWN = Problem(
    503,
    "store_unavailable",
    _l("The archive is not answering"),
    _l("The search cannot reach the stories just now. Try again in a minute."),
    retry_after_s=RETRY_AFTER_S,
)
_ARCHIVE_MISSING = Problem(
    503,
    "archive_missing",
    _l("There is no archive yet"),
    _l("This site has nothing to search until stories are indexed. Its operator has to run:"),
    command="songngu index SOURCE…",
    retry_after_s=RETRY_AFTER_S,
)
_ARCHIVE_MISMATCH = Problem(
    503,
    "archive_mismatch",
    _l("The archive does not fit this version"),
    _l(
        "It was made with another language model or other text rules, so its results would be"
        " wrong. Its operator finds the next step with:"
    ),
    command="songngu doctor",
)
_ENCODER_DOWN = Problem(
    503,
    "encoder_unavailable",
    _l("The language model is not working"),
    _l("Searching by meaning is not possible just now. Its operator finds the reason with:"),
    command="songngu doctor",
    retry_after_s=RETRY_AFTER_S,
)
_NOT_FOUND = Problem(
    404,
    "not_found",
    _l("There is no such page"),
    _l("The address may be mistyped, or the story may have been taken down."),
)
_PAST_THE_END = Problem(
    404,
    "past_the_end",
    _l("There are no more stories"),
    _l("This page lies behind the last story of this search."),
)
_METHOD = Problem(
    405,
    "method_not_allowed",
    _l("This address cannot be used that way"),
    _l("It can only be read (GET)."),
)
_TOO_LARGE = Problem(
    413,
    "request_too_large",
    _l("That is too much at once"),
    _l(
        "More was sent than this site takes. A draft may have up to %(most)s characters.",
        most=LazyString(format_number, MAX_DRAFT_CHARS),
    ),
)
_BUSY = Problem(
    503,
    "busy",
    _l("Too many searches at once"),
    _l("More was asked just now than this site can answer. Try again in a moment."),
    retry_after_s=BUSY_RETRY_AFTER_S,
)
_TOO_MANY = Problem(
    429,
    "too_many_requests",
    _l("Too many requests"),
    _l("More was asked from your address than this site allows. Try again a little later."),
    retry_after_s=BUSY_RETRY_AFTER_S,
)
_REWRITTEN = Problem(
    503,
    "archive_busy",
    _l("The archive is being rewritten"),
    _l("Nothing can be changed in it just now. Try again in a minute."),
    retry_after_s=RETRY_AFTER_S,
)
_UNEXPECTED = Problem(
    500,
    "internal",
    _l("Something went wrong here"),
    _l("The mistake is ours, and it has been logged. Try again; if it stays, tell the operator."),
)


_NOT_COMPARED = _l("This draft cannot be compared")
_NOTHING_TO_FIND = _l(
    "There is nothing in it to look for. Add a word, a name or a question; a minus sign only leaves"
    " stories out."
)
_NOT_READ = _l("The browser or the program asked in a way that this site does not understand.")


def problem_of(error: Exception) -> Problem:
    """Choose the answer to an error. Messages of stores stay in the log: they may name paths."""
    match error:
        case DraftError():
            status = 413 if error.reason == "long" else 400
            return Problem(status, f"draft_{error.reason}", _NOT_COMPARED, str(error))
        case QueryTooLongError():
            text = error.text if isinstance(error, QueryLengthError) else str(error)
            return Problem(413, "query_too_long", _l("That search is too long"), text)
        case BadParameterError():
            return Problem(400, "bad_parameter", _l("This search cannot be run"), error.text)
        case QueryError():
            gist = (
                _l("“%(typed)s” cannot be used as a filter.", typed=error.typed)
                if isinstance(error, FilterError)
                else _NOTHING_TO_FIND
            )
            return Problem(400, "bad_query", _l("This search cannot be run"), str(error), gist=gist)
        case ArchiveMissingError():
            return _ARCHIVE_MISSING
        case ArchiveMismatchError():
            return _ARCHIVE_MISMATCH
        case ArchiveBusyError():
            return _REWRITTEN
        case StoreError():
            return _STORE_DOWN
        case EncoderError():
            return _ENCODER_DOWN
        case PastTheEndError():
            return _PAST_THE_END
        case HTTPException(code=404):
            return _NOT_FOUND
        case MethodNotAllowed(valid_methods=methods) if "POST" in (methods or ()):
            return replace(
                _METHOD, text=_l("Its methods are: %(names)s.", names=", ".join(methods or ()))
            )
        case HTTPException(code=405):
            return _METHOD
        case RequestEntityTooLarge() if error.description == RequestEntityTooLarge.description:
            return _TOO_LARGE
        case HTTPException(code=429):
            return _TOO_MANY
        case HTTPException(code=503):
            return _BUSY
        case HTTPException(code=code) if code is not None and code >= 400 and code != 500:
            name = error.name.lower().replace(" ", "_")
            title = _l("This request cannot be answered")
            return Problem(code, name, title, error.description or error.name, gist=_NOT_READ)
        case _:
            return _UNEXPECTED


def error_json(problem: Problem) -> Response:
    """Write an error in the API's one shape."""
    text = str(problem.text)
    if problem.command:
        text += f" {problem.command}"
    return jsonify({"error": {"code": problem.code, "message": text}})


def error_page(problem: Problem, address: Address) -> Response:
    """Render a page that says what is wrong and lets the reader go on."""
    return make_response(render_template("error.html", problem=problem, address=address))


def respond(error: Exception, *, write: Callable[[Problem], Response] | None = None) -> Response:
    """Answer an error, on a page or in the API, with its status and headers.

    A page shows the search that failed again: the view leaves its address in ``g.address``.

    Args:
        write: Writes the body where neither a page nor the API's JSON is what was asked for.
    """
    problem = problem_of(error)
    if problem.status in (500, 503):  # others of the kind are mistakes of the client
        current_app.logger.error(
            "%s %r: %s", request.method, request.path, error, exc_info=problem is _UNEXPECTED
        )
    if write is not None:
        response = write(problem)
    elif is_for_programs(request.path):
        response = error_json(problem)
    else:
        response = error_page(problem, g.get("address", Address()))
    response.status_code = problem.status
    if problem.retry_after_s is not None:
        response.headers["Retry-After"] = str(problem.retry_after_s)
    if isinstance(error, HTTPException):
        for name, value in error.get_headers():
            if name in ("Allow", "WWW-Authenticate"):
                response.headers[name] = value
    return response


def init_app(app: Flask) -> None:
    """Answer every error of the application, and every refusal, through ``respond``."""

    def refuse() -> None:
        if refusal := request.environ.get(REFUSAL):
            status, reason = refusal
            abort(status, reason or None)

    def handle(error: Exception) -> Response | RequestRedirect:
        if isinstance(error, RequestRedirect):
            return error
        return respond(error)

    app.before_request(refuse)
    app.register_error_handler(Exception, handle)
