"""A real mail server on this machine that takes, refuses or sits on what it is given."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
from dataclasses import dataclass, field

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


@dataclass
class MailServer:
    """Keeps what it took, in order; a context manager.

    Attributes:
        refused: Recipients it does not know.
        answer: What it says to a message instead of taking it.
        sits: Whether it never answers a message.
        at_data, at_quit: Called when a message is there and unanswered, and at a goodbye.
        goodbye: What it says then.
        login: (user, password) that it lets in; ``logins`` counts how often it did.
        tls, starttls: Context of encryption from the first byte, or when the client asks for it.
    """

    refused: set[str] = field(default_factory=set)
    answer: str = ""
    sits: bool = False
    at_data: object = None
    at_quit: object = None
    goodbye: str = "221 Bye"
    login: tuple[str, str] | None = None
    tls: object = None
    starttls: object = None

    def __post_init__(self):
        self.taken: list[tuple[str, email.message.EmailMessage]] = []
        self.asked = self.logins = 0
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            ssl_context=self.tls,
            tls_context=self.starttls,
            require_starttls=self.starttls is not None,
            authenticator=self._authenticate if self.login else None,
            # Encryption from the first byte is none that it would see.
            auth_require_tls=self.starttls is not None,
        )

    def __enter__(self):
        self._controller.start()
        return self

    def __exit__(self, *error):
        self._controller.stop()

    @property
    def ids(self):
        """Recipient and Message-ID of what it took."""
        return [(to, message["Message-ID"]) for to, message in self.taken]

    def _authenticate(self, server, session, envelope, mechanism, data):
        given = (data.login, data.password) if isinstance(data, LoginPassword) else None
        right = given == tuple(part.encode() for part in self.login)
        self.logins += right
        return AuthResult(success=right, handled=False)

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address in self.refused:
            return f"550 5.1.1 {address} is unknown here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.asked += 1
        if self.sits:
            await asyncio.sleep(60)
        if self.answer:
            return self.answer
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        [to] = envelope.rcpt_tos
        self.taken.append((to, message))
        if self.at_data:
            self.at_data()
        return "250 OK"

    async def handle_QUIT(self, server, session, envelope):  # noqa: N802
        if self.at_quit:
            self.at_quit()
        return self.goodbye
