"""The label trie: the guard's labels 0, 0.5 and 1 as paths of token ids, and probabilities over them.

With a Qwen tokenizer the labels share tokens ("0" "." "5"), so no single token tells 0 from 0.5. We walk a trie built
from the tokenizer, normalise over the branches at each node, and multiply along the path: the three labels sum to 1.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditor.errors import ModelUnusable
from auditor.guard_input import Protocol
from auditor.tokens import IM_END, GuardTokenizer
from auditor.verdict import Judgment

JUDGMENT_HEAD = "“Judgment”: "
LEVELS = {Protocol.QTA: tuple(Judgment), Protocol.QA: (Judgment.SAFE, Judgment.HARMFUL)}


@dataclass(frozen=True, slots=True)
class LabelProbabilities:
    """Probabilities of the three labels; they sum to 1. A protocol without the middle level gives it 0."""

    p_safe: float
    p_potentially_harmful: float
    p_harmful: float

    @property
    def is_finite(self) -> bool:
        """Whether they are numbers: a model whose arithmetic overflowed gives none, and nothing is known then."""
        return all(map(math.isfinite, (self.p_safe, self.p_potentially_harmful, self.p_harmful)))

    @property
    def harm_score(self) -> float:
        """1 - p_safe, in [0, 1]."""
        return min(1.0, max(0.0, self.p_potentially_harmful + self.p_harmful))

    @property
    def likeliest(self) -> Judgment:
        """The label of the highest probability; of equal ones the more harmful, so that a tie is never safe."""
        shares = (self.p_safe, self.p_potentially_harmful, self.p_harmful)
        return max(zip(shares, Judgment, strict=True), key=lambda pair: (pair[0], pair[1].value))[1]


def mean(shares: Sequence[LabelProbabilities]) -> LabelProbabilities:
    """The mean over several readings of one case."""
    n = len(shares)
    return LabelProbabilities(
        sum(p.p_safe for p in shares) / n,
        sum(p.p_potentially_harmful for p in shares) / n,
        sum(p.p_harmful for p in shares) / n,
    )


@dataclass(frozen=True, slots=True)
class LabelTrie:
    """Token paths of the labels after the judgment head.

    Attributes:
        head: ids of `“Judgment”: `, which we place ourselves after the analysis.
        paths: label -> its ids, the end of the turn included.
        probe: the longest path without its end: one forward pass over it gives every branching.
    """

    head: tuple[int, ...]
    paths: Mapping[Judgment, tuple[int, ...]]

    @property
    def probe(self) -> tuple[int, ...]:
        """Ids of the label whose path passes every branching node."""
        return max(self.paths.values(), key=len)[:-1]

    def branchings(self) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
        """Each node with more than one child: its path from the root, and the ids of its children in order."""
        children: dict[tuple[int, ...], list[int]] = {}
        for path in self.paths.values():
            for depth, token in enumerate(path):
                below = children.setdefault(path[:depth], [])
                if token not in below:
                    below.append(token)
        return ((node, tuple(tokens)) for node, tokens in children.items() if len(tokens) > 1)


def build_trie(tokenizer: GuardTokenizer, protocol: Protocol = Protocol.QTA) -> LabelTrie:
    """The label trie of a tokenizer, over the levels of a protocol.

    Raises:
        ModelUnusable: the labels do not all start at one place, or a branching lies off the longest path.
    """
    end = tokenizer.specials[IM_END]
    whole = {judgment: tokenizer.text(JUDGMENT_HEAD + judgment.label) for judgment in LEVELS[protocol]}
    head = common_prefix(list(whole.values()))
    trie = LabelTrie(tuple(head), {j: (*ids[len(head) :], end) for j, ids in whole.items()})
    probe = trie.probe
    if tokenizer.text(JUDGMENT_HEAD) != head or any(probe[: len(node)] != node for node, _ in trie.branchings()):
        raise ModelUnusable("this tokenizer splits the labels 0, 0.5 and 1 in a way that one pass cannot read")
    return trie


def common_prefix(sequences: Sequence[Sequence[int]]) -> list[int]:
    """The ids that all sequences start with."""
    shared = []
    for tokens in zip(*sequences, strict=False):
        if len(set(tokens)) > 1:
            break
        shared.append(tokens[0])
    return shared


def probabilities(trie: LabelTrie, logits: Mapping[tuple[int, ...], Mapping[int, float]]) -> LabelProbabilities:
    """Probabilities of the labels from the logits (or log-probabilities) at each branching.

    Args:
        trie: of the model's tokenizer.
        logits: node path -> child id -> logit, for every node of `trie.branchings()`; any additive constant cancels.

    Source: ours; a locally normalised walk, see the module's docstring.
    """
    shares = {
        (*node, token): share
        for node, tokens in trie.branchings()
        for token, share in zip(tokens, softmax([logits[node][token] for token in tokens]), strict=True)
    }
    walked = {
        judgment: math.prod(shares.get(path[: depth + 1], 1.0) for depth in range(len(path)))
        for judgment, path in trie.paths.items()
    }
    return LabelProbabilities(
        p_safe=walked[Judgment.SAFE],
        p_potentially_harmful=walked.get(Judgment.POTENTIALLY_HARMFUL, 0.0),
        p_harmful=walked[Judgment.HARMFUL],
    )


def softmax(values: Sequence[float]) -> list[float]:
    """Shares of exp(value), computed without overflow."""
    top = max(values)
    weights = [math.exp(value - top) for value in values]
    total = sum(weights)
    return [weight / total for weight in weights]
