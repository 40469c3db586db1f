"""The channel `webhook`: an HTTPS POST of `{"text": …}`, as Slack and many others take it, signed.

The signature is that of Standard Webhooks (standardwebhooks.com): headers webhook-id, webhook-timestamp and
webhook-signature, which is "v1," and the base64 of HMAC-SHA256 over "ID.TIMESTAMP.BODY". A receiver refuses what is
signed otherwise or long ago, and drops an id that it has seen.
"""

import base64
import binascii
import hashlib
import hmac
import json
import logging

from conf.delivery import Delivery, check_url
from conf.schema import Config
from ingest.errors import MissingExtra
from reports.sending.channel import SendFailed, secret, trusting
from reports.sending.message import Letter
from reports.sending.wording import CASES, text_of

PREFIX = "whsec_"
SLOW_DOWN = "retry-after"


def webhook(delivery: Delivery, _: Config) -> "Webhook":
    """The channel of a delivery."""
    for name in ("httpx", "httpcore"):  # they log addresses, which may be secrets, and what the other side answers
        logging.getLogger(name).setLevel(logging.WARNING)
    return Webhook(delivery)


class Webhook:
    """Posts a letter. Redirects are not followed, and no proxy or password of the surroundings is used."""

    n_cases = CASES

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery

    def send(self, letter: Letter) -> str:
        """See Channel. A second try has the same webhook-id."""
        try:
            import httpx
        except ImportError:
            raise MissingExtra("a webhook", "serve") from None
        body = body_of(letter, details=self.delivery.details)
        headers = {"content-type": "application/json"} | self.signed(letter, body)
        client = httpx.Client(
            verify=trusting(self.delivery.ca_file),
            timeout=self.delivery.timeout_s,
            trust_env=False,
            follow_redirects=False,
        )
        try:
            with (
                client,
                client.stream("POST", self.url(), content=body, headers=headers) as response,
            ):
                status, asked = response.status_code, response.headers.get(SLOW_DOWN, "")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SendFailed(f"no answer ({type(error).__name__})") from None
        if not 200 <= status < 300:
            why = "a redirect, which is not followed" if 300 <= status < 400 else "not taken"
            raise SendFailed(f"answered with status {status}: {why}", float(asked) if asked.isdecimal() else None)
        return f"answered with status {status}"

    def url(self) -> str:
        """Where to; out of the environment where the address itself is a secret."""
        if self.delivery.url:
            return self.delivery.url
        url = secret(self.delivery.url_env)
        try:
            check_url(url)
        except ValueError as error:
            raise SendFailed(f"{self.delivery.url_env}: {error}") from None
        return url

    def signed(self, letter: Letter, body: bytes) -> dict[str, str]:
        """The headers by which a receiver knows that it is ours."""
        timestamp = int(letter.sent_at.timestamp())
        headers = {"webhook-id": letter.id, "webhook-timestamp": str(timestamp)}
        if self.delivery.secret_env:
            key = key_of(secret(self.delivery.secret_env))
            headers["webhook-signature"] = signature(key, letter.id, timestamp, body)
        return headers


def body_of(letter: Letter, *, details: bool) -> bytes:
    """The JSON that is posted: `text` for people, and with `details` the numbers and case ids for programs."""
    message = letter.message
    body: dict[str, object] = {"text": for_slack(f"*{message.title}*\n{text_of(letter)}".rstrip())}
    if details:
        cases = [case.as_json() for case in letter.cases]
        kept = {"kind": message.kind, "subject": message.subject, "tenant": message.tenant, "n_cases": message.n_cases}
        body["details"] = kept | {"cases": cases}
    return json.dumps(body).encode()


def for_slack(text: str) -> str:
    """`text` in which nothing calls a channel or makes a link: Slack asks for these three to be escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def signature(key: bytes, letter_id: str, timestamp: int, body: bytes) -> str:
    """The value of webhook-signature; `timestamp` in whole seconds since 1970."""
    signed = b".".join([letter_id.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def key_of(text: str) -> bytes:
    """The key that a secret holds: base64 after "whsec_", else the text itself.

    Raises:
        SendFailed: what is after "whsec_" is no base64.
    """
    if not text.startswith(PREFIX):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise SendFailed("the secret of the webhook begins with whsec_ and is no base64") from None
