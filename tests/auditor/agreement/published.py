"""Worked examples of the literature, as textbooks and libraries reproduce them, and how ratings become counts.

The originals were not at hand: the tables are as others print them, and their figures were worked out anew.
"""

import numpy as np
from numpy.typing import NDArray

MISSING = 0

# Fleiss, Measuring nominal scale agreement among many raters, Psychological Bulletin 76 (1971): 30 patients,
# 6 psychiatrists, 5 diagnoses (depression, personality disorder, schizophrenia, neurosis, other).
FLEISS_1971 = """
    444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444 222333 144444 224445
    333335 111455 111112 224444 133555 555555 244444 224555 114444 144445 222224 111155 224444 133333 555555
"""

# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011): 12 units, 4 observers, values 1 to 5, some
# missing (0 here). Gwet, Handbook of Inter-Rater Reliability (4th ed., 2014), works the same table for AC1 and Fleiss.
KRIPPENDORFF_2011 = "1101 2232 3333 3333 2222 1234 4444 1121 2222 0555 0011 0030"

# Cohen, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20 (1960):
# what two judges said of 200 patients, in shares of a hundred.
COHEN_1960 = ((44, 5, 1), (7, 20, 3), (9, 5, 6))

# Gwet, Computing inter-rater reliability and its variance in the presence of high agreement, British Journal of
# Mathematical and Statistical Psychology 61 (2008): 125 subjects, of whom two raters call 118 positive, and none both
# negative. Cohen's kappa is below 0.
GWET_2008 = ((118, 5), (2, 0))


def rows_of(table: str) -> list[list[int]]:
    """One list of ratings a case."""
    return [[int(rating) for rating in case] for case in table.split()]


def counts_of(rows: list[list[int]], categories: int) -> NDArray[np.int64]:
    """Ratings of each case in each category; categories begin at 1."""
    return np.array([[row.count(category) for category in range(1, categories + 1)] for row in rows])


def sides_of(table: tuple[tuple[int, ...], ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The ratings of either side, one row a case, from a table of how often each two came together."""
    eye = np.eye(len(table), dtype=np.int64)
    pairs = [(one, other) for one, row in enumerate(table) for other, n in enumerate(row) for _ in range(n)]
    return eye[[one for one, _ in pairs]], eye[[other for _, other in pairs]]
