"""The channel `siem`: a line for each case, into a file, or over TCP or TLS; as OCSF events or as CEF.

With framing = "syslog" each line is a message of RFC 5424, with its length before it as RFC 6587 has it (on TLS RFC
5425); else lines end with a line feed. A line that arrived twice has the same finding uid or externalId.
"""

import json
import os
import socket
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from conf.delivery import Delivery, host_and_port
from conf.schema import Config
from ingest.visible import escape_hidden
from reports.sending import cef, ocsf
from reports.sending.channel import ALL, SendFailed, trusting
from reports.sending.message import Case, Letter, stamp

FACILITY = 13  # log audit
CLOSE_S = 2.0  # for the other side to hang up
PRIORITIES = {"urgent": FACILITY * 8 + 2, "escalate": FACILITY * 8 + 4}  # critical, warning


def siem(delivery: Delivery, _: Config) -> "Siem":
    """The channel of a delivery."""
    return Siem(delivery, version("traceaudit"))


class Siem:
    """Writes lines."""

    n_cases = ALL

    def __init__(self, delivery: Delivery, release: str) -> None:
        self.delivery = delivery
        self.release = release

    def send(self, letter: Letter) -> str:
        """See Channel. Over TCP nobody says that a line arrived; what counts is that the other side took it all."""
        if not letter.cases:
            return "no cases"
        data = b"".join(self.framed(self.line(case), case) for case in letter.cases)
        scheme, _, rest = self.delivery.target.partition(":")
        try:
            if scheme == "file":
                append(Path(rest), data)
            else:
                self.transmit(data, host_and_port(rest.removeprefix("//"), "target"), encrypted=scheme == "tls")
        except OSError as error:
            raise SendFailed(f"the target cannot be written: {error.strerror or type(error).__name__}") from None
        return f"{len(letter.cases)} lines"

    def line(self, case: Case) -> str:
        """A case as a line in the format of the delivery."""
        if self.delivery.format == "cef":
            return cef.line_of(case, self.release)
        return escape_hidden(json.dumps(ocsf.event_of(case, self.release), ensure_ascii=False))

    def framed(self, line: str, case: Case) -> bytes:
        """A line as it goes out."""
        if self.delivery.framing == "lines":
            return line.encode(errors="replace") + b"\n"
        head = f"<{PRIORITIES[case.level]}>1 {stamp(case.scored_at)} {socket.gethostname() or '-'} traceaudit - case - "
        message = (head + line).encode(errors="replace")
        return str(len(message)).encode() + b" " + message

    def transmit(self, data: bytes, address: tuple[str, int], *, encrypted: bool) -> None:
        """Send all of it, and hang up in order: a connection that is cut takes with it what was not read yet."""
        with socket.create_connection(address, self.delivery.timeout_s) as plain:
            if not encrypted:
                plain.sendall(data)
                plain.shutdown(socket.SHUT_WR)
                plain.settimeout(CLOSE_S)
                with suppress(OSError):  # what arrived is there; who does not hang up as well need not be waited for
                    plain.recv(1)
                return
            with trusting(self.delivery.ca_file).wrap_socket(plain, server_hostname=address[0]) as sealed:
                sealed.sendall(data)
                sealed.settimeout(CLOSE_S)
                with suppress(OSError):
                    sealed.unwrap()


def append(path: Path, data: bytes) -> None:
    """Put `data` at the end of a file, and see that it is on the disk; one that was cut off gets a line of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            data = b"\n" + data
        while data:
            data = data[os.write(handle, data) :]
        os.fsync(handle)
    finally:
        os.close(handle)
