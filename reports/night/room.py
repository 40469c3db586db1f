"""How much text fits into a report: the page has to open in any browser and pass through any mail server."""

from dataclasses import dataclass
from html import escape
from typing import overload

from ingest.visible import visible
from reports.cases import Text

MAX_BYTES = 2_400_000  # of the texts of all cases together, as the page writes them
MAX_CASE_BYTES = 240_000
SHORT = 300  # characters of a text for which there is no room left


@dataclass
class Room:
    """What is left for texts."""

    left: int = MAX_BYTES
    left_of_case: int = MAX_CASE_BYTES

    def next_case(self) -> None:
        """Begin with another case."""
        self.left_of_case = MAX_CASE_BYTES

    @overload
    def take(self, text: None, max_chars: int) -> None: ...
    @overload
    def take(self, text: str | None, max_chars: int) -> Text | None: ...
    def take(self, text: str | None, max_chars: int) -> Text | None:
        """The beginning of a text, and how many characters are left out; None where there is none.

        Args:
            text: of a log.
            max_chars: to be shown where there is room.
        """
        if not text:
            return None
        shown = text[:max_chars]
        if html_bytes(shown) > min(self.left, self.left_of_case):
            shown = shown[:SHORT]
        taken = html_bytes(shown)
        self.left, self.left_of_case = self.left - taken, self.left_of_case - taken
        return Text(shown, len(text) - len(shown))


def html_bytes(text: str) -> int:
    """What a text takes in the page, in bytes."""
    return len(escape(visible(text)).encode(errors="surrogatepass"))
