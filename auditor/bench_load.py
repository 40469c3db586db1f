"""Made-up triples to measure with: random words and drawn noise of a chosen size, so that nobody's logs are needed."""

import hashlib
import io
import random
from dataclasses import dataclass, replace

from PIL import Image

from ingest.qta import ImageBlob, Position, QTATriple, Status, ThinkingKind

WORDS = (
    *("account", "answer", "below", "between", "build", "change", "check", "city", "claim", "clear", "code", "copy"),
    *("customer", "daily", "data", "early", "file", "first", "follow", "friend", "garden", "give", "hand", "house"),
    *("invoice", "keep", "letter", "light", "market", "meeting", "message", "number", "order", "other", "paper"),
    *("people", "plan", "question", "reader", "report", "river", "school", "second", "server", "short", "signal"),
    *("small", "start", "station", "street", "table", "teacher", "ticket", "train", "travel", "under", "water"),
)
PHOTO = (880, 624)  # 0.55 megapixels: 700 image tokens of Qwen2.5-VL


@dataclass(frozen=True, slots=True)
class Load:
    """What to make.

    Attributes:
        triples: how many.
        chars: of question, thinking and answer together, on average; lengths vary by half of it.
        image_share: of the triples that have an image, in [0, 1].
        repeated: share of the triples whose content came before, in [0, 1].
    """

    triples: int = 64
    chars: int = 4000
    image_share: float = 0.5
    repeated: float = 0.0

    def make(self, seed: int = 0) -> list[QTATriple]:
        """The triples, the same for the same seed."""
        rng = random.Random(seed)  # noqa: S311 - reproducible, not secret
        n_new = self.triples - round(self.triples * self.repeated)
        new = [self.triple(n, rng) for n in range(n_new)]
        again = [rng.choice(new) for _ in range(self.triples - n_new)]
        mixed = [*new, *again]
        rng.shuffle(mixed)
        return [renamed(triple, f"{seed}-{n}") for n, triple in enumerate(mixed)]

    def triple(self, number: int, rng: random.Random) -> QTATriple:
        """One of them, with content of its own."""
        chars = round(self.chars * rng.uniform(0.5, 1.5))
        has_image = rng.random() < self.image_share
        return QTATriple(
            id=f"{number}",
            status=Status.COMPLETE,
            question=text(chars // 10, rng),
            thinking=text(chars // 2, rng),
            thinking_kind=ThinkingKind.RAW,
            answer=text(chars - chars // 10 - chars // 2, rng),
            position=Position("bench", 0, number),
            images=(photo(rng),) if has_image else (),
        )


def text(chars: int, rng: random.Random) -> str:
    """Random words, about so many characters."""
    return " ".join(rng.choices(WORDS, k=max(1, chars // 7)))


def photo(rng: random.Random) -> ImageBlob:
    """Coarse noise as a JPEG."""
    small = Image.frombytes("RGB", (22, 16), rng.randbytes(22 * 16 * 3))
    data = io.BytesIO()
    small.resize(PHOTO, Image.Resampling.BICUBIC).save(data, "JPEG")
    value = data.getvalue()
    return ImageBlob(hashlib.sha256(value).hexdigest(), "image/jpeg", *PHOTO, value)


def renamed(triple: QTATriple, name: str) -> QTATriple:
    """The same content under an id of its own."""
    return replace(triple, id=name)
