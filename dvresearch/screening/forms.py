"""Checks of a report form: what its sums say, within rows and between them."""

from __future__ import annotations

import pandas as pd

from dvresearch.loaders.form_layouts import Form
from dvresearch.loaders.forms import FormReading
from dvresearch.metrics import findings
from dvresearch.metrics.findings import Finding
from dvresearch.metrics.identities import TALLY_IDENTITIES, Identity, check_identities

__all__ = ["check_form"]


def check_form(reading: FormReading) -> list[Finding]:
    """Return whether the sums of a form hold in each row, and whether its total rows are what they add up."""
    frame, layout = reading.frame, reading.form
    known = frame[[c.name for c in layout.columns if c.name in frame]].notna().any(axis=1)
    labels = frame["group"].where(frame["group"] != "", frame["unit"])[known]
    named = frame[known].assign(where=[f"{reading.places[row]}, {label}" for row, label in labels.items()])
    found = check_identities(named, _identities(layout), label=("where",)).drop(columns="residual").to_dict("records")
    for row, parts in reading.parts.items():
        for name in (c.name for c in layout.columns if c.name in frame):
            stated, computed = frame.loc[row, name], frame.loc[parts, name].sum(min_count=len(parts))
            known = pd.notna(stated) and pd.notna(computed)
            verdict = "unknown" if not known else "pass" if abs(stated - computed) < 0.5 else "fail"
            where = f"{reading.places[row]}, " + (f"cột/column ({name})" if layout.numbered else name)
            told = {"computed": findings.digits(computed), "stated": findings.digits(stated)}
            found.append(findings.graded("total_row", verdict, where, **told))
    return found


def _identities(layout: Form) -> tuple[Identity, ...]:
    """Return the sums of a form: those of a tally, or those between its numbered columns."""
    if not layout.numbered:
        return TALLY_IDENTITIES
    totals = [total for total, _ in layout.sums]
    return tuple(
        Identity(check, str(total), tuple(map(str, parts)), role="link" if total in totals[:i] else "sum")
        for i, (check, (total, parts)) in enumerate(zip(layout.checks(), layout.sums, strict=True))
    )
