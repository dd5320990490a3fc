"""What every section of a report needs: the tables, the language, citations and the usual columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, cast

from dvresearch import codebook, loaders, metrics, wording
from dvresearch.evaluation import prose
from dvresearch.evaluation.content import Checks, Column, Figure, Sheet
from dvresearch.evaluation.lists import Lists
from dvresearch.evaluation.shown import Lang
from dvresearch.evaluation.spec import Spec
from dvresearch.metrics.identities import term
from dvresearch.wording.periods import period_words
from dvresearch.wording.values import GROUPS, reason_labels, say

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Drawing

__all__ = [
    "ARTICLES",
    "COMMUNES",
    "LOCAL",
    "MODELS",
    "MONTHS",
    "PAR",
    "PETITIONS",
    "PROVINCES",
    "SIPAS",
    "Context",
    "Lang",
]

#: Published files behind the exhibits, by what is in them.
PROVINCES = ("q766-provinces-2026-10-10.csv",)
MONTHS = ("q766-national-2026.csv",)
COMMUNES = ("q766-gialai-communes-2026-10-10.csv",)
LOCAL = ("dossier-tallies.csv", "dossier-rates.csv")
ARTICLES = ("source-articles.csv",)
PETITIONS = ("petitions.csv",)
SIPAS = ("sipas.csv",)
PAR = ("par-index.csv",)
MODELS = ("models.csv",)


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
        self._counted: dict[tuple[object, ...], pd.DataFrame] = {}

    @cached_property
    def figures(self) -> pd.DataFrame:
        """Every published figure."""
        return loaders.load_figures()

    @cached_property
    def index766(self) -> pd.DataFrame:
        """Counts and scores of the 34 provinces."""
        return loaders.load_index766()

    @cached_property
    def tallies(self) -> pd.DataFrame:
        """Published dossier counts of provinces and districts."""
        return loaders.load_tallies()

    @cached_property
    def before(self) -> Context:
        """The same evaluation of the year compared with."""
        return Context(self.spec.earlier())

    @property
    def whole(self) -> str:
        """The name of the unit evaluated, or of all units together."""
        return self.prose("units.pooled") if self.many else str(self.dossiers["unit"].iloc[0])

    def tally(self, *by: str, period: Literal["month"] | None = None, each: bool = False) -> pd.DataFrame:
        """Count the office's dossiers in the period evaluated, by the rules of the specification.

        Parameters
        ----------
        *by : str
            Columns to count by, beside the unit.
        period : {"month"}, optional
            A row per month; the whole period otherwise (each of its years for the three of an interim review).
        each : bool, default False
            Of several units: a row for each, instead of one for all of them together.
        """
        spec, frame = self.spec, self.dossiers
        if (by, period, each) in self._counted:
            return self._counted[by, period, each]
        whole: Literal["quarter", "half-year", "year"] = "year" if spec.period == "three-years" else spec.period
        pooled = self.many and not each
        counts = metrics.tally(
            frame,
            by if pooled else ("unit", *by),
            as_of=spec.as_of,
            period=period or whole,
            clock=spec.clock,
            supplement=self.supplement or spec.supplement,
        )
        if pooled:
            counts = counts.assign(unit=self.whole)
        # A list drawn for one period also holds what was pending when it began: earlier months are not complete.
        counts = counts[counts["period_start"] >= str(spec.start)].reset_index(drop=True)
        unnamed = {name: say(words, self.lang) for name, words in GROUPS.items()}
        self._counted[by, period, each] = counts.assign(**{c: counts[c].replace(unnamed) for c in by})
        return self._counted[by, period, each]

    def share(self, table: pd.DataFrame, indicator: str, x: str, n: str, **more: Any) -> pd.DataFrame:
        """Return shares of `x` in `n` at the confidence of the report; of complete counts unless `basis` says else."""
        options = {"basis": "census", "confidence": self.spec.confidence, **more}
        return metrics.proportion(table, numerator=x, denominator=n, indicator=indicator, **options)

    def own(self, table: str) -> str:
        """Return the code under which one of the office's own files is cited."""
        return self.spec.inputs[table].name

    @cached_property
    def _known_sources(self) -> frozenset[str]:
        return frozenset(loaders.sources()["source"])

    def national(self, indicator: str) -> pd.DataFrame:
        """Return the published national figures of one indicator."""
        rows = self.figures[(self.figures["indicator"] == indicator) & (self.figures["unit_level"] == "nation")]
        return rows.reset_index(drop=True)

    def article(self, source: str) -> pd.DataFrame:
        """Return the figures of one source."""
        return self.figures[self.figures["source"] == source].reset_index(drop=True)

    def say(self, vi: str, en: str) -> str:
        """Return the sentence in the language of the report."""
        return vi if self.lang == "vi" else en

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
        key = f"{code}.title"
        return self.prose(key if prose.has_prose(key) else f"registers.{code}-title", then=self.spec.compare_with)

    def label(self, kind: str, code: str) -> str:
        """Return the label of a code of the codebook."""
        return codebook.label(kind, code, self.lang)

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

    def use(self, sources: Iterable[str]) -> tuple[str, ...]:
        """Return `sources`, each once, and keep them for the list at the end."""
        codes = tuple(dict.fromkeys(sources))
        self.used.update(dict.fromkeys(codes))
        return codes

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

    def with_periods(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return `table` with its periods as a reader writes them, and the last day of one not counted to its end."""
        ends = table["period_end"] if "period_end" in table else [None] * len(table)
        pairs = zip(table["period"], ends, strict=True)
        return table.assign(period_shown=[period_words(p, self.lang, end) or "…" for p, end in pairs])

    def estimate_columns(self, by: Sequence[Column], decimals: int = 2) -> tuple[Column, ...]:
        """Return the columns in which shares are printed: value, interval, counts, what they rest on, remarks."""
        return (
            *by,
            self.column("value", "percent", decimals),
            self.column("lower", "percent", decimals),
            self.column("upper", "percent", decimals),
            self.column("numerator", "count"),
            self.column("denominator", "count"),
            self.column("remarks", label=self.prose("words.remarks")),
        )

    def with_remarks(self, estimates: pd.DataFrame) -> pd.DataFrame:
        """Return `estimates` with their indicators in words, and remarks: flags, then why something is missing."""

        rows = estimates[["flags", "reason"]].to_dict("records")
        flags = ([self.label("flag", f) for f in row["flags"].split(";") if f] for row in rows)
        remarks = ["; ".join([*f, *reason_labels(row, self.lang)]) for f, row in zip(flags, rows, strict=True)]
        return estimates.assign(remarks=remarks, what=[self.label("indicator", i) for i in estimates["indicator"]])

    def with_position(self, judged: pd.DataFrame) -> pd.DataFrame:
        """Return a funnel, the highest first, with its positions in words."""
        ordered = judged.sort_values(["value", "unit"], ascending=[False, True])
        apart = self.prose("units.not-compared")
        words = [apart if p == "unknown" else self.label("value", p) for p in ordered["position"]]
        return self.with_remarks(ordered).assign(position=words)

    def _placed(
        self, key: str, title: str, of: str | Sequence[str], sources: Iterable[str], inputs: Iterable[str]
    ) -> dict[str, Any]:
        """Return what any exhibit says of itself; its code is what stands behind the section in `key`."""
        own = [self.own(table) for table in ([of] if isinstance(of, str) else of)]
        title = title or self.prose(key)
        return {
            "code": key.partition(".")[2],
            "title": title,
            "sources": self.use([*own, *sources]),
            "inputs": (*own, *inputs),
        }

    def sheet(
        self,
        key: str,
        frame: pd.DataFrame,
        columns: Sequence[Column],
        *,
        call: str,
        of: str | Sequence[str] = (),
        sources: Iterable[str] = (),
        inputs: Iterable[str] = (),
        title: str = "",
        notes: Sequence[str] = (),
        folded: bool = False,
    ) -> Sheet:
        """Return a table whose sources are cited under it.

        Parameters
        ----------
        key : str
            ``section.code``: the code of the exhibit, and the sentence that is its title unless `title` is given.
        frame, columns, notes, folded
            As for :class:`~dvresearch.evaluation.content.Sheet`.
        call : str
            What made it.
        of : str or sequence of str
            The office's own files it rests on, by what they hold.
        sources, inputs : iterable of str
            Published sources and files it rests on.
        title : str
            A title with blanks filled in.
        """
        placed = self._placed(key, title, of, sources, inputs)
        return Sheet(**placed, frame=frame, columns=tuple(columns), call=call, notes=tuple(notes), folded=folded)

    def published(
        self,
        key: str,
        rows: pd.DataFrame,
        *,
        inputs: Iterable[str],
        title: str = "",
        notes: Sequence[str] = (),
        folded: bool = False,
    ) -> Sheet:
        """Return published figures as they stand in their sources: each with its unit, its hedge and its source."""
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
        notes = (
            *notes,
            self.say(
                "Số in đúng như nguồn; ô “…” là nguồn không nêu.",
                "Numbers as printed in the source; “…” where the source does not say.",
            ),
        )
        return self.sheet(
            key,
            shown,
            columns,
            sources=rows["source"],
            call=f"load_figures()  # {len(rows)} figures",
            inputs=inputs,
            title=title,
            notes=notes,
            folded=folded,
        )

    def checks(
        self,
        key: str,
        frame: pd.DataFrame,
        *,
        call: str,
        of: str | Sequence[str] = (),
        sources: Iterable[str] = (),
        inputs: Iterable[str] = (),
        title: str = "",
        words: Literal["pass", "match"] = "match",
    ) -> Checks:
        """Return findings whose sources are cited under them; the arguments are those of :meth:`sheet`."""
        return Checks(**self._placed(key, title, of, sources, inputs), frame=frame, call=call, words=words)

    def figure(
        self,
        key: str,
        kind: str,
        frame: pd.DataFrame,
        *,
        call: str,
        of: str | Sequence[str] = (),
        sources: Iterable[str] = (),
        inputs: Iterable[str] = (),
        title: str = "",
        notes: Sequence[str] = (),
        sort: str = "",
        **shown: Any,
    ) -> Figure:
        """Return a picture with the words that replace it, both made from one table.

        Parameters
        ----------
        kind : str
            The function of :mod:`dvresearch.plots` that draws it.
        frame : DataFrame
            What is drawn.
        call : str
            What made `frame`.
        sort : str
            Order of the rows, where the picture takes one.
        **shown
            What the picture and its words are given besides: ``unit``, ``reference``, ``reference_name``.

        Notes
        -----
        The other arguments are those of :meth:`sheet`. The plots are loaded when the picture is drawn.
        """
        curve = (metrics.funnel_curve(frame),) if kind == "funnel" else ()

        def draw() -> Drawing:
            from dvresearch import plots

            order = {"sort": sort} if sort else {}
            return cast("Drawing", getattr(plots, kind)(frame, *curve, lang=self.lang, **order, **shown).figure)

        alt = wording.alt_text(cast("Any", kind), frame, self.lang, **shown)
        call = f"plots.{kind}({call}{', funnel_curve(...)' if curve else ''})"
        placed = self._placed(key, title, of, sources, inputs)
        return Figure(**placed, draw=draw, alt=alt, call=call, notes=tuple(notes))
