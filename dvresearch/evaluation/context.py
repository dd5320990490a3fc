"""What every section of a report needs: the tables, the language, citations and the usual columns."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal, cast

from dvresearch import codebook, loaders, metrics
from dvresearch.evaluation.content import Checks, Column, Figure, Sheet
from dvresearch.evaluation.spec import Spec
from dvresearch.wording.periods import period_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
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

Lang = Literal["vi", "en"]


@cache
def _prose() -> dict[str, dict[str, dict[str, str]]]:
    with Path(__file__).with_name("prose.toml").open("rb") as file:
        return tomllib.load(file)


class Context:
    """The inputs of one evaluation and the few ways in which sections speak of them.

    Parameters
    ----------
    spec : Spec
        The specification.
    """

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.lang = cast(Lang, spec.language)
        self.used: dict[str, None] = {}

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
    def dossiers(self) -> pd.DataFrame:
        """The office's list of dossiers."""
        return loaders.load_dossiers(self.spec.inputs["dossiers"], columns=dict(self.spec.columns) or None)

    @cached_property
    def form(self) -> pd.DataFrame:
        """Form II.06a of every reporting period in the office's workbook, one below the other."""
        import pandas as pd

        path = self.spec.inputs["form"]
        parts = [loaders.load_form(path, sheet=sheet.name) for sheet in loaders.read_sheets(path)]
        return pd.concat(parts, ignore_index=True)

    def tally(self, by: Sequence[str] = ("unit",), *, period: Literal["month", "year"] = "year") -> pd.DataFrame:
        """Count the office's dossiers in the year evaluated, by the rules of the specification."""
        spec = self.spec
        counts = metrics.tally(
            self.dossiers, by, as_of=spec.as_of, period=period, clock=spec.clock, supplement=spec.supplement
        )
        # A list drawn for one year also holds what was pending when it began: months before it are not complete.
        return counts[counts["period"].str[:4] == spec.as_of[:4]].reset_index(drop=True)

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
        section, name = key.split(".", 1)
        return _prose()[section][name][self.lang].format(**values).replace(" %", "\u00a0%")

    def label(self, kind: str, code: str) -> str:
        """Return the label of a code of the codebook."""
        return codebook.label(kind, code, self.lang)

    def citation(self, source: str) -> str:
        """Return the citation of a source; one that only the office's own file knows is named after that file."""
        if source in self._known_sources:
            return loaders.cite(source, self.lang)
        own = [path.name for path in self.spec.inputs.values()]
        return self.prose("own.file" if source in own else "own.source", source=source, file=", ".join(own))

    def use(self, sources: Iterable[str]) -> tuple[str, ...]:
        """Return `sources`, each once, and keep them for the list at the end."""
        codes = tuple(dict.fromkeys(sources))
        self.used.update(dict.fromkeys(codes))
        return codes

    def column(self, key: str, kind: str = "text", decimals: int = 0, label: str | None = None) -> Column:
        """Return a column headed by its label in the codebook."""
        return Column(key, label or self.label("column", key), kind, decimals)  # type: ignore[arg-type]

    def period_column(self) -> Column:
        """Return the column of periods written out by `with_periods`."""
        return Column("period_shown", self.label("column", "period"))

    def with_periods(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return `table` with its periods as a reader writes them."""
        return table.assign(period_shown=[period_words(p, self.lang) or "…" for p in table["period"]])

    def estimate_columns(self, by: Sequence[Column], decimals: int = 2) -> tuple[Column, ...]:
        """Return the columns in which shares are printed: value, interval, counts, what they rest on, remarks."""
        return (
            *by,
            self.column("value", "percent", decimals),
            self.column("lower", "percent", decimals),
            self.column("upper", "percent", decimals),
            self.column("numerator", "count"),
            self.column("denominator", "count"),
            self.column("remarks", label=self.say("Lưu ý", "Remarks")),
        )

    def with_remarks(self, estimates: pd.DataFrame) -> pd.DataFrame:
        """Return `estimates` with a column of words: flags, then why something is missing."""

        def words(flags: str, reason: str) -> str:
            shown = [self.label("flag", f) for f in flags.split(";") if f]
            shown += [codebook.get("reason", r).label(self.lang) for r in reason.split(";") if r]
            return "; ".join(shown)

        pairs = zip(estimates["flags"], estimates["reason"], strict=True)
        return estimates.assign(remarks=[words(f, r) for f, r in pairs])

    def sheet(
        self,
        code: str,
        title: str,
        frame: pd.DataFrame,
        columns: Sequence[Column],
        *,
        sources: Iterable[str],
        call: str,
        inputs: tuple[str, ...],
        notes: Sequence[str] = (),
        folded: bool = False,
    ) -> Sheet:
        """Return a table whose sources are cited under it."""
        return Sheet(code, title, frame, tuple(columns), self.use(sources), call, inputs, tuple(notes), folded)

    def published(
        self,
        code: str,
        title: str,
        rows: pd.DataFrame,
        *,
        inputs: tuple[str, ...],
        notes: Sequence[str] = (),
        folded: bool = False,
    ) -> Sheet:
        """Return published figures as they stand in their sources: each with its unit, its hedge and its source."""
        book = [codebook.get("indicator", i) for i in rows["indicator"]]
        shown = self.with_periods(rows).assign(
            name=[e.label(self.lang) for e in book],
            measure=[e.unit for e in book],
            place=[f"{u}: {p}" if p else u for u, p in zip(rows["unit"], rows["part"], strict=True)],
            cited=rows["source"].map({s: self.citation(s) for s in rows["source"].unique()}),
        )
        columns = (
            Column("name", self.label("column", "indicator")),
            Column("place", self.label("column", "unit")),
            self.period_column(),
            self.column("hedge"),
            self.column("value", "measure"),
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
            code,
            title,
            shown,
            columns,
            sources=rows["source"],
            call=f"load_figures()  # {len(rows)} figures",
            inputs=inputs,
            notes=notes,
            folded=folded,
        )

    def checks(
        self,
        code: str,
        title: str,
        frame: pd.DataFrame,
        *,
        sources: Iterable[str],
        call: str,
        inputs: tuple[str, ...],
        words: Literal["pass", "match"] = "match",
    ) -> Checks:
        """Return findings whose sources are cited under them."""
        return Checks(code, title, frame, self.use(sources), call, inputs, words)

    def figure(
        self,
        code: str,
        title: str,
        plot: Callable[[ModuleType], Axes],
        *,
        alt: str,
        sources: Iterable[str],
        call: str,
        inputs: tuple[str, ...],
        notes: Sequence[str] = (),
    ) -> Figure:
        """Return a picture; `plot` is given the plots module when the picture is needed, which loads it only then."""

        def draw() -> Drawing:
            from dvresearch import plots

            return cast("Drawing", plot(plots).figure)

        return Figure(code, title, draw, alt, self.use(sources), call, inputs, tuple(notes))
