"""Personal data made up for measuring how much of it masking finds: python -m tests.ingest.planted"""

import random
import string
import time
from collections.abc import Iterator

import phonenumbers

from conf.schema import load
from ingest.masking import Mask
from ingest.privacy import masks_of

# How texts hold a value: in a sentence, in JSON, in JSON within a string, in markup, in a table, in code.
PLACES = (
    *("{}", "see {}.", "({})", "a,{},b", '{{"x":"{}"}}', 'line\\n{}\\tnext "{{\\"x\\":\\"{}\\"}}"', "first\n{}\nlast"),
    *("<b>{}</b>", "| {} | 3 |", "to={};", "user:{}"),
)
# Brand to how its numbers begin, and how many digits they have.
CARDS = {"visa": ("4", 16), "mastercard": ("53", 16), "amex": ("37", 15), "discover": ("6011", 16), "jcb": ("3530", 16)}
CARDS |= {"diners": ("36", 14), "unionpay": ("62", 16), "mastercard 2": ("2221", 16)}
# Country to the form of its account numbers: n a digit, a a letter.
IBANS = {"DE": "n" * 18, "FR": "n" * 23, "ES": "n" * 20, "NL": "aaaa" + "n" * 10, "GB": "aaaa" + "n" * 14}
IBANS |= {"IT": "a" + "n" * 22, "PL": "n" * 24, "CH": "n" * 17, "AT": "n" * 16, "SE": "n" * 20}
HOSTS = ("example.com", "mail.example.co.uk", "corp.internal", "uni-köln.example", "xn--80ak6aa92e.com", "a.museum")
HOME = ("US", "GB", "DE", "FR", "IL", "IN", "CA", "BR")  # the default of masking.phone_regions


def planted(seed: int = 1) -> dict[str, list[str]]:
    """Values by kind, each valid as far as its kind has a check."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    return {
        "EMAIL_ADDRESS": [f"{local_part(chance)}@{chance.choice(HOSTS)}" for _ in range(60)],
        "PHONE_NUMBER": [*foreign_numbers(), *home_numbers()],
        "CREDIT_CARD": [grouped(card(chance, *CARDS[name]), chance) for name in CARDS for _ in range(6)],
        "IBAN_CODE": [grouped(iban(chance, land, IBANS[land]), chance) for land in IBANS for _ in range(4)],
        "IP_ADDRESS": [*(ipv4(chance) for _ in range(30)), *(ipv6(chance) for _ in range(30))],
        "MAC_ADDRESS": [chance.choice(":-").join(f"{chance.randrange(256):02x}" for _ in range(6)) for _ in range(20)],
        "US_SSN": [f"{a}-{b}-{c}" for a, b, c in ((536, 22, 1234), (219, 45, 6789), (612, 71, 5046), (423, 18, 9377))],
    }


def local_part(chance: random.Random) -> str:
    """The part before the @."""
    words = ["".join(chance.choices(string.ascii_lowercase, k=chance.randrange(2, 9))) for _ in range(2)]
    return chance.choice([".", "_", "+", "-", ""]).join(words) + chance.choice(["", "7", "2026"])


def foreign_numbers() -> Iterator[str]:
    """A number of every country that has an example, with its country code."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        if number := phonenumbers.example_number(region):
            yield phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def home_numbers() -> Iterator[str]:
    """Numbers of the countries that are known without a country code, as they are written there."""
    kinds = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    for region in HOME:
        for number in filter(None, (phonenumbers.example_number_for_type(region, kind) for kind in kinds)):
            yield phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)


def card(chance: random.Random, start: str, n_digits: int) -> str:
    """A card number whose check digit is right."""
    digits = start + "".join(chance.choices(string.digits, k=n_digits - len(start) - 1))
    doubled = [int(digit) * (2 - at % 2) for at, digit in enumerate(reversed(digits))]
    return digits + str(-sum(value - 9 * (value > 9) for value in doubled) % 10)


def iban(chance: random.Random, land: str, form: str) -> str:
    """An account number whose check digits are right."""
    body = "".join(chance.choice(string.digits if kind == "n" else string.ascii_uppercase) for kind in form)
    number = int("".join(str(int(letter, 36)) for letter in f"{body}{land}00"))
    return f"{land}{98 - number % 97:02}{body}"


def grouped(number: str, chance: random.Random) -> str:
    """The number as it is, or in groups of four."""
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4)) if chance.random() < 0.5 else number


def ipv4(chance: random.Random) -> str:
    return ".".join(str(chance.randrange(1, 255)) for _ in range(4))


def ipv6(chance: random.Random) -> str:
    groups = [f"{chance.randrange(1, 65536):x}" for _ in range(8)]
    return ":".join(groups) if chance.random() < 0.5 else f"2001:db8::{groups[0]}:{groups[1]}"


def recall(mask: Mask) -> dict[str, tuple[int, int]]:
    """Kind to how many were planted, each in each place, and how many were found there whole."""
    counted = {}
    for entity, values in planted().items():
        texts = [(place.replace("{}", value).replace("{{", "{"), value) for value in values for place in PLACES]
        counted[entity] = len(texts), sum(value not in mask(text) for text, value in texts)
    return counted


def milliseconds_of(mask: Mask, n_chars: int = 2000) -> float:
    """CPU time for a text of the usual kind that was not seen before."""
    line = (
        "The agent read the harbour log of 2026-03-02 and found 3 boats late; it asked for the tide at 04:12, compared "
        "version 2.13.0 with the table, and wrote to ops@harbour.example or +49 30 7654321. Cost: 12.50.\n"
    )
    texts = [f"{number} {line * 20}"[:n_chars] for number in range(100)]
    began = time.process_time()
    for text in texts:
        mask(text)
    return 1000 * (time.process_time() - began) / len(texts)


def table(mask: Mask) -> list[str]:
    """The lines of the table in docs/data-engineers.md."""
    return [f"| `{entity}` | {there} | {found} |" for entity, (there, found) in recall(mask).items()]


if __name__ == "__main__":
    default = masks_of(load(overrides={"masking.enabled": "true"}).masking, b"key").of("default")
    if default:
        print("\n".join(table(default)))
        print(f"{milliseconds_of(default):.2f} ms for 2 kB")
