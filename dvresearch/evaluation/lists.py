"""The office's own lists behind an evaluation, each read and checked once, and the words of its survey."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from dvresearch import loaders
from dvresearch.errors import DataError, Text
from dvresearch.evaluation.shown import Lang
from dvresearch.evaluation.spec import Spec
from dvresearch.evaluation.steps import remembered
from dvresearch.privacy import showable
from dvresearch.screening import screen

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Lists"]


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
        self._screened: dict[str, pd.DataFrame] = {}

    @property
    def many(self) -> bool:
        """Whether the files hold several units, compared with each other."""
        return self.spec.scope == "province"

    @remembered
    def dossiers(self) -> pd.DataFrame:
        """The office's list of dossiers."""
        inputs, columns = self.spec.inputs, dict(self.spec.columns) or None
        frame = loaders.load_dossiers(inputs["dossiers"], columns=columns, corrections=inputs.get("corrections"))
        units = frame["unit"].unique()
        if len(units) > 1 and not self.many:
            raise DataError(
                Text(
                    f"Danh sách hồ sơ có {len(units)} đơn vị, còn báo cáo này chỉ về một đơn vị.",
                    f"The list of dossiers holds {len(units)} units, but this report is about one.",
                ),
                where=inputs["dossiers"].name,
                expected=Text("mọi dòng cùng một đơn vị", "the same unit in every row"),
                got="; ".join(showable(str(u)) for u in units[:3]) + ("; …" if len(units) > 3 else ""),
                hint=Text(
                    'Muốn so sánh các đơn vị: ghi scope = "province". Nếu không: chỉ để lại dòng của một đơn vị, hoặc '
                    "viết tên đơn vị như nhau ở mọi dòng.",
                    'To compare units write scope = "province". Otherwise keep the rows of one unit, or write its name '
                    "alike in every row.",
                ),
            )
        return frame

    @remembered
    def cases(self) -> pd.DataFrame:
        """The office's cases that were open in the period evaluated, or came in it."""
        frame = loaders.load_cases(self.spec.inputs["cases"])
        if "resolved" not in frame:
            return frame[frame["received"] >= str(self.spec.start)]
        return frame[(frame["received"] >= str(self.spec.start)) | ~(frame["resolved"] < str(self.spec.start))]

    @remembered
    def responses(self) -> tuple[pd.DataFrame, dict[str, str]]:
        """The office's survey answers, and its graded items with their scales."""
        frame = loaders.load_responses(self.spec.inputs["responses"], self.spec.inputs["items"])
        scales: dict[str, str] = frame.attrs["load"]["items"]
        return frame, {item: scale for item, scale in scales.items() if scale != "co_khong"}

    @remembered
    def _asked(self) -> dict[str, str]:
        """What each item of the survey asks; its header or its code where the file of items has no words for it."""
        asked = loaders.questionnaire(self.spec.inputs["items"]).questions
        return {q.code: getattr(q.wording, self.lang) or q.header or q.code for q in asked}

    def asked(self, longest: int = 1000) -> dict[str, str]:
        """Return what each item of the survey asks, cut at `longest` letters; its code too where words are shared."""
        cut = {item: textwrap.shorten(words, longest, placeholder=" …") for item, words in self._asked.items()}
        often = Counter(cut.values())
        return {item: words if often[words] == 1 else f"{words} ({item})" for item, words in cut.items()}

    def screened(self, table: str) -> pd.DataFrame:
        """What the checks of one of the office's lists found."""
        inputs = self.spec.inputs
        options: dict[str, Any] = {"as_of": self.spec.as_of}
        if table == "dossiers":
            options |= {"columns": dict(self.spec.columns) or None, "corrections": inputs.get("corrections")}
        if table == "responses":
            options["items"] = inputs["items"]
        path = inputs[table]
        if table not in self._screened:
            self._screened[table] = screen(path, table, **options)
        return self._screened[table]

    @remembered
    def form(self) -> pd.DataFrame:
        """Form II.06a of every reporting period in the office's workbook, one below the other."""
        import pandas as pd

        path = self.spec.inputs["form"]
        parts = [loaders.load_form(path, sheet=sheet.name) for sheet in loaders.read_sheets(path)]
        return pd.concat(parts, ignore_index=True)
