"""Open comments: masking, the model against a pipeline of scikit-learn, abstaining, words, counts, and what leaves."""

from __future__ import annotations

import functools
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score, precision_score, recall_score
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from dvresearch import comment_learning, comment_quality, comment_shares, comment_words, examples
from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.comments import UNDECIDED
from dvresearch.privacy import mask
from dvresearch.tables import ESTIMATES
from dvresearch.text import plain

UNITS = examples.communes(30, seed=4)
FRAME = examples.comments(900, UNITS, seed=4)
TONE = {"text": "comment", "label": "tone"}
TRAIN, TEST = FRAME.iloc[:600], FRAME.iloc[600:]


#: Nothing tells the tone of a quarter of these.
VAGUE = [f"ý kiến {a} {b}" for a in ("khác", "thêm", "chung", "riêng", "nữa") for b in "abcdefghij"]
NOISY = pd.concat(
    [
        TRAIN,
        TRAIN.iloc[:200].assign(
            comment=(VAGUE * 4), tone=np.random.default_rng(2).choice(["positive", "negative"], 200)
        ),
    ]
)


@functools.cache
def held():
    return comment_quality(TRAIN, **TONE, test=TEST)


@functools.cache
def told():
    return pipeline().fit(TRAIN["comment"], TRAIN["tone"]).predict(TEST["comment"])


def value(table, label, indicator):
    return table.set_index([table.columns[0], "indicator"]).loc[(label, indicator), "value"]


# --- masking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Chị Nguyễn Thị Mẫu ở bàn số 3, gọi 0912 345 678", "Chị … ở bàn số …, gọi …"),
        ("gặp ông Thử và bà Ví Dụ ạ", "gặp ông … và bà … ạ"),
        ("nguyễn văn thử làm chậm", "… làm chậm"),
        ("tran thi mau nhiet tinh", "… nhiet tinh"),
        ("CÁN BỘ TRẦN VĂN THỬ", "CÁN BỘ …"),
        ("Cán bộ Lê Hoàng Ví rất tốt", "Cán bộ … rất tốt"),
        ("CCCD 001099012345, thư a.b@example.org", "CCCD …, thư …"),
    ],
)
def test_names_and_numbers_are_masked(text, masked):
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    ["trần nhà dột, đỗ xe khó", "Nguyên nhân do mạng", "anh chị em ở đây", "Phường Hải Châu làm tốt", "bà con vui"],
)
def test_other_words_are_not(text):
    assert mask(text) == text


# --- the model --------------------------------------------------------------------------------------------------------


def pipeline():
    """The same model, put together from scikit-learn alone, masking included."""

    def words(strip):
        return TfidfVectorizer(
            preprocessor=lambda t: plain(mask(t)) if strip else mask(t).lower(),
            ngram_range=(1, 2),
            token_pattern=r"\w+",
            sublinear_tf=True,
        )

    letters = TfidfVectorizer(
        preprocessor=lambda t: mask(t).lower(), analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, min_df=2
    )
    union = make_union(words(False), words(True), letters)
    union.set_params(
        transformer_weights={n: w for (n, _), w in zip(union.transformer_list, (1, 0.5, 0.5), strict=True)}
    )
    return make_pipeline(union, LinearSVC(C=0.25, class_weight="balanced", tol=1e-3, random_state=0))


def test_quality_on_other_comments_equals_a_pipeline_of_scikit_learn():
    got = held()
    assert got.columns.tolist() == ["tone", *ESTIMATES.names]
    labels = ["negative", "neutral", "positive"]
    for score, indicator in (
        (precision_score, "comment_precision"),
        (recall_score, "comment_recall"),
        (f1_score, "comment_f1"),
    ):
        expected = score(TEST["tone"], told(), labels=labels, average=None)
        assert [value(got, name, indicator) for name in labels] == pytest.approx(list(expected), abs=1e-12)
    for average in ("weighted", "macro"):
        expected = f1_score(TEST["tone"], told(), average=average)
        assert value(got, "(tất cả)", f"comment_f1_{average}") == pytest.approx(expected, abs=1e-12)
    assert value(got, "(tất cả)", "comment_right") == pytest.approx((told() == TEST["tone"]).mean())
    f1 = got[got["indicator"].str.startswith("comment_f1")]
    assert f1["lower"].isna().all() and (f1["reason"] == "no_interval_f1").all()


def test_units_are_never_split():
    # Every unit complains in a word of its own: the model that has seen the unit tells everything, the other nothing.
    rng = np.random.default_rng(0)
    unit = np.repeat(np.arange(40), 10)
    tone = np.array(["good", "bad"])[rng.permutation(np.arange(40) % 2)][unit]
    frame = pd.DataFrame(
        {"unit": unit.astype(str), "comment": [f"{'abcdefghij'[u % 10]}{chr(97 + u // 10)}x" for u in unit]}
    )
    frame["tone"] = tone
    apart = comment_quality(frame, **TONE, unit="unit")
    assert value(apart, "(tất cả)", "comment_right") < 0.75
    # Without units equal comments are kept together, which here comes to the same.
    assert value(comment_quality(frame, **TONE), "(tất cả)", "comment_right") < 0.75


def test_what_is_left_undecided_is_the_doubtful():
    every = comment_quality(NOISY, **TONE, folds=3)
    some = comment_quality(NOISY, **TONE, abstain=0.8, folds=3)
    decided = value(some, "(tất cả)", "comment_decided")
    assert 0.6 < decided < 0.85 and value(every, "(tất cả)", "comment_decided") == 1
    assert value(every, "(tất cả)", "comment_right") < 0.9 < value(some, "(tất cả)", "comment_right")
    # An undecided comment counts as missed.
    assert value(some, "positive", "comment_recall") < value(every, "positive", "comment_recall")


def test_learning_curve_rises_to_the_quality_of_everything():
    curve = comment_learning(FRAME, **TONE, unit="unit", steps=(0.1, 1.0), folds=3)
    weighted = curve[curve["indicator"] == "comment_f1_weighted"]
    assert weighted["trained"].tolist() == pytest.approx([60, 600], abs=3)
    assert weighted["value"].is_monotonic_increasing
    whole = value(comment_quality(FRAME, **TONE, unit="unit", folds=3), "(tất cả)", "comment_f1_weighted")
    assert weighted["value"].iloc[-1] == pytest.approx(whole, abs=0.01)
    assert ((curve["lower"] <= curve["value"]) & (curve["value"] <= curve["upper"])).all()


def test_comments_without_diacritics_are_told_as_well():
    bare = TEST.assign(comment=TEST["comment"].map(plain))
    with_marks = value(held(), "(tất cả)", "comment_f1_weighted")
    assert value(comment_quality(TRAIN, **TONE, test=bare), "(tất cả)", "comment_f1_weighted") > with_marks - 0.05


# --- what leaves ------------------------------------------------------------------------------------------------------


def test_telling_words_tell_and_name_nobody():
    found = comment_words(FRAME, **TONE, unit="unit", top=15)
    assert found.columns.tolist() == ["tone", "word", "weight", "n"]
    assert (found["n"] >= 10).all() and (found["weight"] > 0).all()
    assert set(found.groupby("tone").size()) <= set(range(5, 16))
    complaint = set(" ".join(found.loc[found["tone"] == "negative", "word"]).split())
    assert complaint & {"trễ", "khó", "lỗi", "không", "mãi", "quá"}
    # n is what a plain search finds.
    word, n = found.loc[found["tone"] == "negative", ["word", "n"]].iloc[0]
    assert n == FRAME["comment"].map(lambda t: bool(re.search(rf"\b{word}\b", mask(t).lower()))).sum()


@pytest.mark.parametrize("name", ["Chị Lành", "chị lành", "cô Lành", "Lành", "trần đình lành"])
def test_a_name_many_complain_about_is_no_telling_word(name):
    rest = TRAIN[TRAIN["tone"] != "neutral"]
    named = rest.assign(
        comment=[
            f"Gặp {name} làm {c.lower()}, gọi 0987654321" if t == "negative" else c
            for c, t in zip(rest["comment"], rest["tone"], strict=True)
        ]
    )
    words = set(" ".join(comment_words(named, **TONE, top=100)["word"]).split())
    assert "gặp" in words
    assert not words & {"lành", "lanh", "đình", "0987654321"}


def test_words_of_one_unit_only_are_left_out():
    frame = TRAIN.assign(
        comment=[
            f"{c} zalo" if u == UNITS["unit"][0] and t == "negative" else c
            for c, u, t in zip(TRAIN["comment"], TRAIN["unit"], TRAIN["tone"], strict=True)
        ]
    )
    frame = pd.concat([frame, frame[frame["comment"].str.endswith("zalo")]] * 3, ignore_index=True)
    assert "zalo" in set(comment_words(frame, **TONE, top=400)["word"])
    assert "zalo" not in set(comment_words(frame, **TONE, unit="unit", top=400)["word"])


def test_counts_are_those_of_readers_and_of_the_model():
    half = pd.concat([TRAIN, TEST.assign(tone=None)])
    got = comment_shares(half, **TONE, min_count=1).set_index("tone")
    expected = pd.concat([TRAIN["tone"], pd.Series(told())]).value_counts()
    assert got["numerator"].to_dict() == expected.to_dict()
    assert (got["denominator"] == 900).all() and (got["basis"] == "volunteers").all()
    vague = TRAIN.iloc[:50].assign(comment=VAGUE, tone=None)
    unsure = comment_shares(pd.concat([NOISY, vague]), **TONE, abstain=0.8).set_index("tone")
    assert 30 <= unsure.loc[UNDECIDED, "numerator"] <= 50
    assert unsure["numerator"].sum() == len(NOISY) + 50


def test_small_counts_do_not_leave():
    got = comment_shares(FRAME, **TONE, by="unit")
    small = FRAME.groupby(["unit", "tone"]).size()
    assert (small < 10).any()
    for (unit, tone), n in small.items():
        row = got[(got["unit"] == unit) & (got["tone"] == tone)].iloc[0]
        assert n >= 10 or (np.isnan(row["numerator"]) and "suppressed" in row["flags"])
    shown = got.dropna(subset="numerator")
    # In no unit is a single hidden number the rest of those shown.
    left = got["denominator"].groupby(got["unit"]).first() - shown.groupby("unit")["numerator"].sum()
    hidden = got["numerator"].isna().groupby(got["unit"]).sum()
    assert not ((hidden == 1) & (left.reindex(hidden.index).fillna(0) > 0)).any()


def test_a_group_of_few_is_hidden_as_a_whole():
    few = pd.concat([FRAME.assign(unit="A"), FRAME[FRAME["tone"] == "negative"].iloc[:4].assign(unit="B")])
    got = comment_shares(few, **TONE, by="unit").set_index("unit")
    # B would follow from the total of both, so A has to go with it.
    assert got[["numerator", "denominator", "n", "value"]].isna().all(axis=None)
    assert (got["flags"].str.contains("suppressed")).all() and (got["reason"] != "").all()


def test_counting_needs_no_model_when_everything_is_labelled():
    rare = FRAME.assign(tone=["rare", *FRAME["tone"][1:]])
    got = comment_shares(rare, **TONE).set_index("tone")["numerator"]
    assert got.isna().sum() == 2 and np.isnan(got["rare"])


def test_no_text_leaves():
    frame = FRAME.assign(comment=FRAME["comment"] + " mật ngữ zqxv")
    tables = [
        comment_quality(frame, **TONE, folds=2),
        comment_learning(frame, **TONE, steps=(1.0,), folds=2),
        comment_shares(frame.assign(tone=frame["tone"].mask(np.arange(900) % 2 == 0)), **TONE),
    ]
    assert not any("zqxv" in t.to_csv() + str(t.attrs) for t in tables)


def test_what_is_refused():
    with pytest.raises(DataError, match="neutral"):
        comment_quality(TRAIN[(TRAIN["tone"] != "neutral") | (TRAIN.index < 60)], **TONE)
    with pytest.raises(DataError, match="Chưa đủ"):
        comment_words(TRAIN[TRAIN["tone"] == "positive"], **TONE)
    with pytest.raises(DataError, match="thiếu cột"):
        comment_shares(TRAIN, text="góp ý", label="tone")
    with pytest.raises(DataError, match="Quá ít cụm"):
        comment_quality(TRAIN[TRAIN["unit"].isin(UNITS["unit"][:3])], **TONE, unit="unit")
    for wrong in ({"folds": 1}, {"abstain": 1.0}):
        with pytest.raises(ParameterError, match="ngoài phạm vi"):
            comment_quality(TRAIN, **TONE, **wrong)


# --- a corpus worked out elsewhere ------------------------------------------------------------------------------------


def test_a_corpus_of_feedback(validation, rounds):
    folder = validation("comments")
    train, dev = (pd.read_csv(folder / f"uit_vsfc_{part}.csv") for part in ("train", "dev"))
    for label, least in (("sentiment", 0.90), ("topic", 0.87))[: rounds(1, 2)]:  # both in a campaign
        got = comment_quality(train, text="text", label=label, test=dev)
        assert value(got, "(tất cả)", "comment_f1_weighted") >= least
        assert value(got, "(tất cả)", "comment_f1_macro") >= 0.76
        if label == "sentiment":
            assert 0.3 < value(got, "neutral", "comment_recall") < 0.6
