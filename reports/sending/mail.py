"""The channel `email`: SMTP with STARTTLS or TLS from the first byte.

The summary is the text of the mail. Files of the report are attached where texts may be sent.
"""

import re
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from conf.delivery import Delivery, host_and_port
from conf.schema import Config
from reports.sending.channel import SendFailed, secret, trusting
from reports.sending.message import Letter
from reports.sending.wording import CASES, one_line, text_of

TYPES = {
    "html": ("text", "html"),
    "pdf": ("application", "pdf"),
    "json": ("application", "json"),
    "csv": ("text", "csv"),
    "parquet": ("application", "vnd.apache.parquet"),
}
TITLE_CHARS = 150


def mail(delivery: Delivery, _: Config) -> "Mail":
    """The channel of a delivery."""
    return Mail(delivery)


class Mail:
    """Sends a letter to all its receivers in one transaction: either the server takes it for all, or none counts."""

    n_cases = CASES

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery

    def send(self, letter: Letter) -> str:
        """See Channel. A second try has the same Message-ID, by which mail servers and readers drop a copy."""
        message = mail_of(letter, self.delivery)
        try:
            with self.connect() as server:
                self.log_in(server)
                refused = server.send_message(message, self.delivery.sender, list(self.delivery.to))
        except smtplib.SMTPResponseException as error:  # its text is the server's, and may quote what we sent
            raise SendFailed(f"the server answered with {error.smtp_code}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise SendFailed(f"the server cannot be used ({reason_of(error)})") from None
        if refused:
            raise SendFailed(f"the server refused {len(refused)} of {len(self.delivery.to)} receivers")
        return f"{len(self.delivery.to)} receivers"

    def connect(self) -> smtplib.SMTP:
        """A connection, encrypted as the delivery says."""
        host, port = host_and_port(self.delivery.server, "server")
        timeout_s, tls = self.delivery.timeout_s, self.delivery.tls
        if tls == "smtps":
            return smtplib.SMTP_SSL(host, port, timeout=timeout_s, context=trusting(self.delivery.ca_file))
        server = smtplib.SMTP(host, port, timeout=timeout_s)
        if tls == "starttls":
            try:
                server.starttls(context=trusting(self.delivery.ca_file))
            except BaseException:
                server.close()
                raise
        return server

    def log_in(self, server: smtplib.SMTP) -> None:
        """With name and password where the delivery names them."""
        if not self.delivery.username_env:
            return
        name, password = secret(self.delivery.username_env), secret(self.delivery.password_env)
        try:
            server.login(name, password)
        except (smtplib.SMTPException, OSError):
            raise SendFailed("the server does not take the name and password") from None


def mail_of(letter: Letter, delivery: Delivery) -> EmailMessage:
    """The mail: a summary as text, and the files that the delivery asks for."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = delivery.sender, ", ".join(delivery.to)
    mail["Subject"] = one_line(letter.message.title)[:TITLE_CHARS]
    mail["Date"] = format_datetime(letter.sent_at)
    mail["Message-ID"] = f"<{letter.id}@{domain_of(delivery.sender)}>"
    mail["Auto-Submitted"] = "auto-generated"
    if letter.message.kind == "urgent":
        mail["Importance"] = "high"
    mail.set_content(text_of(letter))
    for path in letter.message.paths(delivery.attach):
        main, sub = TYPES[path.suffix.removeprefix(".")]
        mail.add_attachment(path.read_bytes(), maintype=main, subtype=sub, filename=path.name)
    return mail


def domain_of(sender: str) -> str:
    """What stands behind the @ of an address; for the Message-ID."""
    domain = parseaddr(sender)[1].rpartition("@")[2]
    return re.sub(r"[^A-Za-z0-9.-]", "", domain) or "localhost"


def reason_of(error: Exception) -> str:
    """What kind of error, without anything that a server said."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not believed: {error.verify_message}"
    return type(error).__name__
