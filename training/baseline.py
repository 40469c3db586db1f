"""TF-IDF and logistic regression over the same text: the honest baseline that a guard has to beat."""

from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from auditor.guard_input import guard_input, render_fields
from auditor.metrics import Scored
from auditor.rows import LabelledRow
from auditor.verdict import Judgment


def score_with_words(train: Sequence[LabelledRow], test: Sequence[LabelledRow]) -> list[Scored]:
    """The labelled rows of `test`, scored by word and word-pair weights learned on `train`; images are not seen."""
    known = [row for row in train if row.label is not None]
    model = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2), LogisticRegression(C=10.0, max_iter=1000)
    )
    model.fit(
        [render_fields(guard_input(row.triple)) for row in known], [row.label is not Judgment.SAFE for row in known]
    )
    asked = [row for row in test if row.label is not None]
    shares = model.predict_proba([render_fields(guard_input(row.triple)) for row in asked])[:, 1]
    return [
        Scored(
            harmful=row.label is not Judgment.SAFE,
            harm_score=float(share),
            judgment=Judgment.HARMFUL if share >= 0.5 else Judgment.SAFE,
            source=row.source,
        )
        for row, share in zip(asked, shares, strict=True)
    ]
