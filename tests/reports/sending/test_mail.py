"""E-mail, against a real SMTP server on this machine."""

from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from reports.sending.channel import SendFailed
from tests.reports.sending.letters import NASTY, channel, make_case, make_letter
from tests.reports.sending.servers import mail_server

PASSWORD = "correct-horse"  # noqa: S105 - of a server that lives as long as a test


def text_in(mail: EmailMessage) -> str:
    body = mail.get_body()
    assert body
    return str(body.get_content())


def options(address: str, certificate: tuple[Path, Path], **changes: Any) -> dict[str, Any]:
    values = {"server": address, "sender": "traceaudit@example.org", "to": ("a@example.org", "b@example.org")}
    return {"channel": "email", "ca_file": str(certificate[0]), "timeout_s": 5} | values | changes


@pytest.mark.parametrize("tls", ["starttls", "smtps"])
def test_a_mail_goes_encrypted_with_name_and_password(
    tls: str, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_NAME", "ada")
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    with mail_server(certificate, tls=tls, login=True) as inbox:
        named = {"username_env": "MAIL_NAME", "password_env": "MAIL_PASSWORD", "tls": tls}
        assert channel(**options(inbox.address, certificate, **named)).send(make_letter()) == "2 receivers"
    (mail,) = inbox.mails
    assert inbox.logins == [(b"ada", PASSWORD.encode())]
    assert mail["Subject"] == "Nightly audit 2026-03-01: 2 of 40 exchanges need a person"
    assert mail["To"] == "a@example.org, b@example.org"
    assert mail["Auto-Submitted"] == "auto-generated"
    text = text_in(mail)
    assert "40 exchanges judged" in text
    assert make_case().triple_id in text


def test_a_second_try_has_the_same_message_id(certificate: tuple[Path, Path]) -> None:
    with mail_server(certificate, tls="none") as inbox:
        one = channel(**options(inbox.address, certificate, tls="none"))
        inbox.answers = ["451 try again", "250 OK but not kept by this test"]
        with pytest.raises(SendFailed, match="answered with 451"):
            one.send(make_letter())
        one.send(make_letter())
        one.send(make_letter())
        one.send(make_letter())
    assert [mail["Message-ID"] for mail in inbox.mails] == [f"<{make_letter().id}@example.org>"] * 2


def test_a_wrong_password_is_told_without_it(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MAIL_NAME", "ada")
    monkeypatch.setenv("MAIL_PASSWORD", "s3cr3t-and-wrong")
    with mail_server(certificate, tls="starttls", login=True) as inbox:
        named = {"username_env": "MAIL_NAME", "password_env": "MAIL_PASSWORD"}
        with pytest.raises(SendFailed, match="does not take the name and password") as caught:
            channel(**options(inbox.address, certificate, **named)).send(make_letter())
    assert "s3cr3t" not in str(caught.value) + caplog.text
    assert inbox.mails == []


def test_a_secret_that_is_not_there_is_told_by_its_name(certificate: tuple[Path, Path]) -> None:
    with mail_server(certificate, tls="starttls") as inbox:
        named = {"username_env": "NO_SUCH_NAME", "password_env": "NO_SUCH_PASSWORD"}
        with pytest.raises(SendFailed, match="NO_SUCH_NAME is not set"):
            channel(**options(inbox.address, certificate, **named)).send(make_letter())


def test_a_server_without_encryption_or_with_a_strange_certificate_gets_nothing(
    certificate: tuple[Path, Path],
) -> None:
    with mail_server(certificate, tls="none") as inbox, pytest.raises(SendFailed, match="cannot be used"):
        channel(**options(inbox.address, certificate)).send(make_letter())
    believed = pytest.raises(SendFailed, match="certificate is not believed")
    with mail_server(certificate, tls="starttls") as strange, believed:
        channel(**options(strange.address, certificate, ca_file="")).send(make_letter())
    assert inbox.mails == strange.mails == []


def test_a_server_that_is_away_is_told_in_one_line(certificate: tuple[Path, Path]) -> None:
    with pytest.raises(SendFailed, match=r"the server cannot be used \(ConnectionRefusedError\)"):
        channel(**options("127.0.0.1:1", certificate)).send(make_letter())


def test_files_go_along_only_where_texts_may(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    html, pdf = tmp_path / "audit.html", tmp_path / "audit.pdf"
    html.write_text("<p>text of a log</p>")
    pdf.write_bytes(b"%PDF-1.7")
    files = {"files": (str(html), str(pdf), str(tmp_path / "gone.csv"))}
    with mail_server(certificate, tls="none") as inbox:
        channel(**options(inbox.address, certificate, tls="none")).send(make_letter(**files))
        more = {"include_text": True, "attach": ("pdf", "html", "csv")}
        channel(**options(inbox.address, certificate, tls="none", **more)).send(make_letter(**files))
    bare, whole = inbox.mails
    assert list(bare.iter_attachments()) == []
    attached = {part.get_filename(): part for part in whole.iter_attachments()}
    assert list(attached) == ["audit.pdf", "audit.html"]
    assert attached["audit.pdf"].get_content_type() == "application/pdf"
    assert attached["audit.html"].get_content().strip() == "<p>text of a log</p>"


def test_names_out_of_a_log_cannot_add_headers_or_hide_anything(certificate: tuple[Path, Path]) -> None:
    with mail_server(certificate, tls="none") as inbox:
        letter = make_letter(make_case(tenant=NASTY), title=f"urgent ({NASTY})\r\nBcc: evil@example.org")
        channel(**options(inbox.address, certificate, tls="none")).send(letter)
    (mail,) = inbox.mails
    assert mail["Bcc"] is None
    text = mail["Subject"] + text_in(mail)
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "⟦U+202E⟧" in text
