"""The office's own lists behind an evaluation, each read and checked once, and the words of its survey."""

from __future__ import annotations

import textwrap
import warnings
from collections import Counter
from collections.abc import Callable
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from dvresearch import loaders
from dvresearch.errors import Answer, DataError, declared_lines
from dvresearch.evaluation.shown import Lang
from dvresearch.evaluation.spec import Spec, Supplement
from dvresearch.loaders.account import Question
from dvresearch.loaders.declaration import RECORDS
from dvresearch.loaders.load import readings
from dvresearch.privacy import showable
from dvresearch.screening import screen

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Lists", "once"]


P = ParamSpec("P")
T = TypeVar("T")


def once(make: Callable[P, T]) -> Callable[P, T]:
    """Keep what is made of an evaluation, the first argument, for each set of further arguments.

    Page one and its sections speak of the same estimates.
    """

    @wraps(make)
    def kept(*given: P.args, **options: P.kwargs) -> T:
        ctx, *others = given
        found: dict[object, Any] = ctx.kept  # type: ignore[attr-defined]
        key = (make, *others, *sorted(options.items()))
        if key not in found:
            found[key] = make(*given, **options)
        return cast("T", found[key])

    return kept


class Lists:
    """The lists that a specification names.

    Parameters
    ----------
    spec : Spec
        The specification.
    """

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.lang = cast(Lang, spec.language)
        #: What :func:`once` has made.
        self.kept: dict[object, Any] = {}

    @property
    def many(self) -> bool:
        """Whether the files hold several units, compared with each other."""
        return self.spec.scope == "province"

    @cached_property
    def dossiers(self) -> pd.DataFrame:
        """The office's list of dossiers."""
        inputs = self.spec.inputs
        frame = self._load(loaders.load_dossiers, "dossiers", corrections=inputs.get("corrections"))
        units = frame["unit"].unique()
        if len(units) > 1 and not self.many:
            got = "; ".join(showable(str(u)) for u in units[:3]) + ("; …" if len(units) > 3 else "")
            where = inputs["dossiers"].name
            raise DataError("dossiers-of-several-units", where=where, got=got, count=len(units))
        return frame

    @cached_property
    def cases(self) -> pd.DataFrame:
        """The office's cases that were open in the period evaluated, or came in it."""
        frame = self._load(loaders.load_cases, "cases")
        if "resolved" not in frame:
            return frame[frame["received"] >= str(self.spec.start)]
        return frame[(frame["received"] >= str(self.spec.start)) | ~(frame["resolved"] < str(self.spec.start))]

    @cached_property
    def responses(self) -> tuple[pd.DataFrame, dict[str, str]]:
        """The office's survey answers, and its graded items with their scales."""
        frame = self._load(loaders.load_responses, "responses", items=self.spec.inputs["items"])
        scales: dict[str, str] = frame.attrs["load"]["items"]
        return frame, {item: scale for item, scale in scales.items() if scale != "co_khong"}

    @cached_property
    def models(self) -> pd.DataFrame:
        """The office's register of models."""
        return self._load(loaders.load_models, "models")

    @cached_property
    def targets(self) -> pd.DataFrame:
        """The office's plan targets."""
        return self._load(loaders.load_targets, "targets")

    @cached_property
    def rubric(self) -> pd.DataFrame:
        """The office's self-assessment."""
        return self._load(loaders.load_rubric, "rubric")

    def _load(self, load: Callable[..., pd.DataFrame], table: str, **options: Any) -> pd.DataFrame:
        """Load one of the office's files as it is declared; what it leaves open was asked before."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", loaders.OpenQuestion)
            return load(self.spec.inputs[table], declaration=self.spec.stated(table), **options)

    def open_questions(self) -> list[dict[str, Any]]:
        """Return what the office's files leave open and the specification does not answer, each with its answers.

        A file that cannot be read at all is no question: the sections that need it say so.
        """
        asked: list[dict[str, Any]] = []
        for table in (t for t in RECORDS if t in self.spec.inputs):
            try:
                frame = getattr(self, table)
            except DataError as error:
                asked += self._still_open(table, error)
                continue
            frame = frame[0] if isinstance(frame, tuple) else frame
            asked += [{**q, "table": table} for q in frame.attrs["load"]["questions"] if q["answers"]]
            if table == "dossiers" and self.supplement is None:
                days = int((frame["supplement_days"] > 0).sum())
                question = Question(
                    "due-contains-pause",
                    self.spec.inputs[table].name,
                    answers=(Answer("due_contains_pause", True), Answer("due_contains_pause", False)),
                    blanks={"count": days},
                )
                asked.append({**question.record(), "table": table})
        return asked

    def _still_open(self, table: str, error: DataError) -> list[dict[str, Any]]:
        """Return what is to be answered of a list that cannot be loaded; cells to mend leave its questions open."""
        if error.give:
            give = declared_lines(error.give)
            return [{"where": error.where, "vi": error.title.vi, "en": error.title.en, "answers": give}]
        if error.code != "cells-to-mend":
            return []
        inputs = self.spec.inputs
        more: dict[str, Any] = {}
        if table == "dossiers":
            more["corrections"] = inputs.get("corrections")
        if table == "responses":
            more["items"] = inputs["items"]
        found = readings(inputs[table], table, self.spec.stated(table), **more)
        return [{**q.record(), "table": table} for reading in found for q in reading.questions if q.answers]

    @property
    def supplement(self) -> Supplement | None:
        """How days of waiting are counted; None where the due date may contain them already and nobody has said."""
        said = [d.due_contains_pause for d in self.spec.stated("dossiers") or ()]
        if True in said:
            return "ignore"
        frame = self.dossiers
        waits = "supplement_days" in frame and "due" in frame and bool((frame["supplement_days"] > 0).any())
        return None if waits and self.spec.supplement != "ignore" and False not in said else self.spec.supplement

    @cached_property
    def _asked(self) -> dict[str, str]:
        """What each item of the survey asks; its header or its code where the file of items has no words for it."""
        asked = loaders.questionnaire(self.spec.inputs["items"]).questions
        return {q.code: getattr(q.wording, self.lang) or q.header or q.code for q in asked}

    def asked(self, longest: int = 1000) -> dict[str, str]:
        """Return what each item of the survey asks, cut at `longest` letters; its code too where words are shared."""
        cut = {item: textwrap.shorten(words, longest, placeholder=" …") for item, words in self._asked.items()}
        often = Counter(cut.values())
        return {item: words if often[words] == 1 else f"{words} ({item})" for item, words in cut.items()}

    @once
    def screened(self, table: str) -> pd.DataFrame:
        """What the checks of one of the office's lists found."""
        inputs = self.spec.inputs
        options: dict[str, Any] = {"as_of": self.spec.as_of}
        if table == "dossiers":
            options["corrections"] = inputs.get("corrections")
        if table == "responses":
            options["items"] = inputs["items"]
        return screen(inputs[table], table, declaration=self.spec.stated(table), **options)

    @cached_property
    def form(self) -> pd.DataFrame:
        """Form II.06a of every reporting period in the office's workbook, one below the other."""
        return loaders.load_form(self.spec.inputs["form"]).reset_index(drop=True)
