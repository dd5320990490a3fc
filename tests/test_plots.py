"""Pictures are tested by what stands in their axes: positions, labels, shapes and bars, never by their pixels."""

import functools
import itertools
import os
import re
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import rgb_to_hsv, to_rgb
from matplotlib.dates import date2num
from matplotlib.text import Text as Words

from dvresearch import codebook, examples, impact, places, plots
from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics import breaks, funnel_curve, proportion
from dvresearch.metrics import funnel as compare
from dvresearch.plots import rows as in_rows
from dvresearch.plots import scatter, style, trends
from dvresearch.series import known_breaks
from dvresearch.wording.values import CITIES

NBSP = "\u00a0"
PROVINCES = places.units("34").query("unit_level == 'province'")["unit"].tolist()


@pytest.fixture(autouse=True)
def closed():
    yield
    for number in mpl.pyplot.get_fignums():
        mpl.pyplot.close(number)


def shares(x, n, names, **cells):
    counts = pd.DataFrame({"unit": names, "x": np.asarray(x, float), "n": np.asarray(n, float)})
    rows = proportion(
        counts,
        numerator="x",
        denominator="n",
        by="unit",
        indicator="dossiers_in_time_share",
        definition="resolved",
        basis="census",
    )
    return rows.assign(**cells)


@functools.cache
def provinces():
    """34 synthetic provinces of 9,000 to 1.65 million dossiers, one with a handful and one with none."""
    rng = np.random.default_rng(7)
    n = np.round(np.exp(rng.normal(12.5, 1.0, 34))).clip(9_000, 1_650_000)
    x = np.round(n * np.clip(rng.normal(0.86, 0.07, 34), 0.4, 0.995))
    n[[3, 5]], x[[3, 5]] = (12, 0), (11, 0)
    return shares(x, n, PROVINCES)


def texts(ax, gid=None):
    return [t.get_text() for t in ax.texts if gid in (None, t.get_gid())]


def ticks(axis):
    axis.get_figure().canvas.draw()
    low, high = sorted(axis.get_view_interval())
    return [t.get_text() for t in axis.get_ticklabels() if low <= t.get_position()[axis.axis_name == "y"] <= high]


def drawn_points(ax, marker_only=True):
    return [
        (line.get_marker(), *line.get_xydata()[0])
        for line in ax.lines
        if line.get_linestyle() == "None" or not marker_only
    ]


# Style ---------------------------------------------------------------------------------------------------------------


def luminance(colour):
    """WCAG 2.1, definition of relative luminance."""
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot(channels, (0.2126, 0.7152, 0.0722)))


def contrast(a, b):
    lighter, darker = sorted((luminance(a), luminance(b)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_of_contrast_is_that_of_wcag():
    # Published examples: black on white 21, the grey #767676 is the lightest that reaches 4.5 on white.
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") > 4.5 > contrast("#777777", "#FFFFFF")


def test_every_colour_stands_out_from_white_and_words_more():
    for colour in (style.INK, style.DARK, style.PLUM, style.MID, style.MAUVE, style.GREY, style.MUTED):
        assert contrast(colour, "white") >= 3
    for colour in (style.INK, style.MUTED):
        assert contrast(colour, "white") >= 4.5


def test_neighbouring_meanings_stand_out_from_one_another():
    within = scatter.SHAPES["within"][1]
    for position in ("above95", "above998", "below95", "below998"):
        assert contrast(within, scatter.SHAPES[position][1]) >= 3
    for (_, first), (_, second) in itertools.product(trends.SERIES[:2], trends.SERIES[2:]):
        assert contrast(first, second) >= 3
    for resolved, pending in itertools.product(
        ("resolved_within", "resolved_late"), ("pending_within", "pending_overdue")
    ):
        assert contrast(in_rows.COLOURS[resolved], in_rows.COLOURS[pending]) >= 3


def test_no_colour_is_a_verdict():
    for colour in (style.DARK, style.PLUM, style.MID, style.MAUVE):
        hue = 360 * rgb_to_hsv(to_rgb(colour))[0]
        assert 180 < hue < 320, "red, amber and green lie outside"


def test_meanings_differ_by_shape_too():
    shapes = {(marker, fill == "white") for marker, _, fill, _ in scatter.SHAPES.values()}
    assert len(shapes) == len(scatter.SHAPES)
    assert len({marker for marker, _ in trends.SERIES}) == len(trends.SERIES)
    assert len({marker for marker, _ in in_rows.FLAG_SHAPES.values()}) == len(in_rows.FLAG_SHAPES)


def test_importing_and_drawing_leave_the_settings_alone():
    code = (
        "import matplotlib as mpl; mpl.use('Agg'); before = dict(mpl.rcParams); import dvresearch.plots as p;"
        "import pandas, sys; sipas = {'period': ['2024'], 'indicator': ['sipas'], 'value': [0.8]};"
        "p.trend(pandas.DataFrame(sipas)); sys.exit(before != dict(mpl.rcParams))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_same_picture_same_bytes(tmp_path, ending):
    paths = [tmp_path / f"{i}.{ending}" for i in (1, 2)]
    for path in paths:
        ax = plots.intervals(shares([1, 2], [3, 4], ["A", "B"]))
        assert plots.save(ax.figure, path) == path
        plots.close(ax.figure)
    first, second = (p.read_bytes() for p in paths)
    assert first == second
    assert b"Matplotlib" not in first
    assert not mpl.pyplot.get_fignums()


def test_the_backend_that_is_set_changes_no_byte(tmp_path):
    """svg measures words in another way, cairo is not installed."""
    code = (
        "import sys; from dvresearch import examples, metrics, plots;"
        "frame = examples.dossiers(300, examples.communes(5), as_of='2026-06-30')[0];"
        "counts = metrics.tally(frame, 'unit', as_of='2026-06-30');"
        "rates = metrics.resolution_rate(counts, by=['unit'], definition='resolved');"
        "plots.save(plots.intervals(rates).figure, sys.argv[1])"
    )
    for backend in ("agg", "svg", "cairo"):
        environment = {**os.environ, "MPLBACKEND": backend}
        subprocess.run([sys.executable, "-c", code, tmp_path / f"{backend}.png"], env=environment, check=True)
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


def test_only_png_and_svg_are_written(tmp_path):
    with pytest.raises(ParameterError, match=r"x\.jpg"):
        plots.save(plots.figure(), tmp_path / "x.jpg")
    assert not list(tmp_path.iterdir())


def test_small_words_are_ten_pixels_high_on_a_telephone():
    points = 72 * plots.intervals(shares([1, 2], [3, 4], ["A", "B"])).figure.get_size_inches()[0]
    assert 390 / points * style.SMALL >= 10


def test_figure_has_the_size_asked_for_in_centimetres():
    assert plots.figure(12, 7.5).get_size_inches() * 2.54 == pytest.approx([12, 7.5])


# Dot plot ------------------------------------------------------------------------------------------------------------


def test_intervals_draws_every_row_once_from_the_largest_down():
    rows = provinces()
    ax = plots.intervals(rows)
    names = [t.get_text() for t in ax.get_yticklabels()]
    expected = rows.sort_values("value", ascending=False, na_position="last")
    assert names == expected["unit"].replace(CITIES).tolist()
    points = sorted((y, x) for _, x, y in drawn_points(ax))
    assert [y for y, _ in points] == list(range(33))
    assert [x for _, x in points] == pytest.approx(expected["value"].dropna().tolist())
    # An interval for each, from its lower to its upper limit.
    lines = {line.get_ydata()[0]: line.get_xdata() for line in ax.lines if line.get_linestyle() == "-"}
    for y, row in enumerate(expected[:33].to_dict("records")):
        assert lines[y] == pytest.approx([row["lower"], row["upper"]])
    assert ax.yaxis_inverted()


def test_intervals_keeps_the_order_given():
    ax = plots.intervals(provinces(), sort="given")
    assert [t.get_text() for t in ax.get_yticklabels()] == [CITIES.get(p, p) for p in PROVINCES]


def test_counts_and_values_stand_beside_their_row():
    ax = plots.intervals(shares([4321, 1], [5000, 3], ["A", "B"]))
    beside = {(t.xy[1], t.get_text().replace(NBSP, "~")) for t in ax.texts if hasattr(t, "xy")}
    assert {(0, "4.321/5.000"), (0, "86,4%"), (1, "1/3"), (1, "33,3%")} <= beside
    header = [t for _, t in beside if "tử số/mẫu số" in t]
    assert header == ["hồ sơ\ntử số/mẫu số"]
    english = texts(plots.intervals(shares([4321, 1], [5000, 3], ["A", "B"]), lang="en"))
    assert {"4,321/5,000", "86.4%", "dossiers\npart/all"} <= set(english)


def test_missing_and_hidden_rows_are_listed_with_the_reason():
    rows = shares([5, 0, 7], [10, 0, 9], ["A", "B", "C"])
    rows.loc[2, "flags"] = "few;suppressed"
    ax = plots.intervals(rows)
    reason = codebook.get("reason", "zero_denominator").label_vi
    assert f"không tính được: {reason}" in texts(ax)
    assert codebook.get("flag", "suppressed").label_vi in texts(ax)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["A", "B", "C"]
    assert len(drawn_points(ax)) == 1
    assert not any("7/9" in t or "77,8" in t for t in texts(ax))
    assert f"cannot be computed: {codebook.get('reason', 'zero_denominator').label_en}" in texts(
        plots.intervals(rows, lang="en")
    )


def test_flags_are_shapes_with_a_legend():
    rows = shares([50] * 7, [100] * 7, list("ABCDEFG"))
    given = ["", "few", "ceiling", "imputed", "break", "context", "few;imputed"]
    ax = plots.intervals(rows.assign(flags=given), sort="given")
    markers = [marker for marker, _, _ in sorted(drawn_points(ax), key=lambda p: p[2])]
    assert markers == ["o", "o", ">", "D", "s", "v", "o"]
    filled = [line.get_markerfacecolor() != "white" for line in ax.lines if line.get_linestyle() == "None"]
    assert filled == [True] + [False] * 6
    assert "○◇" in texts(ax)
    (notes,) = texts(ax, style.NOTES)
    for flag in given[1:6]:
        assert f"{in_rows.FLAG_SHAPES[flag][1]} {codebook.get('flag', flag).label_vi}" in notes.replace(NBSP, " ")
    (none,) = texts(plots.intervals(rows), style.NOTES)
    assert "○" not in none


def test_note_says_what_the_intervals_mean():
    rows = shares([50, 60], [100, 100], ["A", "B"])
    for basis, words in (("census", "Tính trên toàn bộ"), ("sample", "khoảng tin cậy 95"), ("volunteers", "tự nguyện")):
        (notes,) = texts(plots.intervals(rows.assign(basis=basis)), style.NOTES)
        assert words in notes
    assert not texts(plots.intervals(rows.assign(lower=np.nan)), style.NOTES)


def test_intervals_that_the_dots_hide_are_told():
    apart = shares([100, 900], [1000, 1000], ["A", "B"])
    # on an axis from 0.1 to 0.9, some 180 points wide, 0.01 is 2 points and 0.1 is 22: a dot has 5.5
    for width, told in ((0.01, True), (0.1, False)):
        ax = plots.intervals(apart.assign(lower=apart["value"] - width / 2, upper=apart["value"] + width / 2))
        assert any("hẹp hơn chấm" in " ".join(t.split()) for t in texts(ax, style.NOTES)) is told
    assert not any("hẹp hơn" in t for t in texts(plots.intervals(apart.assign(lower=np.nan)), style.NOTES))


def test_reference_is_drawn_and_named():
    ax = plots.intervals(shares([50, 60], [100, 100], ["A", "B"]), reference=0.72)
    (line,) = [line for line in ax.lines if line.get_gid() == "reference"]
    assert list(line.get_xdata()) == [0.72, 0.72]
    assert "mốc\n72%" in texts(ax)
    assert ax.get_xlim()[1] > 0.72


@pytest.mark.parametrize(("lang", "pattern"), [("vi", r"\d+(,\d+)?%"), ("en", r"\d+(\.\d+)?%")])
def test_ticks_speak_the_language(lang, pattern):
    ax = plots.intervals(shares([801, 806], [1000, 1000], ["A", "B"]), lang=lang)
    labels = ticks(ax.xaxis)
    assert 2 <= len(labels) <= 5
    assert all(re.fullmatch(pattern, label) for label in labels)
    assert len(set(labels)) == len(labels)


def test_other_units_are_named_on_the_axis():
    rows = shares([5, 6], [10, 10], ["A", "B"]).assign(indicator="q766_tdgq", value=[17.69, 15.5], lower=np.nan)
    ax = plots.intervals(rows)
    assert ax.get_xlabel() == "Điểm (tối đa 20)"
    assert "17,69" in texts(ax)


def test_title_names_indicator_and_definition():
    ax = plots.intervals(provinces())
    assert ax.get_title(loc="left") == codebook.get("indicator", "dossiers_in_time_share").label_vi
    assert f"Cách tính: {codebook.get('definition', 'resolved').label_vi}" in texts(ax)


def test_rows_that_cannot_be_compared_are_refused():
    rows = shares([5, 6], [10, 10], ["A", "B"])
    for changes in ({"definition": ["resolved", "due"]}, {"indicator": ["dossiers_in_time_share", "satisfied_share"]}):
        with pytest.raises(ParameterError, match=next(iter(changes))):
            plots.intervals(rows.assign(**changes))
    with pytest.raises(ParameterError, match="Got: 'size'"):
        plots.intervals(rows, sort="size")
    with pytest.raises(ParameterError, match="ten"):
        plots.intervals(rows, unit="ten")
    with pytest.raises(DataError, match="flags"):
        plots.intervals(rows.drop(columns="flags"))


def test_all_rows_missing_or_all_equal():
    empty = plots.intervals(shares([0, 0], [0, 0], ["A", "B"]))
    assert not drawn_points(empty)
    full = plots.intervals(shares([10, 10], [10, 10], ["A", "B"]))
    assert full.get_xlim()[1] == 1
    assert full.get_xlim()[0] < 0.73  # Wilson: 10 of 10 reaches down to 0.7225


def boxes(ax, words=None):
    """Return texts and where they are drawn, in pixels, after the last layout."""
    if ax.figure.stale:
        ax.figure.canvas.draw()
    words = ax.texts if words is None else words
    # Of an annotation the words only: its own extent holds the line that leads to the point, too.
    return [(t.get_text(), Words.get_window_extent(t)) for t in words if t.get_visible() and t.get_text().strip()]


def overlaps(found):
    return [(a, b) for (a, x), (b, y) in itertools.combinations(found, 2) if x.overlaps(y)]


@pytest.mark.parametrize(("width", "height"), [(16, 20.5), (12, 20)])
def test_34_rows_are_legible(width, height):
    ax = plots.intervals(provinces(), ax=plots.figure(width, height).gca(), reference=0.8664)
    found = [*boxes(ax), *boxes(ax, ax.get_yticklabels())]
    assert not overlaps(found)
    page = ax.figure.bbox
    for text, box in [*found, *boxes(ax, [ax.title, *ax.get_xticklabels()])]:
        assert page.x0 - 1 <= box.x0 and box.x1 <= page.x1 + 1, text
        assert page.y0 - 1 <= box.y0 and box.y1 <= page.y1 + 1, text
    smallest = min(t.get_fontsize() for t in [*ax.texts, *ax.get_yticklabels(), *ax.get_xticklabels()])
    assert smallest >= 8


def test_axes_come_back_and_keep_their_neighbours():
    fig = plots.figure(16, 8)
    left, right = fig.subplots(1, 2)
    assert plots.intervals(shares([1, 2], [3, 4], ["A", "B"]), ax=left) is left
    assert not right.lines
    assert not right.texts
    assert not left.spines["top"].get_visible()


# Ladder --------------------------------------------------------------------------------------------------------------


def test_ladder_shows_what_can_be_computed_and_why_the_rest_cannot():
    both = [shares([33838], [n], ["Quế Sơn"], definition=d) for n, d in ((42390, "resolved"), (43479, "total"))]
    rows = pd.concat(both)
    missing = rows[:1].assign(definition="due", value=np.nan, lower=np.nan, upper=np.nan, reason="no_due")
    ax = plots.ladder(pd.concat([rows[:1], missing, rows[1:]]))
    labels = [t.get_text().replace("\n", " ").lower() for t in ax.get_yticklabels()]
    assert labels == [codebook.get("definition", d).label_vi.lower() for d in ("resolved", "due", "total")]
    # 33,838 of 42,390 resolved and of 43,479 in all (Quế Sơn, 2022).
    assert [(y, round(x, 4)) for _, x, y in drawn_points(ax)] == [(0, 0.7983), (2, 0.7783)]
    written = [t.replace("\n", " ") for t in texts(ax)]
    assert f"không tính được: {codebook.get('reason', 'no_due').label_vi}" in written
    assert "Quế Sơn" in texts(ax)
    assert not overlaps(boxes(ax))


def test_ladder_of_two_units_is_refused():
    with pytest.raises(ParameterError, match="resolved"):
        plots.ladder(shares([1, 2], [3, 4], ["A", "B"]))


# Funnel --------------------------------------------------------------------------------------------------------------


def test_funnel_draws_points_limits_and_target():
    rows = compare(provinces())
    curve = funnel_curve(rows)
    ax = plots.funnel(rows, curve)
    groups = {line.get_gid(): line for line in ax.lines}
    for position, at in rows[rows["value"].notna()].groupby("position"):
        marker, colour, inside, _ = scatter.SHAPES[position]
        line = groups[position]
        assert line.get_xydata() == pytest.approx(at[["denominator", "value"]].to_numpy())
        assert (line.get_marker(), line.get_color(), line.get_markerfacecolor()) == (marker, colour, inside)
    for column in ("target", "lower95", "upper95", "lower998", "upper998"):
        assert groups[column].get_ydata() == pytest.approx(curve[column].to_numpy())
        assert groups[column].get_xdata() == pytest.approx(curve["denominator"].to_numpy())
    assert ax.get_xscale() == "log" and "(thang log)" in ax.get_xlabel()
    assert f"mức chung\n{100 * rows['target'].iloc[0]:.2f}%".replace(".", ",") in texts(ax)
    assert "1.000.000" in ticks(ax.xaxis)


def test_funnel_names_only_units_outside():
    rows = compare(provinces())
    named = set(texts(plots.funnel(rows, funnel_curve(rows)))) & set(PROVINCES)
    outside = set(rows.loc[~rows["position"].isin(["within", "unknown"]), "unit"])
    assert named == outside
    assert 0 < len(named) < 34


def test_crowded_names_are_left_out_and_counted():
    rows = compare(provinces(), dispersion="none")
    ax = plots.funnel(rows, funnel_curve(rows), lang="en")
    outside = set(rows.loc[~rows["position"].isin(["within", "unknown"]), "unit"])
    named = set(texts(ax)) & set(PROVINCES)
    assert named < outside
    (notes,) = texts(ax, style.NOTES)
    assert f"room: {len(outside - named)} (" in " ".join(notes.split())
    # The farthest come first: where there is room at all, they have it.
    farthest = rows.loc[rows["z"].abs().sort_values(ascending=False).index[:2], "unit"]
    assert set(farthest) <= named


@pytest.mark.parametrize("dispersion", ["additive", "none"])
def test_names_cover_neither_points_nor_one_another(dispersion):
    rows = compare(provinces(), dispersion=dispersion)
    ax = plots.funnel(rows, funnel_curve(rows))
    labels = boxes(ax, [t for t in ax.texts if t.get_text() in PROVINCES])
    assert not overlaps(labels)
    positions = ax.transData.transform(rows.loc[rows["value"].notna(), ["denominator", "value"]].to_numpy())
    half = 3.2 * ax.figure.dpi / 72
    for text, box in labels:
        for x, y in positions:
            touches = box.x0 < x + half and x - half < box.x1 and box.y0 < y + half and y - half < box.y1
            assert not touches, text
        assert ax.bbox.x0 <= box.x0 and box.x1 <= ax.bbox.x1, text


def test_names_of_the_limits_are_moved_apart():
    rows = compare(provinces(), dispersion="none")
    ax = plots.funnel(rows, funnel_curve(rows))
    ends = boxes(ax, [t for t in ax.texts if re.match(r"giới hạn|mức chung", t.get_text())])
    assert len(ends) == 5
    assert not overlaps(ends)


def test_funnel_legend_lists_the_shapes_that_are_drawn():
    rows = compare(provinces())
    notes = texts(plots.funnel(rows, funnel_curve(rows)), style.NOTES)[0].replace(NBSP, " ")
    assert "● trong giới hạn" in notes
    assert "× không xếp" in notes
    assert ("▲" in notes) == ("above998" in set(rows["position"]))
    assert f"Không có số liệu: {PROVINCES[5]}." in notes


def test_funnel_hides_suppressed_units():
    rows = compare(provinces())
    hide = rows["unit"] == "Hà Nội"
    ax = plots.funnel(rows.assign(flags=rows["flags"].mask(hide, "suppressed")), funnel_curve(rows))
    drawn = np.concatenate([line.get_ydata() for line in ax.lines if line.get_linestyle() == "None"])
    assert not np.isclose(drawn, rows.loc[hide, "value"].iloc[0]).any()
    assert len(drawn) == 32


def test_funnel_refuses_what_is_no_funnel():
    rows = compare(provinces())
    curve = funnel_curve(rows)
    with pytest.raises(ParameterError, match="2 target"):
        plots.funnel(rows.assign(target=[0.8] + [0.9] * 33), curve)
    with pytest.raises(DataError, match="lower998"):
        plots.funnel(rows, curve.drop(columns="lower998"))


# Trend ---------------------------------------------------------------------------------------------------------------


def sipas():
    """National SIPAS as published: 2021 was not read, and the survey changed between 2020 and 2022."""
    published = {2017: 80.9, 2018: 82.99, 2019: 84.45, 2020: 85.48, 2022: 80.08, 2023: 82.66, 2024: 83.94}
    rows = [
        {
            "unit": "Cả nước",
            "unit_level": "nation",
            "period": str(year),
            "period_start": pd.Timestamp(year, 1, 1),
            "period_end": pd.Timestamp(year, 12, 31),
            "indicator": "sipas",
            "value": value / 100,
            "source": "sipas",
        }
        for year, value in published.items()
    ]
    return breaks(pd.DataFrame(rows))


def pieces(ax):
    return [line.get_ydata().round(9).tolist() for line in ax.lines if line.get_gid() == "piece"]


def test_trend_is_not_joined_across_a_break():
    ax = plots.trend(sipas())
    assert pieces(ax) == [[0.809, 0.8299, 0.8445, 0.8548], [0.8008, 0.8266, 0.8394]]
    (line,) = [line for line in ax.lines if line.get_gid() == "break"]
    assert date2num(pd.Timestamp(2020, 12, 31)) < line.get_xdata()[0] < date2num(pd.Timestamp(2022, 1, 1))
    assert "gián đoạn chuỗi số liệu (1)" in texts(ax, "break")
    (notes,) = texts(ax, style.NOTES)
    (known,) = [b for b in known_breaks() if b.code == "sipas_2022"]
    assert notes.replace("\n", " ") == f"Gián đoạn chuỗi số liệu (1): {known.reason.vi}"
    assert texts(ax, "value")[0].replace(NBSP, "~") == "80,9%"
    assert ticks(ax.xaxis) == ["2017", "2018", "2019", "2020", "2022", "2023", "2024"]


def test_a_break_without_a_known_reason_is_explained_in_general():
    (general,) = texts(plots.trend(sipas().assign(break_code="own")), style.NOTES)
    assert " ".join(general.split()) == f"Gián đoạn chuỗi số liệu: {codebook.get('flag', 'break').note_vi}"


def months(values, unit="Huế", **cells):
    periods = [f"2026-{i:02}" for i in range(1, len(values) + 1)]
    return pd.DataFrame(
        {"unit": unit, "period": periods, "indicator": "dossiers_in_time_share", "value": values}
    ).assign(**cells)


def test_trend_leaves_a_gap_where_a_value_or_a_period_is_missing():
    rows = months([0.5, 0.6, np.nan, 0.7, 0.8, 0.9])
    assert pieces(plots.trend(rows)) == [[0.5, 0.6], [0.7, 0.8, 0.9]]
    assert pieces(plots.trend(rows[rows["period"] != "2026-05"])) == [[0.5, 0.6], [0.7], [0.9]]
    hidden = rows.assign(flags=["", "suppressed", "", "", "", ""])
    assert pieces(plots.trend(hidden)) == [[0.5], [0.7, 0.8, 0.9]]


def test_a_definition_that_changes_breaks_a_series_and_two_side_by_side_are_two():
    rows = months([0.5, 0.6, 0.7], definition=["resolved", "resolved", "due"])
    assert pieces(plots.trend(rows)) == [[0.5, 0.6], [0.7]]
    two = pd.concat([months([0.5, 0.6], definition="resolved"), months([0.4, 0.5], definition="due")])
    ax = plots.trend(two)
    assert pieces(ax) == [[0.5, 0.6], [0.4, 0.5]]
    names = [t.replace("\n", " ") for t in texts(ax, "name")]
    assert sorted(names) == sorted(codebook.get("definition", d).label_vi for d in ("resolved", "due"))


def test_series_are_named_at_their_end_without_covering_one_another():
    rows = pd.concat([months([0.5, 0.6, 0.700 + i / 1000], unit=u) for i, u in enumerate(["A", "B", "C"])])
    ax = plots.trend(rows)
    assert texts(ax, "name") == ["A", "B", "C"]
    assert not overlaps(boxes(ax, [t for t in ax.texts if t.get_gid() == "name"]))
    lines = [line for line in ax.lines if line.get_gid() == "piece"]
    assert [(line.get_marker(), line.get_color()) for line in lines] == list(trends.SERIES[:3])


def test_intervals_and_reference_of_a_trend():
    rows = months([0.5, 0.6], lower=[0.4, 0.5], upper=[0.6, np.nan])
    ax = plots.trend(rows, reference=0.8664)
    assert [list(line.get_ydata()) for line in ax.lines if line.get_gid() == "interval"] == [[0.4, 0.6]]
    assert "mốc 86,64%" in texts(ax)
    assert ax.get_ylim()[1] > 0.8664


def test_what_cannot_be_one_picture_is_refused():
    many = pd.concat([months([0.5, 0.6], unit=f"Xã {i}") for i in range(5)])
    with pytest.raises(ParameterError, match="nhiều nhất 4"):
        plots.trend(many)
    running = pd.concat([months([0.5, 0.6]), months([0.7]).assign(period="2026-01-01..2026-02-10")])
    with pytest.raises(DataError, match="chồng"):
        plots.trend(running)
    with pytest.raises(ParameterError, match="point_20"):
        plots.trend(pd.concat([months([0.5]), months([17.0]).assign(indicator="q766_tdgq")]))
    with pytest.raises(DataError, match="period"):
        plots.trend(months([0.5]).drop(columns="period"))
    with pytest.raises(DataError, match="kỳ báo cáo"):
        plots.trend(months([0.5]).assign(period="đợt một"))


def test_values_keep_off_the_line():
    ax = plots.trend(months([0.5, 0.8, 0.6, 0.9, 0.3, 0.4, 0.45]))
    ax.figure.canvas.draw()
    line = ax.lines[0].get_xydata()
    path = ax.transData.transform(
        np.column_stack([np.interp(np.linspace(0, 6, 601), range(7), line[:, i]) for i in (0, 1)])
    )
    for text, box in boxes(ax, [t for t in ax.texts if t.get_gid() == "value"]):
        assert not any(box.contains(x, y) for x, y in path), text


def test_a_value_is_written_on_its_own_side_of_the_reference():
    ax = plots.trend(months([0.5883, 0.408, 0.8283, 0.7757, 0.7012, 0.87]), reference=0.8664)
    ax.figure.canvas.draw()
    (level,) = [line.get_ydata()[0] for line in ax.lines if line.get_gid() == "reference"]
    line = ax.transData.transform((0, level))[1]
    written = dict(boxes(ax, [t for t in ax.texts if t.get_gid() == "value"]))
    assert written["82,83%"].y1 < line < written["87%"].y0


def test_published_values_have_the_decimals_and_the_words_of_their_source():
    rows = months([0.408, 0.8283, 0.81], hedge=["", "", "khoảng"])
    rows = rows.assign(value_low=[0.40795, 0.82825, 0.805], value_high=[0.40805, 0.82835, 0.815])
    assert texts(plots.trend(rows), "value") == ["40,80%", "82,83%", "khoảng 81%"]
    assert texts(plots.trend(rows, lang="en"), "value")[-1] == "about 81%"


def test_a_long_first_label_keeps_off_the_axis():
    ax = plots.trend(months([0.81, 0.82], hedge=["khoảng", ""]))
    ax.figure.canvas.draw()
    assert dict(boxes(ax, ax.texts))["khoảng 81%"].x0 > ax.get_window_extent().x0


def test_bars_and_cases_of_a_trend_are_explained_under_it():
    rows = shares([180, 205, 150], [200, 220, 150], [f"2026-{i:02}" for i in (1, 2, 3)])
    rows = rows.rename(columns={"unit": "period"})
    (notes,) = texts(plots.trend(rows), style.NOTES)
    assert "Vạch đứng" in notes and "khoảng 95%" in notes
    base = codebook.get("definition", "resolved").unit
    assert f"150–220 {codebook.label('unit', base, 'vi')}." in notes.replace("\n", " ")
    hidden = rows.assign(flags=["", "", "suppressed"])
    assert "200–220 dossiers" in texts(plots.trend(hidden, lang="en"), style.NOTES)[0].replace("\n", " ")
    assert not texts(plots.trend(months([0.5, 0.6])), style.NOTES)


# Flows ---------------------------------------------------------------------------------------------------------------


def drawn_bars(ax):
    return {p.get_gid(): (p.get_x(), p.get_width(), p.get_hatch()) for p in ax.patches}


def que_son(**cells):
    row = {"unit": "Quế Sơn", "period": "2022", "resolved_within": 33838.0, "resolved_late": 8552.0}
    return pd.DataFrame([row | {"pending_overdue": 374.0, "total": 43479.0} | cells])


def test_flows_follow_one_another_and_the_remainder_is_hatched():
    # Quế Sơn, 2022: 43,479 in all, of which 715 are not described.
    ax = plots.flows(que_son())
    assert drawn_bars(ax) == {
        "total": (0, 43479, None),
        "resolved_within": (0, 33838, None),
        "resolved_late": (33838, 8552, None),
        "pending_overdue": (42390, 374, None),
        "remainder": (42764, 715, "////"),
    }
    assert {"715", "33.838", "43.479", "Quế Sơn, năm 2022"} <= set(texts(ax))
    labels = [t.get_text().replace("\n", " ") for t in ax.get_yticklabels()]
    assert labels[0] == codebook.get("column", "total").label_vi
    assert labels[-1] == "Nguồn không mô tả"
    under = " ".join(" ".join(texts(ax)).split())
    assert "Đường đứt: tổng 43.479." in under and "Phần gạch chéo" in under and ax.get_xlabel() == "Hồ sơ"
    assert [t.get_text() for t in plots.flows(que_son(), lang="en").get_yticklabels()][-1].startswith("Not described")


def test_no_number_is_written_across_a_line():
    def crossed(ax, line_gid):
        found = boxes(ax, [t for t in ax.texts if t.get_gid() in {"value", *drawn_bars(ax)}])
        (line,) = [line for line in ax.lines if line.get_gid() == line_gid]
        return [words for words, box in found if box.overlaps(line.get_window_extent())], len(found)

    assert crossed(plots.flows(que_son()), "total") == ([], 5)
    assert crossed(plots.trend(months([0.5, 0.83, 0.6]), reference=0.8664), "reference") == ([], 3)


def test_flows_that_add_up_have_no_remainder_and_an_excess_is_shown():
    whole = plots.flows(que_son(total=42764.0))
    # nothing is hatched, so nothing is said about hatching
    assert "remainder" not in drawn_bars(whole) and "gạch chéo" not in " ".join(texts(whole))
    # Lai Châu: 1,186 + 397 + 3 = 1,586 against 1,568 printed.
    ax = plots.flows(que_son(resolved_within=1186.0, resolved_late=397.0, pending_overdue=3.0, total=1568.0))
    assert drawn_bars(ax)["excess"] == (1568, 18, "////")
    assert ax.get_xlim()[1] > 1586


def test_flows_without_a_total_show_the_parts_only():
    ax = plots.flows(que_son(total=np.nan))
    assert list(drawn_bars(ax)) == ["resolved_within", "resolved_late", "pending_overdue"]
    assert "Đường đứt" not in " ".join(texts(ax))


def test_flows_take_one_row():
    with pytest.raises(ParameterError, match="một dòng"):
        plots.flows(pd.concat([que_son(), que_son()]))


# Effects -------------------------------------------------------------------------------------------------------------


@functools.cache
def effects():
    panel, _ = examples.rollout(effect=3.0, seed=1)
    return impact(panel, outcome="synthetic_score")


def bars_of(ax, kind):
    (bars,) = [c for c in ax.collections if c.get_gid() == kind]
    return {s[0][0]: (s[0][1], s[1][1]) for s in bars.get_segments()}


def test_event_study_draws_every_period_with_both_intervals_and_its_units():
    ax = plots.event_study(effects())
    rows = effects().query("effect == 'event_time'")
    for kind in ("pointwise", "simultaneous"):
        given = rows[rows["band"] == kind].set_index("event_time")
        assert bars_of(ax, kind) == {t: (r["lower"], r["upper"]) for t, r in given.iterrows()}
    points = {x: y for line in ax.lines if line.get_marker() == "o" for x, y in line.get_xydata()}
    assert points == given["value"].to_dict()
    hollow = [line for line in ax.lines if line.get_markerfacecolor() == "white"]
    assert {x for line in hollow for x in line.get_xdata()} == {t for t in given.index if t < 0}
    assert [t.get_text() for t in ax.get_xticklabels()] == [
        f"{t}\n{n:.0f}".replace("-", "\u2212") for t, n in given["n"].items()
    ]
    assert ax.get_ylabel() == "Chênh lệch (điểm)"
    assert ax.get_xlabel().startswith("Số kỳ từ khi áp dụng")
    (notes,) = texts(ax, style.NOTES)
    assert "khoảng 95%" in notes.replace(" %", "%") and "mọi kỳ cùng lúc" in notes.replace("\n", " ")
    assert "thick bars" in texts(plots.event_study(effects(), lang="en"), style.NOTES)[0]
    assert not overlaps(boxes(ax, [*ax.get_xticklabels(), *(t for t in ax.texts if t.get_gid() == "adoption")]))


def test_labels_of_many_periods_stand_apart():
    rows = effects().query("effect == 'event_time'")
    many = pd.concat([rows.assign(event_time=rows["event_time"] + shift) for shift in (-9, 0, 9)])
    ax = plots.event_study(many)
    assert not overlaps(boxes(ax, ax.get_xticklabels()))
    assert len(ax.get_xticks()) > 5


def test_event_study_says_why_a_period_has_no_bar():
    rows = effects().copy()
    rows.loc[rows["event_time"] == 4, ["std_error", "lower", "upper"]] = np.nan
    rows.loc[rows["event_time"] == 4, "reason"] = "one_adopting"
    ax = plots.event_study(rows)
    assert 4 not in bars_of(ax, "pointwise") | bars_of(ax, "simultaneous")
    assert f"Không có vạch ở kỳ 4: {codebook.label('reason', 'one_adopting', 'vi')}." in texts(ax, style.NOTES)[0]


def test_event_study_takes_one_result_that_has_effects():
    groups = pd.concat([effects().assign(field=f)[["field", *effects().columns]] for f in "ab"])
    with pytest.raises(ParameterError, match='"field"\\] == "a"'):
        plots.event_study(groups)
    with pytest.raises(ParameterError, match='"indicator"\\] == '):
        plots.event_study(pd.concat([effects(), effects().assign(indicator="sipas")]))
    panel, _ = examples.rollout(effect=3.0, seed=1)
    none = impact(panel[panel["adopted"].notna() & (panel["adopted"] > 0)], outcome="synthetic_score")
    with pytest.raises(DataError, match="feasibility"):
        plots.event_study(none)
    with pytest.raises(DataError, match="event_time"):
        plots.event_study(effects().drop(columns="event_time"))
