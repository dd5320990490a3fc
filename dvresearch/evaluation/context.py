"""What every section of a report needs: counts and figures that know where they are from, words, and exhibits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, cast

import pandas as pd

from dvresearch import codebook, loaders, metrics, wording
from dvresearch.evaluation import prose
from dvresearch.evaluation.content import Checks, Column, Figure, Sheet, Traced
from dvresearch.evaluation.lists import Lists, once
from dvresearch.evaluation.shown import Lang
from dvresearch.evaluation.spec import Spec
from dvresearch.loaders.figures import PUBLISHED, published
from dvresearch.metrics.identities import term
from dvresearch.tables import UNIT_KEY
from dvresearch.text import format_date, format_number, format_percent
from dvresearch.wording.periods import period_words
from dvresearch.wording.values import GROUPS, reason_labels, say

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

__all__ = ["Context", "Lang", "in_words", "with_counts"]

#: Columns in front of an estimate that its reader does not need beside the others.
_UNSHOWN = ("unit_version", "unit_level", "unit_code", "period_start", "period_end")
#: What tells the figures of one published file from those of another.
_IN_A_FILE = ["source", "unit_level", "indicator"]


class Context(Lists):
    """The inputs of one evaluation and the few ways in which sections speak of them.

    Parameters
    ----------
    spec : Spec
        The specification.
    """

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.used: dict[str, None] = {}
        #: Codes of the sections that the report is to have.
        self.sections: list[str] = []

    # --- what is counted and published --------------------------------------------------------------------------------

    @cached_property
    def figures(self) -> pd.DataFrame:
        """Every published figure."""
        return loaders.load_figures()

    @cached_property
    def _files(self) -> pd.DataFrame:
        """Which file holds the figures of a source."""
        found = {name: published((name,))[_IN_A_FILE].drop_duplicates() for name in PUBLISHED}
        return pd.concat([rows.assign(file=name) for name, rows in found.items()])

    def published(self, rows: pd.DataFrame, call: str = "load_figures()", *, inputs: Sequence[str] = ()) -> Traced:
        """Return published figures with their sources and the files they stand in."""
        on = [c for c in _IN_A_FILE if c in rows]
        files = inputs or rows[on].drop_duplicates().merge(self._files, on=on)["file"].drop_duplicates()
        return Traced(rows.reset_index(drop=True), call, tuple(dict.fromkeys(rows["source"])), tuple(files))

    def national(self, indicator: str) -> Traced:
        """Return the published national figures of one indicator."""
        rows = self.figures[(self.figures["indicator"] == indicator) & (self.figures["unit_level"] == "nation")]
        return self.published(rows, f"load_figures(indicator={indicator!r}, level='nation')")

    @cached_property
    def index766(self) -> Traced:
        """Counts and scores of the provinces."""
        return self.published(loaders.load_index766(), "load_index766()")

    @cached_property
    def tallies(self) -> Traced:
        """Published dossier counts of provinces and districts."""
        return self.published(loaders.load_tallies(), "load_tallies()", inputs=("dossier-tallies.csv",))

    @cached_property
    def before(self) -> Context:
        """The same evaluation of the year compared with."""
        return Context(self.spec.earlier())

    @property
    def whole(self) -> str:
        """The name of the unit evaluated, or of all units together."""
        return self.prose("units.pooled") if self.many else str(self.dossiers["unit"].iloc[0])

    @property
    def sure(self) -> dict[str, Any]:
        """The confidence of the report, as the metrics take it."""
        return {"confidence": self.spec.confidence}

    @property
    def safe(self) -> dict[str, Any]:
        """Confidence and privacy threshold of the report, as metrics of tables about people take them."""
        return {**self.sure, "min_count": self.spec.privacy_threshold}

    def own(self, table: str) -> str:
        """Return the code under which one of the office's own files is cited."""
        return self.spec.inputs[table].name

    def file(self, table: str, frame: pd.DataFrame | None = None, call: str = "") -> Traced:
        """Return one of the office's own lists; `frame` and `call` where it is not just loaded."""
        name = self.own(table)
        return Traced(
            getattr(self, table) if frame is None else frame, call or f"load_{table}({name!r})", (name,), (name,)
        )

    @once
    def tally(self, *by: str, period: Literal["month"] | tuple[date, ...] | None = None, each: bool = False) -> Traced:
        """Count the office's dossiers in the period evaluated, by the rules of the specification.

        Parameters
        ----------
        *by : str
            Columns to count by, beside the unit.
        period : {"month"} or tuple of date, optional
            A row per month, or per window that begins on one of these days; the whole period otherwise (each of its
            years for the three of an interim review).
        each : bool, default False
            Of several units: a row for each, instead of one for all of them together.
        """
        spec = self.spec
        whole = "year" if spec.period == "three-years" else spec.period
        pooled = self.many and not each
        counts = self.file("dossiers").then(
            metrics.tally,
            by=by if pooled else ("unit", *by),
            as_of=spec.as_of,
            period=period or whole,
            clock=spec.clock,
            supplement=self.supplement or spec.supplement,
        )
        frame = counts.frame.assign(unit=self.whole) if pooled else counts.frame
        # A list drawn for one period also holds what was pending when it began: earlier months are not complete.
        if not isinstance(period, tuple):
            frame = frame[frame["period_start"] >= str(spec.start)].reset_index(drop=True)
        unnamed = {name: say(words, self.lang) for name, words in GROUPS.items()}
        return counts.of(frame.assign(**{c: frame[c].replace(unnamed) for c in by}))

    def rates(self, counts: Traced, definition: Literal["resolved", "due", "all"], *by: str) -> Traced:
        """Return the shares in time of a tally by one definition, or all."""
        return counts.then(metrics.resolution_rate, by=["unit", *by], definition=definition, **self.sure)

    # --- words --------------------------------------------------------------------------------------------------------

    def prose(self, key: str, **values: object) -> str:
        """Return a sentence of ``prose.toml`` in the language of the report.

        Parameters
        ----------
        key : str
            ``section.sentence``.
        **values
            What stands where the sentence has braces, already written as a reader reads it.
        """
        return prose.prose(key, self.lang, **values)

    def title(self, code: str) -> str:
        """Return the title of a section."""
        own = f"titles.{self.spec.scope}-{code}"
        key = own if prose.has_prose(own) else f"titles.{code}"
        return self.prose(key, then=self.spec.compare_with, year=self.spec.as_of[:4])

    @property
    def day(self) -> str:
        """The day up to which the figures run, as a reader writes it."""
        return format_date(date.fromisoformat(self.spec.as_of), self.lang)

    def share(self, row: Mapping[Any, Any], begin: str = "") -> dict[str, str]:
        """Return value and counts of one estimate as a reader sees them, under names that begin with `begin`."""
        counts = {
            key: format_number(float(row[c]), 0, self.lang) for key, c in (("x", "numerator"), ("n", "denominator"))
        }
        told = {"share": format_percent(float(row["value"]), 1, self.lang), **counts}
        return {f"{begin}{key}": text for key, text in told.items()}

    def label(self, kind: str, code: str) -> str:
        """Return the label of a code of the codebook."""
        return codebook.label(kind, code, self.lang)

    @cached_property
    def _known_sources(self) -> frozenset[str]:
        return frozenset(loaders.sources()["source"])

    def citation(self, source: str) -> str:
        """Return the citation of a source; one that only the office's own file knows is named after that file."""
        if source in self._known_sources:
            return loaders.cite(source, self.lang)
        if source == "manifest.json":
            return self.prose("exhibits.source")
        own = [path.name for path in self.spec.files]
        if source in own:
            return self.prose("own.file", source=source)
        # only the office's published figures name sources of their own
        file = self.own("figures") if "figures" in self.spec.inputs else ", ".join(own)
        return self.prose("own.source", source=source, file=file)

    def with_periods(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return `table` with its periods as a reader writes them, and the last day of one not counted to its end."""
        ends = table["period_end"] if "period_end" in table else [None] * len(table)
        pairs = zip(table["period"], ends, strict=True)
        return table.assign(period_shown=[period_words(p, self.lang, end) or "…" for p, end in pairs])

    def with_remarks(self, estimates: pd.DataFrame) -> pd.DataFrame:
        """Return `estimates` with indicators in words, and remarks: flags, why something is missing, ``doubts`` had."""
        rows = estimates[["flags", "reason"]].to_dict("records")
        flags = ([self.label("flag", f) for f in row["flags"].split(";") if f] for row in rows)
        doubts = [[text] if text else [] for text in estimates.get("doubts", [""] * len(rows))]
        parts = zip(flags, rows, doubts, strict=True)
        remarks = ["; ".join([*f, *reason_labels(row, self.lang), *more]) for f, row, more in parts]
        return estimates.assign(remarks=remarks, what=[self.label("indicator", i) for i in estimates["indicator"]])

    # --- exhibits -----------------------------------------------------------------------------------------------------

    def column(self, key: str, kind: str = "text", decimals: int = 0, label: str | None = None) -> Column:
        """Return a column headed by its label in the codebook."""
        return Column(key, label or self.label("column", key), kind, decimals)  # type: ignore[arg-type]

    def unit_columns(self) -> tuple[Column, ...]:
        """Return the column of units where there are several."""
        return (self.column("unit"),) if self.many else ()

    def indicator_column(self) -> Column:
        """Return the column of indicators written out by `with_remarks`."""
        return Column("what", self.label("column", "indicator"))

    def period_column(self) -> Column:
        """Return the column of periods written out by `with_periods`."""
        return Column("period_shown", self.label("column", "period"))

    def remarks_column(self) -> Column:
        """Return the column of remarks written out by `with_remarks`."""
        return Column("remarks", self.prose("words.remarks"))

    def _placed(self, key: str, made: Traced, notes: Iterable[str], blanks: dict[str, object]) -> dict[str, Any]:
        """Return what any exhibit says of itself; its code is what stands behind the section in `key`."""
        self.used.update(dict.fromkeys(made.sources))
        said = {"years": _years(made.frame), **blanks}
        # an exhibit of one indicator may go without a title of its own
        named = prose.has_prose(key) or "indicator" not in made.frame
        title = self.prose(key, **said) if named else self.label("indicator", made.frame["indicator"].iloc[0])
        return {"code": str(blanks.get("code", key.partition(".")[2])), "title": title, "made": made} | (
            {"notes": tuple(notes)} if notes else {}
        )

    def sheet(
        self, key: str, made: Traced, columns: Sequence[Column], *, notes: Sequence[str] = (), **blanks: object
    ) -> Sheet:
        """Return a table.

        Parameters
        ----------
        key : str
            ``section.code``: the code of the exhibit, and the sentence that is its title.
        made : Traced
            What is shown.
        columns, notes
            As for :class:`~dvresearch.evaluation.content.Sheet`.
        **blanks
            What stands in the title where it has braces; ``years`` are those of the rows. ``code`` where one title
            serves several exhibits.
        """
        return Sheet(**self._placed(key, made, notes, blanks), columns=tuple(columns))

    def estimates(
        self,
        key: str,
        made: Traced,
        *,
        decimals: int = 1,
        beside: Sequence[Column] = (),
        notes: Sequence[str] = (),
        **blanks: object,
    ) -> Sheet:
        """Return a table of shares: what they are of, value, interval, counts, remarks; heads follow from the estimate.

        Parameters
        ----------
        decimals : int, default 1
            Decimals of a percentage.
        beside : sequence of Column
            Further columns behind them.

        Notes
        -----
        The other arguments are those of :meth:`sheet`. Unit, period, indicator and definition are left out where they
        are the same in every row.
        """
        frame = self.with_remarks(made.frame)
        front = frame.columns[: frame.columns.get_loc("indicator")]
        alike = ("period",) if self.many else ("unit", "period")
        by = [c for c in front if c not in _UNSHOWN and (c not in alike or _varies(frame[c]))]
        shown = frame.assign(**{c: in_words(frame[c], self) for c in by if c != "period"})
        head = [self.period_column() if c == "period" else self.column(c) for c in by]
        if any(_varies(rows["definition"]) for _, rows in frame.groupby("indicator")):
            shown["definition"] = [self.label("definition", d) for d in frame["definition"]]
            head.append(self.column("definition"))
        if _varies(frame["indicator"]) or not head:
            head.append(self.indicator_column())
        percent = [self.column(c, "percent", decimals) for c in ("value", "lower", "upper")]
        counts = [self.column(c, "count") for c in ("numerator", "denominator")]
        shown = self.with_periods(shown) if "period" in by else shown
        remarks = [self.remarks_column()] if frame["remarks"].any() else []
        columns = (*head, *percent, *counts, *remarks, *beside)
        return self.sheet(key, made.of(shown), columns, notes=notes, **blanks)

    def funnel_table(
        self, key: str, judged: Traced, *, beside: Sequence[Column] = (), decimals: int = 1, **blanks: object
    ) -> Sheet:
        """Return the table of a funnel, the highest first, with positions in words and the method under it."""
        ordered = judged.frame.sort_values(["value", "unit"], ascending=[False, True])
        apart = self.prose("units.not-compared")
        words = [apart if p == "unknown" else self.label("value", p) for p in ordered["position"]]
        columns = [self.column("position"), *beside]
        note = wording.method_line(judged.frame, self.lang)
        shown = judged.of(ordered.assign(position=words))
        return self.estimates(key, shown, beside=columns, decimals=decimals, notes=[note], **blanks)

    def as_published(self, key: str, made: Traced, *, notes: Sequence[str] = (), **blanks: object) -> Sheet:
        """Return published figures as they stand in their sources: each with its unit, its hedge and its source."""
        rows = made.frame
        book = [codebook.get("indicator", i) for i in rows["indicator"]]
        again = self.label("value", "role.restated")
        roles = zip(book, rows["role"], strict=True)
        shown = self.with_periods(rows).assign(
            name=[e.label(self.lang) + (f" ({again})" if role == "restated" else "") for e, role in roles],
            measure=[e.unit for e in book],
            place=[f"{u}: {term(p, self.lang)}" if p else u for u, p in zip(rows["unit"], rows["part"], strict=True)],
            definition=[self.label("definition", d) if d else "" for d in rows["definition"].fillna("")],
            cited=rows["source"].map({s: self.citation(s) for s in rows["source"].unique()}),
        )
        columns = (
            Column("name", self.label("column", "indicator")),
            Column("place", self.label("column", "unit")),
            self.period_column(),
            *([self.column("definition")] if any(shown["definition"]) else []),
            *([self.column("hedge")] if rows["hedge"].fillna("").any() else []),
            self.column("value", "measure"),
            *(self.column(c, "count") for c in ("numerator", "denominator") if rows[c].notna().any()),
            Column("cited", self.label("column", "source")),
        )
        notes = (*notes, self.prose("words.as-printed"))
        return self.sheet(key, made.of(shown), columns, notes=notes, **blanks)

    def checks(self, key: str, made: Traced, *, words: Literal["pass", "match"] = "match", **blanks: object) -> Checks:
        """Return findings; the other arguments are those of :meth:`sheet`."""
        return Checks(**self._placed(key, made, (), blanks), words=words)

    def screening(self, table: str) -> Checks:
        """Return what the checks of one of the office's lists found."""
        made = self.file(table, self.screened(table), f"screen({self.own(table)!r}, {table!r})")
        return self.checks("words.screening", made, words="pass", code=f"{table}-screening", file=self.own(table))

    def figure(
        self,
        key: str,
        kind: str,
        made: Traced,
        *,
        notes: Sequence[str] = (),
        sort: str = "",
        reference: float | None = None,
        reference_name: str = "",
        unit: str = "unit",
        **blanks: object,
    ) -> Figure:
        """Return a picture with the words that replace it, both made from one table.

        Parameters
        ----------
        kind : str
            The function of :mod:`dvresearch.plots` that draws it.
        sort : str
            Order of the rows, where the picture takes one.
        reference, reference_name, unit
            What the picture and its words are given besides, where they take it.

        Notes
        -----
        The other arguments are those of :meth:`sheet`. The plots are loaded when the picture is drawn.
        """
        frame = made.frame
        given: dict[str, Any] = {"reference": reference, "reference_name": reference_name} if reference_name else {}
        given |= {"unit": unit} if unit != "unit" else {}
        curve = (metrics.funnel_curve(frame),) if kind == "funnel" else ()

        def draw() -> Drawing:
            from dvresearch import plots

            order = {"sort": sort} if sort else {}
            return cast("Drawing", getattr(plots, kind)(frame, *curve, lang=self.lang, **order, **given).figure)

        alt = wording.alt_text(cast("Any", kind), frame, self.lang, **given)
        drawn = made.of(frame, f"plots.{kind}({{}}{', funnel_curve(...)' if curve else ''})")
        return Figure(**self._placed(key, drawn, notes, blanks), draw=draw, alt=alt)


def in_words(column: pd.Series, ctx: Context) -> list[str]:
    """Return the codes of one column in words; what is no code, and no term of a source, stays as it is."""
    codes = column.unique()
    book = {c: codebook.find("value", f"{column.name}.{c}") or codebook.find("value", c) for c in codes}
    return [ctx.label("value", found) if (found := book[code]) else term(code, ctx.lang) for code in column]


def with_counts(estimates: Traced, counts: pd.DataFrame) -> Traced:
    """Return estimates by unit with further counts of each unit behind them."""
    return estimates.of(estimates.frame.merge(counts, on=[c for c in UNIT_KEY if c in counts.columns]))


def _varies(column: pd.Series) -> bool:
    return len(column) > 0 and bool((column != column.iloc[0]).any())


def _years(frame: pd.DataFrame) -> str:
    """Return the years that the rows are of, ``2017–2024``; empty where they do not say."""
    if "period" not in frame:
        return ""
    told = sorted(re.findall(r"\d{4}", " ".join(map(str, frame["period"]))))
    return told[0] if told and told[0] == told[-1] else "–".join([told[0], told[-1]]) if told else ""
