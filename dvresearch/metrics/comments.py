"""Open comments: their topic or tone, told by a model that learns from labels the user has given.

Comments are personal data. Names and numbers are masked before the model sees a text, and what leaves these functions
are counts above the privacy threshold and words that many people used: no text, and no label of a single comment.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.counts import share
from dvresearch.metrics.estimates import ALL, FEW, Floats, add_flag, build, check_confidence, has_flag, label_groups
from dvresearch.metrics.survey import Codes, Design, listed, need_columns, repeat_keys, survey_mean, t_value
from dvresearch.privacy import MIN_COUNT, SURNAMES, TITLES, mask, suppress
from dvresearch.tables import ESTIMATES
from dvresearch.text import nfc, plain

__all__ = ["UNDECIDED", "comment_learning", "comment_quality", "comment_shares", "comment_words", "model"]

#: Label of comments the model leaves to people.
UNDECIDED = "(chưa chắc)"
#: Units a telling word has to come from: a name is known in one place.
PLACES = 3
#: Comments a label needs.
LEAST = 10
_WORD = re.compile(r"\w+")
_AFTER_TITLE = re.compile(rf"\b(?:{TITLES})\s+(\w+)")
_AFTER_SURNAME = re.compile(rf"\b(?:{SURNAMES})\s+(\w+)(?:\s+(\w+))?")


# --- the model --------------------------------------------------------------------------------------------------------


def model() -> Any:
    """Return the untrained model: words and letters weighted by tf-idf, and a linear support vector machine.

    Its settings are those with the best cross-validation on the training part of a corpus of feedback
    (docs/methods.md). Rare labels weigh as much as frequent ones.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion, make_pipeline
    from sklearn.svm import LinearSVC

    given: dict[str, Any] = {"lowercase": False, "sublinear_tf": True}
    pairs = given | {"ngram_range": (1, 2), "token_pattern": r"\w+"}
    views = {
        "words": TfidfVectorizer(**pairs),
        "without diacritics": TfidfVectorizer(**pairs, preprocessor=plain),
        "letters": TfidfVectorizer(**given, analyzer="char_wb", ngram_range=(2, 4), min_df=2),
    }
    weights = {"words": 1.0, "without diacritics": 0.5, "letters": 0.5}
    machine = LinearSVC(C=0.25, class_weight="balanced", tol=1e-3, random_state=0)
    return make_pipeline(FeatureUnion([*views.items()], transformer_weights=weights), machine)


@dataclass(frozen=True)
class _Labelled:
    """Masked comments, the code of the label of each (-1: none) and its group, which is never split."""

    texts: NDArray[np.object_]
    codes: Codes
    groups: Codes
    labels: list[str]

    @classmethod
    def read(cls, comments: pd.DataFrame, text: str, label: str, unit: str | None, folds: int) -> _Labelled:
        masked = np.array([mask(t).lower() for t in comments[text].fillna("").astype("str")], dtype=object)
        codes, labels = pd.factorize(comments[label].astype("str"), sort=True)
        groups = pd.factorize(comments[unit].astype("str") if unit else np.array([*map(plain, masked)], dtype=object))[
            0
        ]
        if unit and len(set(groups[codes >= 0])) < folds:
            raise DataError("too-few-clusters-to-split", got=str(len(set(groups))), least=folds)
        return cls(masked, codes.astype(np.intp), groups, list(labels))

    def of(self, rows: NDArray[Any]) -> _Labelled:
        return _Labelled(self.texts[rows], self.codes[rows], self.groups[rows], self.labels)

    def check_labels(self, folds: int) -> None:
        """Refuse labels of which there are too few comments to learn from and to test on."""
        counted = zip(self.labels, self.sizes(), strict=True)
        short = [f"{name} ({count})" for name, count in counted if count < max(LEAST, folds)]
        if short or len(self.labels) < 2:
            got = ", ".join(short) or f"{len(self.labels)}"
            raise DataError("too-few-labelled-comments", got=got, least=max(LEAST, folds))

    def sizes(self) -> NDArray[np.intp]:
        return np.bincount(self.codes, minlength=len(self.labels))

    def scores(self, others: _Labelled) -> Floats:
        """Learn from these comments, and return how much speaks for each label in the others."""
        trained = model().fit(self.texts, self.codes)
        found = trained.decision_function(others.texts)
        scores = np.full((len(others.texts), len(self.labels)), -np.inf)
        scores[:, trained.classes_] = np.column_stack([-found, found]) if found.ndim == 1 else found
        return scores

    def parts(self, folds: int, seed: int) -> list[tuple[Codes, Codes]]:
        """Return what to learn from and what to test on, part by part."""
        from sklearn.model_selection import GroupKFold

        return list(GroupKFold(folds, shuffle=True, random_state=seed).split(self.texts, groups=self.groups))

    def cross_validated(self, folds: int, seed: int) -> Floats:
        """Return the scores of each comment from a model that has not seen it."""
        scores = np.empty((len(self.texts), len(self.labels)))
        for train, test in self.parts(folds, seed):
            scores[test] = self.of(train).scores(self.of(test))
        return scores

    def f1(self, given: Codes) -> tuple[Floats, float, float]:
        """Return F1 of each label, 0 for one that nothing has and nothing is given; its weighted and its plain mean."""
        from sklearn.metrics import f1_score

        f1 = f1_score(self.codes, given, labels=range(len(self.labels)), average=None, zero_division=0)
        return f1, float(np.average(f1, weights=self.sizes())), float(f1[self.sizes() > 0].mean())


def _check_options(folds: int, abstain: float, steps: Sequence[float] = (1.0,)) -> None:
    """Refuse settings out of range."""
    if folds < 2 or not 0 <= abstain < 1 or not all(0 < step <= 1 for step in steps):
        got = f"folds={folds}, abstain={abstain}, steps={list(steps)}"
        raise ParameterError("folds-abstain-steps", got=got)


def _decided(scores: Floats, within: Floats | None, truth: Codes, abstain: float) -> Codes:
    """Return the label with the highest score, or -1 where its chance to be right is below `abstain`.

    The chance follows from the lead of the highest score over the next, by logistic regression on the comments
    whose labels are known (`within`, told by models that had not seen them).
    """
    given = scores.argmax(axis=1)
    if within is None or not abstain or (right := within.argmax(axis=1) == truth).all():
        return given
    from sklearn.linear_model import LogisticRegression

    lead, leads = (np.diff(np.sort(np.maximum(s, -10), axis=1)[:, -2:]) for s in (within, scores))
    chance = LogisticRegression().fit(lead, right).predict_proba(leads)[:, 1]
    return np.where(chance >= abstain, given, -1)


def comment_quality(
    comments: pd.DataFrame,
    *,
    text: str,
    label: str,
    unit: str | None = None,
    test: pd.DataFrame | None = None,
    abstain: float = 0.0,
    folds: int = 5,
    seed: int = 0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """How well the model tells the label of comments it has not seen.

    Parameters
    ----------
    comments : DataFrame
        One row per comment; rows without a label are left out.
    text, label : str
        Columns with the comment and with its topic or tone, as a person read it.
    unit : str, optional
        Column with the unit a comment comes from: a unit is never split between learning and testing, and the intervals
        allow for comments of one unit being alike. Without it, equal comments are kept together.
    test : DataFrame, optional
        Further labelled comments to test on, with the same columns. Without it: cross-validation.
    abstain : float, default 0
        Chance (0-1) of being right below which a comment is left undecided.
    folds : int, default 5
        Parts of the cross-validation.
    seed : int, default 0
        Start of the random numbers.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    DataFrame
        `label`, then the columns of ``tables.ESTIMATES``. For each label ``comment_precision`` (of those the model
        gives it, how many have it), ``comment_recall`` (of those that have it, how many are given it; undecided ones
        are not) and ``comment_f1``; over all (``(tất cả)``) ``comment_f1_weighted`` by how frequent labels are,
        ``comment_f1_macro``, in which a rare label counts like a frequent one, ``comment_right`` (of those decided) and
        ``comment_decided``.

    Raises
    ------
    DataError
        For a missing column, fewer than two labels, or a label with fewer than 10 comments.
    ParameterError
        For a number of folds or an `abstain` out of range.

    Notes
    -----
    Words and pairs of words, with diacritics and without, and runs of two to four letters, weighted by tf-idf; linear
    support vector machine. Checked against a pipeline of scikit-learn and its scores (tests/test_comments.py).

    References
    ----------
    Joachims (1998), ECML 137-142. Platt (1999), Advances in Large Margin Classifiers 61-74, for the chance.
    """
    check_confidence(confidence)
    _check_options(folds, abstain)
    both = comments if test is None else pd.concat([comments, test], ignore_index=True)
    need_columns(both, [text, label, *([unit] if unit else [])])
    seen = _Labelled.read(both[both[label].notna()], text, label, unit, folds)
    first = np.arange(len(seen.codes)) < comments[label].notna().sum()
    learnt = seen.of(first)
    learnt.check_labels(folds)
    within = learnt.cross_validated(folds, seed) if test is None or abstain else None
    tested = learnt if test is None else seen.of(~first)
    scores = learnt.scores(tested) if within is None or test is not None else within
    truth, given = tested.codes, _decided(scores, within, learnt.codes, abstain)
    people = pd.DataFrame(
        {"truth": truth, "given": given, "right": (truth == given).astype(float), "unit": tested.groups}
    )
    people["decided"] = (given >= 0).astype(float)
    people["right_decided"] = people["right"].where(given >= 0)
    design = Design(clusters="unit") if unit else None
    definition = "cross_validated" if test is None else "held_out"

    def shares(indicator: str, value: str, by: str | None = None) -> pd.DataFrame:
        found = survey_mean(
            people, values=value, by=by or (), design=design, basis="unknown", interval="logit", confidence=confidence
        )
        found = found[found[by] >= 0] if by else found
        names = [seen.labels[int(k)] for k in found[by]] if by else [ALL]
        # In a survey 95 % is a ceiling; here it is what is wanted.
        flags = found["flags"].str.replace(";?ceiling", "", regex=True)
        found = found.assign(**{label: pd.array(names, dtype="str")}, indicator=indicator, flags=flags)
        return found[[label, *ESTIMATES.names]]

    precision, recall = shares("comment_precision", "right", "given"), shares("comment_recall", "right", "truth")
    (f1, weighted, macro), size = tested.f1(given), tested.sizes().astype(np.float64)
    hidden = precision.set_index(label)["value"].reindex(seen.labels).isna().to_numpy() & (f1 > 0)
    single = _plain(label, seen.labels, "comment_f1", np.where(hidden, np.nan, f1), size)
    overall = [
        _plain(label, [ALL], "comment_f1_weighted", weighted, size.sum()),
        _plain(label, [ALL], "comment_f1_macro", macro, size.sum()),
        shares("comment_right", "right_decided"),
        shares("comment_decided", "decided"),
    ]
    each = pd.concat([precision, recall, single])
    each = each.iloc[np.argsort([seen.labels.index(name) for name in each[label]], kind="stable")]
    return pd.concat([each, *overall], ignore_index=True).assign(definition=definition)


def comment_learning(
    comments: pd.DataFrame,
    *,
    text: str,
    label: str,
    unit: str | None = None,
    steps: Sequence[float] = (0.1, 0.25, 0.5, 1.0),
    folds: int = 5,
    seed: int = 0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Learning curve: how much further labels would help.

    Parameters
    ----------
    comments, text, label, unit, folds, seed, confidence
        As for :func:`comment_quality`.
    steps : sequence of float, default (0.1, 0.25, 0.5, 1)
        Shares (0-1) of the learning part that are used.

    Returns
    -------
    DataFrame
        ``trained`` (comments learnt from), then the columns of ``tables.ESTIMATES``: ``comment_f1_weighted`` and
        ``comment_f1_macro``, means over the parts; the interval is widened because the parts share comments. A curve
        that still rises says that more labels are worth the work.

    Raises
    ------
    DataError, ParameterError
        As for :func:`comment_quality`.

    References
    ----------
    Nadeau and Bengio (2003), Machine Learning 52:239-281, for the interval.
    """
    check_confidence(confidence)
    _check_options(folds, 0.0, steps)
    need_columns(comments, [text, label, *([unit] if unit else [])])
    seen = _Labelled.read(comments[comments[label].notna()], text, label, unit, folds)
    seen.check_labels(folds)
    rng = np.random.default_rng(seed)
    found, trained = np.empty((2, len(steps), folds)), np.empty((len(steps), folds))
    for k, (train, test) in enumerate(seen.parts(folds, seed)):
        order, tested = rng.permutation(train), seen.of(test)
        one_of_each = order[np.unique(seen.codes[order], return_index=True)[1]]
        for s, step in enumerate(steps):
            used = np.union1d(order[: max(1, round(step * len(order)))], one_of_each)
            found[:, s, k] = tested.f1(seen.of(used).scores(tested).argmax(axis=1))[1:]
            trained[s, k] = len(used)
    mean, error = found.mean(axis=2), found.std(axis=2, ddof=1) * np.sqrt(1 / folds + 1 / (folds - 1))
    half = t_value(confidence, np.array(folds - 1.0)) * error
    return build(
        pd.DataFrame({"trained": np.tile(trained.mean(axis=1).round(), 2)}),
        indicator=pd.Series(np.repeat(["comment_f1_weighted", "comment_f1_macro"], len(steps))),
        value=mean.ravel(),
        std_error=error.ravel(),
        lower=np.clip(mean - half, 0, 1).ravel(),
        upper=np.clip(mean + half, 0, 1).ravel(),
        confidence=confidence,
        n=len(seen.codes),
        definition="cross_validated",
        method="over_folds",
    )


def comment_words(
    comments: pd.DataFrame,
    *,
    text: str,
    label: str,
    unit: str | None = None,
    top: int = 10,
    min_count: int = MIN_COUNT,
) -> pd.DataFrame:
    """The words that speak most for each label.

    Parameters
    ----------
    comments, text, label, unit
        As for :func:`comment_quality`; with `unit`, a word has to come from three units or more.
    top : int, default 10
        Words for each label, at most.
    min_count : int, default 10
        Least number of comments a word has to occur in.

    Returns
    -------
    DataFrame
        `label`, ``word`` (one, or two in a row), ``weight`` in the model and ``n``, the comments it occurs in. Masked
        names and numbers, words that mostly stand after “ông”, “chị”, after a surname or with a capital within a
        sentence, and words with digits are left out. Read the list all the same before it is published: a rare name
        that many use in small letters cannot be told from a word.

    Raises
    ------
    DataError
        As for :func:`comment_quality`.
    """
    need_columns(comments, [text, label, *([unit] if unit else [])])
    labelled = comments[comments[label].notna()]
    seen = _Labelled.read(labelled, text, label, unit, 2)
    seen.check_labels(2)
    trained = model().fit(seen.texts, seen.codes)
    words = trained[0].named_transformers["words"]
    names, weights = words.get_feature_names_out(), trained[-1].coef_
    weights = np.vstack([-weights[0], weights[0]]) if len(weights) == 1 else weights
    used = (words.transform(seen.texts) > 0).tocoo()
    n, hide = np.bincount(used.col, minlength=len(names)), _doubtful(labelled[text])
    shown = (n >= min_count) & np.array([not set(w.split()) & hide and not re.search(r"\d", w) for w in names])
    if unit:
        places = pd.DataFrame({"word": used.col, "unit": seen.groups[used.row]}).drop_duplicates()
        shown &= np.bincount(places["word"], minlength=len(names)) >= PLACES
    rows = []
    for k, name in enumerate(seen.labels):
        own = weights[k, : len(names)]
        best = [j for j in np.argsort(-own, kind="stable") if shown[j] and own[j] > 0][:top]
        rows += [(name, names[j], own[j], int(n[j])) for j in best]
    return pd.DataFrame(rows, columns=[label, "word", "weight", "n"])


def comment_shares(
    comments: pd.DataFrame,
    *,
    text: str,
    label: str,
    by: str | Sequence[str] = (),
    unit: str | None = None,
    abstain: float = 0.0,
    folds: int = 5,
    seed: int = 0,
    confidence: float = 0.95,
    min_count: int = MIN_COUNT,
) -> pd.DataFrame:
    """How many comments have each label: the labelled ones as people read them, the others as the model does.

    Parameters
    ----------
    comments : DataFrame
        One row per comment, labelled or not.
    text, label, unit, abstain, folds, seed, confidence
        As for :func:`comment_quality`; `unit` and `folds` matter only with `abstain`.
    by : str or sequence of str, default ()
        Grouping columns.
    min_count : int, default 10
        Least number of comments a number may stand for. The totals over each of `by` count as published too.

    Returns
    -------
    DataFrame
        `by`, `label` (``(chưa chắc)`` for comments left undecided), then the columns of ``tables.ESTIMATES``:
        ``comment_share`` with a Wilson interval, which covers chance alone: mistakes of the model
        (:func:`comment_quality`) come on top, and those who wrote nothing are not in it. Counts below `min_count` are
        hidden (``suppressed``), and with them whole groups of fewer comments.

    Raises
    ------
    DataError, ParameterError
        As for :func:`comment_quality`.
    """
    check_confidence(confidence)
    _check_options(folds, abstain)
    labels = listed(by)
    need_columns(comments, [text, label, *labels, *([unit] if unit else [])])
    written = comments[comments[text].fillna("").map(lambda words: bool(_WORD.search(words)))]
    seen = _Labelled.read(written, text, label, unit, folds)
    known, given = seen.codes >= 0, seen.codes.copy()
    if not known.all():
        learnt = seen.of(known)
        learnt.check_labels(folds)
        within = learnt.cross_validated(folds, seed) if abstain else None
        given[~known] = _decided(learnt.scores(seen.of(~known)), within, learnt.codes, abstain)
    keys, domain = label_groups(written, labels)
    names = [*seen.labels, *([UNDECIDED] if (given < 0).any() else [])]
    table = np.zeros((len(keys), len(names)))
    np.add.at(table, (domain, np.where(given < 0, len(names) - 1, given)), 1)
    out = share(
        repeat_keys(keys, **{label: names}),
        table.ravel(),
        table.sum(axis=1).repeat(len(names)),
        indicator="comment_share",
        definition="labelled_or_told",
        basis="volunteers",
        method="wilson",
        confidence=confidence,
    )
    rest = [[c for c in labels if c != gone] for gone in labels]
    numbers = ("value", "std_error", "lower", "upper", "numerator")
    totals = [labels, *([label, *others] for others in rest)]
    out = suppress(out, count="numerator", hide=numbers, totals=totals, min_count=min_count)
    # the size of a small group is a number about its members, too, and what is hidden in it would follow from it
    sizes = suppress(keys.assign(n=table.sum(axis=1)), totals=rest, min_count=min_count)
    small = sizes["n"].isna().to_numpy().repeat(len(names))
    out.loc[small, [*numbers, "denominator", "n"]] = np.nan
    out["reason"] = out["reason"].mask(small & (out["reason"] == ""), "secondary")
    return add_flag(out, "suppressed", small | has_flag(out, "suppressed"))


def _doubtful(texts: pd.Series) -> set[str]:
    """Return the words that look like names: mostly after a title or surname, or with a capital within a sentence."""
    every: Counter[str] = Counter()
    named: Counter[str] = Counter()
    for words in map(nfc, texts.fillna("").astype("str")):
        small = words.lower()
        every.update(_WORD.findall(small))
        named.update(_AFTER_TITLE.findall(small))
        named.update(word for pair in _AFTER_SURNAME.findall(small) for word in pair if word)
        inside = re.findall(r"(?<=[^\W\d_] )[^\W\d_]\w*", words)
        named.update(w.lower() for w in inside if w[0].isupper() and not w.isupper())
    return {word for word, count in named.items() if 2 * count > every[word]}


def _plain(label: str, names: list[str], indicator: str, value: Floats | float, n: Floats | float) -> pd.DataFrame:
    """Return estimates without an interval: F1 joins two shares, which have theirs."""
    keys = pd.DataFrame({label: pd.array(names, dtype="str")})
    few = np.asarray(n) < FEW
    return build(
        keys, indicator=indicator, value=value, n=n, method="f1", flags={"few": few}, reasons={"no_interval_f1": True}
    )
