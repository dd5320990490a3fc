"""What tells the label of a comment: words and letters, weighted, and a linear machine. Names are masked first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.estimates import Floats
from dvresearch.metrics.survey import need_columns
from dvresearch.privacy import SURNAMES, TITLES, mask
from dvresearch.text import nfc, plain

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = [
    "WORD",
    "Codes",
    "Labelled",
    "check_labels",
    "check_options",
    "cross_validated",
    "decided",
    "doubtful",
    "f1_scores",
    "machine",
    "read",
    "scores_of",
    "splits",
    "vectors_of",
]

#: Cost of a mistake in the support vector machine; squared hinge loss, rare labels weighing as much as frequent ones.
#: Cost, loss and the weights of the three views are those with the best cross-validation on the training part of a
#: corpus of feedback (docs/methods.md).
COST = 0.25
#: Weight of words with diacritics, of words without, of letters; least number of comments a feature is learnt from.
VIEWS = ((1.0, 1), (0.5, 1), (0.5, 2))
#: Comments a label needs.
LEAST = 10

Codes = NDArray[np.intp]
WORD = re.compile(r"\w+")
_AFTER_TITLE = re.compile(rf"\b(?:{TITLES})\s+(\w+)")
_AFTER_SURNAME = re.compile(rf"\b(?:{SURNAMES})\s+(\w+)(?:\s+(\w+))?")


@dataclass(frozen=True)
class Labelled:
    """Comments as counts of words and letters, with the code of their label (-1: none) and of their group."""

    counts: list[csr_array]
    words: list[str]
    codes: Codes
    labels: list[str]
    groups: Codes


def check_options(folds: int, abstain: float, steps: Sequence[float] = (1.0,)) -> None:
    """Refuse settings out of range."""
    if folds < 2 or not 0 <= abstain < 1 or not all(0 < step <= 1 for step in steps):
        got = f"folds={folds}, abstain={abstain}, steps={list(steps)}"
        raise ParameterError("folds-abstain-steps", got=got)


def check_labels(codes: Codes, labels: list[str], folds: int) -> None:
    """Refuse labels of which there are too few comments to learn from and to test on."""
    size = np.bincount(codes, minlength=len(labels))
    short = [f"{name} ({count})" for name, count in zip(labels, size, strict=True) if count < max(LEAST, folds)]
    if short or len(labels) < 2:
        got = ", ".join(short) or f"{len(labels)}"
        raise DataError("too-few-labelled-comments", got=got, least=max(LEAST, folds))


def read(comments: pd.DataFrame, text: str, label: str, unit: str | None, folds: int) -> Labelled:
    """Mask the comments and count their words and letters."""
    from sklearn.feature_extraction.text import CountVectorizer

    need_columns(comments, [text, label, *([unit] if unit else [])])
    masked = [mask(t).lower() for t in comments[text].fillna("").astype("str")]
    bare = [plain(t) for t in masked]
    codes, labels = pd.factorize(comments[label].astype("str"), sort=True)
    groups = pd.factorize(comments[unit].astype("str") if unit else pd.Series(bare, dtype="str"))[0]
    if unit and len(set(groups[codes >= 0])) < folds:
        raise DataError("too-few-clusters-to-split", got=str(len(set(groups))), least=folds)
    pairs = {"ngram_range": (1, 2), "token_pattern": r"\w+", "lowercase": False}
    words = CountVectorizer(**pairs)
    counts = [
        words.fit_transform(masked),
        CountVectorizer(**pairs).fit_transform(bare),
        CountVectorizer(analyzer="char_wb", ngram_range=(2, 4), lowercase=False).fit_transform(masked),
    ]
    return Labelled(counts, list(words.get_feature_names_out()), codes.astype(np.intp), list(labels), groups)


def vectors_of(seen: Labelled, train: Codes) -> tuple[csr_array, list[NDArray[np.bool_]]]:
    """Weigh the counts as if only the comments of `train` were known; also return which columns occur there.

    Counting once and leaving out what those comments lack is the same as counting anew for each part.
    """
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfTransformer

    parts, kept = [], []
    for counts, (weight, least) in zip(seen.counts, VIEWS, strict=True):
        used = np.asarray((counts[train] > 0).sum(axis=0)).ravel() >= least
        weigh = TfidfTransformer(sublinear_tf=True).fit(counts[train][:, used])
        parts.append(weight * weigh.transform(counts[:, used]))
        kept.append(used)
    return hstack(parts, format="csr"), kept


def machine() -> Any:
    """Return the untrained support vector machine."""
    from sklearn.svm import LinearSVC

    return LinearSVC(C=COST, class_weight="balanced", tol=1e-3, random_state=0)


def scores_of(seen: Labelled, train: Codes, test: Codes) -> Floats:
    """Return how much speaks for each label in the comments of `test`."""
    vectors, _ = vectors_of(seen, train)
    trained = machine().fit(vectors[train], seen.codes[train])
    found = trained.decision_function(vectors[test])
    scores = np.full((len(test), len(seen.labels)), -np.inf)
    scores[:, trained.classes_] = np.column_stack([-found, found]) if found.ndim == 1 else found
    return scores


def splits(seen: Labelled, rows: Codes, folds: int, seed: int) -> list[tuple[Codes, Codes]]:
    """Return what to learn from and what to test on for each part; a group is never split."""
    from sklearn.model_selection import GroupKFold

    split = GroupKFold(folds, shuffle=True, random_state=seed).split(rows, groups=seen.groups[rows])
    return [(rows[train], rows[test]) for train, test in split]


def cross_validated(seen: Labelled, rows: Codes, folds: int, seed: int) -> Floats:
    """Return the scores of the comments of `rows`, each from a model that has not seen it."""
    scores = np.empty((len(rows), len(seen.labels)))
    place = np.empty(len(seen.codes), dtype=np.intp)
    place[rows] = np.arange(len(rows))
    for train, test in splits(seen, rows, folds, seed):
        scores[place[test]] = scores_of(seen, train, test)
    return scores


def decided(scores: Floats, within: Floats | None, truth: Codes, abstain: float) -> Codes:
    """Return the label with the highest score, or -1 where its chance to be right is below `abstain`.

    The chance follows from the lead of the highest score over the next, by logistic regression on the comments
    whose labels are known (`within`, told by models that had not seen them).
    """
    given = scores.argmax(axis=1)
    if within is None or not abstain:
        return given
    from sklearn.linear_model import LogisticRegression

    right = within.argmax(axis=1) == truth
    if right.all():
        return given
    chance = LogisticRegression().fit(_lead(within), right).predict_proba(_lead(scores))[:, 1]
    return np.where(chance >= abstain, given, -1)


def _lead(scores: Floats) -> Floats:
    best = np.sort(np.maximum(scores, -10), axis=1)
    return best[:, -1:] - best[:, -2:-1]


def f1_scores(truth: Codes, given: Codes, size: int) -> Floats:
    """Return F1 of each label, 0 for one that nothing has and nothing is given."""
    hit, has, said = (np.bincount(c, minlength=size) for c in (truth[truth == given], truth, given[given >= 0]))
    return np.divide(2 * hit, has + said, out=np.zeros(size), where=has + said > 0)


def doubtful(texts: pd.Series) -> set[str]:
    """Return the words that look like names: mostly after a title or surname, or with a capital within a sentence."""
    every: Counter[str] = Counter()
    named: Counter[str] = Counter()
    for words in map(nfc, texts.fillna("").astype("str")):
        small = words.lower()
        every.update(WORD.findall(small))
        named.update(_AFTER_TITLE.findall(small))
        named.update(word for pair in _AFTER_SURNAME.findall(small) for word in pair if word)
        inside = re.findall(r"(?<=[^\W\d_] )[^\W\d_]\w*", words)
        named.update(w.lower() for w in inside if w[0].isupper() and not w.isupper())
    return {word for word, count in named.items() if 2 * count > every[word]}
