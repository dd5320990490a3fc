"""Open comments: their topic or tone, told by a model that learns from labels the user has given.

Comments are personal data. Names and numbers are masked before the model sees a text, and what leaves these functions
are counts above the privacy threshold and words that many people used: no text, and no label of a single comment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from dvresearch.metrics.commentmodel import (
    WORD,
    Codes,
    check_labels,
    check_options,
    cross_validated,
    decided,
    doubtful,
    f1_scores,
    machine,
    read,
    scores_of,
    splits,
    vectors_of,
)
from dvresearch.metrics.estimates import ALL, FEW, Floats, add_flag, build, check_confidence, has_flag, label_groups
from dvresearch.metrics.proportions import share
from dvresearch.metrics.survey import Design, listed, need_columns, survey_mean, t_value
from dvresearch.privacy import MIN_COUNT, suppress
from dvresearch.tables import ESTIMATES

__all__ = ["UNDECIDED", "comment_learning", "comment_quality", "comment_shares", "comment_words"]

#: Label of comments the model leaves to people.
UNDECIDED = "(chưa chắc)"
#: Units a telling word has to come from: a name is known in one place.
PLACES = 3


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
    check_options(folds, abstain)
    both = comments if test is None else pd.concat([comments, test], ignore_index=True)
    seen = read(both[both[label].notna()] if label in both else both, text, label, unit, folds)
    known = len(both) if test is None else int(comments[label].notna().sum())
    first = np.arange(len(seen.codes)) < known
    check_labels(seen.codes[first], seen.labels, folds)
    within = cross_validated(seen, np.flatnonzero(first), folds, seed) if test is None or abstain else None
    rows = np.flatnonzero(first if test is None else ~first)
    scores = scores_of(seen, np.flatnonzero(first), rows) if within is None or test is not None else within
    truth, given = seen.codes[rows], decided(scores, within, seen.codes[first], abstain)
    people = pd.DataFrame(
        {"truth": truth, "given": given, "right": (truth == given).astype(float), "unit": seen.groups[rows]}
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
        found = found.assign(
            **{label: pd.array(names, dtype="str")},
            indicator=indicator,
            flags=found["flags"].str.replace(
                ";?ceiling", "", regex=True
            ),  # of satisfaction; here 100 % is what is wanted
        )
        return found[[label, *ESTIMATES.names]]

    precision, recall = shares("comment_precision", "right", "given"), shares("comment_recall", "right", "truth")
    f1, size = f1_scores(truth, given, len(seen.labels)), np.bincount(truth, minlength=len(seen.labels)).astype(float)
    hidden = precision.set_index(label)["value"].reindex(seen.labels).isna().to_numpy() & (f1 > 0)
    single = _plain(label, seen.labels, "comment_f1", np.where(hidden, np.nan, f1), size)
    present = size > 0
    overall = [
        _plain(label, [ALL], "comment_f1_weighted", np.average(f1, weights=size), size.sum()),
        _plain(label, [ALL], "comment_f1_macro", f1[present].mean(), size.sum()),
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
    check_options(folds, 0.0, steps)
    need_columns(comments, [text, label])
    seen = read(comments[comments[label].notna()], text, label, unit, folds)
    check_labels(seen.codes, seen.labels, folds)
    rng = np.random.default_rng(seed)
    every = np.arange(len(seen.codes))
    found = np.empty((2, len(steps), folds))
    trained = np.empty((len(steps), folds))
    for k, (train, test) in enumerate(splits(seen, every, folds, seed)):
        order = rng.permutation(train)
        for s, step in enumerate(steps):
            # every label is met, however small the step
            used = np.union1d(order[: max(1, round(step * len(order)))], _one_of_each(seen.codes, order))
            given = scores_of(seen, used, test).argmax(axis=1)
            f1, size = (
                f1_scores(seen.codes[test], given, len(seen.labels)),
                np.bincount(seen.codes[test], minlength=len(seen.labels)),
            )
            found[:, s, k] = np.average(f1, weights=size), f1[size > 0].mean()
            trained[s, k] = len(used)
    mean, error = found.mean(axis=2), found.std(axis=2, ddof=1) * np.sqrt(1 / folds + 1 / (folds - 1))
    half = t_value(confidence, np.array(folds - 1.0)) * error
    tables = [
        build(
            pd.DataFrame({"trained": trained.mean(axis=1).round()}),
            indicator=indicator,
            value=mean[i],
            std_error=error[i],
            lower=np.clip(mean[i] - half[i], 0, 1),
            upper=np.clip(mean[i] + half[i], 0, 1),
            confidence=confidence,
            n=len(every),
            definition="cross_validated",
            method="over_folds",
        )
        for i, indicator in enumerate(("comment_f1_weighted", "comment_f1_macro"))
    ]
    return pd.concat(tables, ignore_index=True)


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
    need_columns(comments, [text, label])
    labelled = comments[comments[label].notna()]
    seen = read(labelled, text, label, unit, 2)
    check_labels(seen.codes, seen.labels, 2)
    every = np.arange(len(seen.codes))
    vectors, kept = vectors_of(seen, every)
    weights = machine().fit(vectors, seen.codes).coef_
    weights = np.vstack([-weights[0], weights[0]]) if len(weights) == 1 else weights
    words = np.flatnonzero(kept[0])
    used = seen.counts[0][:, words] > 0
    n = np.asarray(used.sum(axis=0)).ravel()
    names = [seen.words[w] for w in words]
    hide = doubtful(labelled[text])
    shown = (n >= min_count) & np.array([not set(w.split()) & hide and not re.search(r"\d", w) for w in names])
    if unit:
        places = pd.DataFrame({"word": used.nonzero()[1], "unit": seen.groups[used.nonzero()[0]]}).drop_duplicates()
        shown &= np.bincount(places["word"], minlength=len(words)) >= PLACES
    rows = []
    for k, name in enumerate(seen.labels):
        own = weights[k, : len(words)]
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
    check_options(folds, abstain)
    labels = listed(by)
    need_columns(comments, [text, label, *labels])
    written = comments[comments[text].fillna("").map(lambda words: bool(WORD.search(words)))]
    seen = read(written, text, label, unit, folds)
    known = seen.codes >= 0
    given = seen.codes.copy()
    if not known.all():
        check_labels(seen.codes[known], seen.labels, folds)
        train = np.flatnonzero(known)
        within = cross_validated(seen, train, folds, seed) if abstain else None
        scores = scores_of(seen, train, np.flatnonzero(~known))
        given[~known] = decided(scores, within, seen.codes[known], abstain)
    keys, domain = label_groups(written, labels)
    names = [*seen.labels, *([UNDECIDED] if (given < 0).any() else [])]
    table = np.zeros((len(keys), len(names)))
    np.add.at(table, (domain, np.where(given < 0, len(names) - 1, given)), 1)
    groups = keys.loc[keys.index.repeat(len(names))].reset_index(drop=True)
    out = share(
        groups.assign(**{label: pd.array(names * len(keys), dtype="str")}),
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


def _one_of_each(codes: Codes, order: Codes) -> Codes:
    return order[np.unique(codes[order], return_index=True)[1]]


def _plain(label: str, names: list[str], indicator: str, value: Floats | float, n: Floats | float) -> pd.DataFrame:
    """Return estimates without an interval: F1 joins two shares, which have theirs."""
    keys = pd.DataFrame({label: pd.array(names, dtype="str")})
    few = np.asarray(n) < FEW
    return build(
        keys, indicator=indicator, value=value, n=n, method="f1", flags={"few": few}, reasons={"no_interval_f1": True}
    )
