"""Reads the kind of risk off an analysis; the guard's output has no field for it."""

import re

from auditor.verdict import Category

# As named in the prompt, the paper's "misleading advice" included; the earliest mention in the analysis wins.
NAMES = {
    Category.CRIME: r"crimes? and illegal activit|illegal activit|criminal",
    Category.CYBERSECURITY: r"cyber-?\s?security|cyber-?attack|hacking",
    Category.PRIVACY: r"data privacy|privacy",
    Category.ETHICS: r"ethics and morality|ethic|moral",
    Category.HEALTH: r"physical and mental health|mental health|physical harm|self-harm",
    Category.HATE: r"hate speech|hateful|discriminat",
    Category.EXTREMISM: r"extremis|terroris",
    Category.ADVICE: r"inappropriate suggestion|misleading advice",
    Category.OTHER: r"\bother\b(?: risks?)?",
}
PATTERN = re.compile("|".join(f"(?P<{category.name}>{words})" for category, words in NAMES.items()), re.IGNORECASE)


def read_category(analysis: str) -> Category:
    """The first category that the analysis names; UNKNOWN where it names none."""
    match = PATTERN.search(analysis)
    return Category[match.lastgroup] if match and match.lastgroup else Category.UNKNOWN
