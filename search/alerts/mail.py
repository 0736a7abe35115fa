"""Handing e-mails to a mail server, one connection for each."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage

from search.alerts.saved_searches import MailSettings
from search.errors import MailError, SettingsError

_GOODBYE_S = 3.0
"""How long a server may take for its goodbye; what it took before is taken."""


class Mailer:
    """Sends e-mails through one server. A server that cannot be reached is tried once a run."""

    def __init__(self, settings: MailSettings, password: str) -> None:
        """Check what can be checked before anything is sent.

        Raises:
            SettingsError: The password, or the file with certificates, is missing or unusable.
        """
        if settings.user and not password:
            raise SettingsError(
                f"The password of {settings.user} at {settings.host} is missing: set"
                " SONGNGU_SMTP_PASSWORD."
            )
        if settings.user and not f"{settings.user}{password}".isascii():
            raise SettingsError(
                f"User and password at {settings.host} must be of plain letters, digits and signs:"
                " others cannot be sent to a mail server."
            )
        self._settings, self._password = settings, password
        self._away = ""
        self._tls = None
        if settings.security != "none":
            try:
                self._tls = ssl.create_default_context(cafile=settings.ca_certs or None)
            except OSError as error:
                raise SettingsError(
                    f"The certificates in {settings.ca_certs} cannot be read: {error.strerror}."
                ) from None

    def send(self, message: EmailMessage, to: str) -> None:
        """Hand over a message; when this returns, the server has taken it.

        Raises:
            MailError: It has not, or has not said so; the message holds no password.
        """
        if self._away:
            raise MailError(self._away)
        try:
            server = self._open()
        except OSError as error:  # smtplib's errors are such, too
            place = f"{self._settings.host}:{self._settings.port}"
            self._away = f"the mail server {place} cannot be used: {self._said(error)}"
            raise MailError(self._away) from None
        try:
            server.send_message(message, self._settings.sender, [to])
        except (OSError, ValueError) as error:
            raise MailError(f"the mail server did not take it: {self._said(error)}") from None
        finally:
            # Whatever it says to a goodbye, or does not, changes nothing.
            with suppress(OSError):
                if server.sock:
                    server.sock.settimeout(_GOODBYE_S)
                server.quit()
            server.close()

    def _open(self) -> smtplib.SMTP:
        settings = self._settings
        server: smtplib.SMTP
        if settings.security == "tls":
            server = smtplib.SMTP_SSL(
                settings.host, settings.port, timeout=settings.timeout_s, context=self._tls
            )
        else:
            server = smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout_s)
        try:
            if settings.security == "starttls":
                server.starttls(context=self._tls)
            if settings.user:
                server.login(settings.user, self._password)
        except BaseException:
            server.close()
            raise
        return server

    def _said(self, error: Exception) -> str:
        """What went wrong, on one line and without the password."""
        answer: tuple[object, ...] = (str(error) or type(error).__name__,)
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            answer = next(iter(error.recipients.values()))
        elif isinstance(error, smtplib.SMTPResponseException):
            answer = (error.smtp_code, error.smtp_error)
        parts = (p.decode("utf-8", "replace") if isinstance(p, bytes) else str(p) for p in answer)
        said = " ".join(" ".join(parts).split())[:300]
        return said.replace(self._password, "***") if self._password else said
