"""The table contracts: what a row is, which columns it has, what they hold.

A contract is data. Loaders match headers against it, :func:`check` validates a
frame with it, the glossary and ``data/raw/datapackage.json`` are written from
it, so a column is described once. Labels and aliases of the columns are in the
codebook (``codebook.py``); this module holds names, kinds and rules only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from dvresearch import codebook
from dvresearch.errors import DataError, Text, refuse_rows
from dvresearch.text.dates import EARLY

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = [
    "BASES",
    "CASES",
    "CASE_KINDS",
    "DOSSIERS",
    "ESTIMATES",
    "FIGURES",
    "FINDINGS",
    "FLAGS",
    "FUNNEL",
    "INDEX766",
    "LEVELS",
    "MODELS",
    "MODEL_CONTENTS",
    "MODEL_FIELDS",
    "NO_ANSWER",
    "OUTCOMES",
    "Q766_GROUPS",
    "RESPONSES",
    "ROLES",
    "RUBRIC",
    "SCALES",
    "SENSITIVE",
    "STAGES",
    "STOP_REASONS",
    "SURVEYED",
    "TABLES",
    "TALLY",
    "TARGETS",
    "UNITS",
    "UNIT_KEY",
    "VERDICTS",
    "ZERO_RULES",
    "Column",
    "Table",
    "check",
    "empty",
    "responses_table",
]

Kind = Literal["text", "code", "count", "number", "share", "date", "time", "flags", "yesno", "stated"]

#: What an estimate rests on: a complete count, a probability sample, people who chose to answer, or not known.
BASES = ("census", "sample", "volunteers", "unknown")
#: Remarks an estimate can carry, in the order in which they are written (joined by ``;``).
FLAGS = ("few", "suppressed", "ceiling", "imputed", "break", "context")
#: Outcomes of a check.
VERDICTS = ("pass", "review", "fail", "unknown")

#: The key of an administrative unit: codes repeat across versions and levels.
UNIT_KEY = ("unit_version", "unit_level", "unit_code", "unit")


@dataclass(frozen=True)
class Column:
    """One column of a contract.

    Parameters
    ----------
    name : str
        Column name; also its code in the codebook.
    kind : str
        ``text`` free words, ``code`` a fixed vocabulary or identifier, ``count`` a whole
        number >= 0 (fractional only in published averages), ``number`` any real,
        ``share`` a proportion 0-1, ``date`` a day, ``time`` an instant,
        ``flags`` words of `FLAGS` joined by ``;``, ``yesno`` true or false, ``stated`` whether
        something is written there (what is written is not kept).
    required : bool
        Whether a table without the column is refused.
    words : tuple of str
        The allowed words of a ``code`` column, empty when open.
    personal : bool
        Whether the column would hold personal data. Such columns are recognised
        in files in order to be dropped; no frame of this package contains one.
    vocabulary : str
        Where the codebook lists `words`, as ``vocabulary.word``; under the name of the column when empty.
    codes : tuple of (str, str)
        Further written forms of `words` (the numbers a questionnaire gives its answers) and the word each stands for.
    titles : tuple of str
        Headers it is known by beside those of the codebook: the wording of an item.
    """

    name: str
    kind: Kind
    required: bool = False
    words: tuple[str, ...] = ()
    personal: bool = False
    vocabulary: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    titles: tuple[str, ...] = ()

    def entry(self, word: str) -> str:
        """Return the code under which the codebook describes one of `words`, kind ``value``."""
        return f"{self.vocabulary or self.name}.{word}"


@dataclass(frozen=True)
class Table:
    """A contract: what one row is, its key and its columns, in order."""

    name: str
    row: Text
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [c.name for c in self.columns]

    def column(self, name: str) -> Column:
        """Return the column called `name` (KeyError when there is none)."""
        for c in self.columns:
            if c.name == name:
                return c
        raise KeyError(name)


def _cols(kind: Kind, *names: str, required: bool = False) -> tuple[Column, ...]:
    return tuple(Column(n, kind, required) for n in names)


LEVELS = ("nation", "province", "district", "commune", "department", "centre", "group")
_UNIT = (
    Column("unit_version", "code"),
    Column("unit_level", "code", words=LEVELS),
    Column("unit_code", "code"),
    Column("unit", "text", required=True),
    Column("parent_code", "code"),
)
#: What a number is within its statement; a derived one was worked out from others, a restated one is printed again.
ROLES = ("total", "part", "numerator", "denominator", "rate", "standalone", "derived", "restated")
_OUTCOMES = ("granted", "refused", "returned", "withdrawn", "stopped", "open")

UNITS = Table(
    "units",
    Text("một đơn vị hành chính", "one administrative unit"),
    UNIT_KEY,
    (
        Column("unit_version", "code", True),
        Column("unit_level", "code", True, LEVELS),
        Column("unit_code", "code"),
        Column("unit", "text", True),
        Column("parent_code", "code"),
        *_cols("text", "unit_type", "aliases"),
        *_cols("date", "valid_from", "valid_to"),
        Column("successor", "code"),
        *_cols("count", "population"),
        Column("area_km2", "number"),
        *_cols("count", "communes", "wards", "rural_communes", "special_zones"),
        Column("source", "code"),
    ),
)

#: `part` is the part of the unit a number covers (a level, a body, a kind of owner), empty for the whole;
#: `group` ties the numbers which a source states together (parts and total, numerator and denominator).
FIGURES = Table(
    "figures",
    Text("một con số đã công bố", "one published number"),
    (*UNIT_KEY, "part", "period", "indicator", "role", "source"),
    (
        *_UNIT,
        Column("part", "text"),
        Column("period", "text", True),
        *_cols("date", "period_start", "period_end"),
        Column("indicator", "code", True),
        *_cols("number", "value", required=True),
        *_cols("number", "value_low", "value_high"),
        *_cols("number", "numerator", "denominator"),
        Column("definition", "text"),
        Column("basis", "code", words=BASES),
        Column("hedge", "text"),
        Column("role", "code", words=ROLES),
        Column("group", "text"),
        Column("flags", "flags"),
        Column("source", "code", True),
        Column("note", "text"),
    ),
)

#: Flows of a period and stocks at its end are kept apart; a published sum whose parts are not known has its own column.
TALLY = Table(
    "tally",
    Text("số đếm của một đơn vị trong một kỳ", "counts of one unit in one period"),
    (*UNIT_KEY, "period", "group"),
    (
        *_UNIT,
        Column("period", "text"),
        *_cols("date", "period_start", "period_end", "as_of"),
        Column("group", "text"),
        *_cols(
            "count",
            "received",
            "carried_in",
            "workload",
            "resolved_early",
            "resolved_on_time",
            "resolved_within",
            "resolved_late",
            "resolved",
            "pending_within",
            "pending_overdue",
            "pending",
            "withdrawn",
            "undated",
            "due",
            "due_within",
            "in_time",
            "out_of_time",
            "total",
        ),
        *_cols("code", "clock", "supplement"),
        Column("basis", "code", words=BASES),
        Column("flags", "flags"),
        Column("source", "code"),
        Column("note", "text"),
    ),
)

#: The six groups of scores of the 766 index, in the order of the decision.
Q766_GROUPS = ("q766_ckmb", "q766_tdgq", "q766_online", "q766_tttt", "q766_mdsh", "q766_mdhl")

INDEX766 = Table(
    "index766",
    Text("một đơn vị trong Bộ chỉ số 766: số đếm và điểm đã công bố", "one unit of the 766 index: counts and scores"),
    (*UNIT_KEY, "period"),
    (
        *_UNIT,
        Column("period", "text"),
        *_cols("date", "period_start", "period_end"),
        *_cols("count", "received", "in_time", "out_of_time"),
        Column("dossier_days_mean", "number"),
        *_cols("count", "fee_dossiers", "paid_online"),
        *_cols("count", "feedback_total", "feedback_in_time", "feedback_satisfied"),
        *_cols("count", "feedback_on_procedures", "feedback_on_staff"),
        *_cols("count", "satisfied_766", "satisfaction_base_766"),
        Column("q766_total", "number"),
        *_cols("number", *Q766_GROUPS),
        Column("q766_change", "number"),
        Column("basis", "code", words=BASES),
        Column("source", "code"),
    ),
)

DOSSIERS = Table(
    "dossiers",
    Text("một hồ sơ thủ tục hành chính", "one dossier"),
    ("dossier",),
    (
        Column("dossier", "code"),
        Column("unit", "text", True),
        *_cols("text", "procedure", "field"),
        Column("channel", "code", words=("online", "counter", "post", "other")),
        Column("received", "time", True),
        *_cols("time", "due", "resolved"),
        Column("outcome", "code", words=_OUTCOMES),
        Column("supplement_days", "number"),
        Column("supplement_requests", "count"),
    ),
)

#: What a citizen may come with; ``supervision`` is a recommendation made after a supervision (Mặt trận, ban thanh tra).
CASE_KINDS = ("reception", "complaint", "denunciation", "petition", "feedback", "supervision")
_CASE_OUTCOMES = ("handled", "accepted", "not_accepted", "forwarded", "refused", "withdrawn", "stopped", "open")
#: Every word by which a dossier or a case can end, or be open.
OUTCOMES = tuple(dict.fromkeys((*_OUTCOMES, *_CASE_OUTCOMES)))

#: Receptions are counted by visits (lượt), people (người) and matters (vụ việc); a row may stand for several.
CASES = Table(
    "cases",
    Text("một lượt tiếp, đơn thư, phản ánh hoặc kiến nghị", "one reception, petition or feedback case"),
    ("case",),
    (
        Column("case", "code"),
        Column("unit", "text", True),
        Column("kind", "code", True, CASE_KINDS),
        Column("field", "text"),
        *_cols("count", "visits", "people", "matters"),
        Column("group_visit", "yesno"),
        Column("channel", "code", words=("desk", "portal", "hotline", "post", "other"), vocabulary="case_channel"),
        Column("received", "time", True),
        *_cols("time", "due", "resolved"),
        Column("outcome", "code", words=_CASE_OUTCOMES, vocabulary="case_outcome"),
        *_cols("yesno", "satisfied", "repeated"),
    ),
)

#: Answers of each scale, from the lowest to the highest.
SCALES = {
    "hai_long_5": ("very_dissatisfied", "dissatisfied", "neutral", "satisfied", "very_satisfied"),
    "hai_long_4": ("very_dissatisfied", "dissatisfied", "satisfied", "very_satisfied"),
    "hai_long_3": ("dissatisfied", "neutral", "satisfied"),
    "dong_y_5": ("strongly_disagree", "disagree", "neutral", "agree", "strongly_agree"),
    "tot_5": ("very_poor", "poor", "fair", "good", "very_good"),
    "co_khong": ("no", "yes"),
}
#: Answers that are none on the scale: the question was read, and the respondent could or would not judge.
NO_ANSWER = ("dont_know", "refused")
#: Attributes of a respondent that are loaded only when they are named, and what they can be.
SENSITIVE = (
    Column("gender", "code", words=("female", "male", "other")),
    Column("ethnicity", "code"),
    Column("religion", "code"),
)

#: The items of a questionnaire follow these columns, see :func:`responses_table`.
RESPONSES = Table(
    "responses",
    Text("một người trả lời", "one respondent"),
    ("respondent",),
    (
        Column("respondent", "code"),
        Column("unit", "text", True),
        *_cols("code", "stratum", "cluster"),
        Column("weight", "number"),
        Column("mode", "code", words=("kiosk", "paper", "home", "phone", "online", "other")),
        Column("answered", "date"),
    ),
)


def responses_table(
    items: Mapping[str, str],
    sensitive: Sequence[str] = (),
    codes: Mapping[str, Mapping[str, str]] | None = None,
    titles: Mapping[str, tuple[str, ...]] | None = None,
) -> Table:
    """Return the contract of a survey: the columns of `RESPONSES`, its items and the sensitive attributes asked for.

    Parameters
    ----------
    items : mapping of str to str
        Item -> name of its scale, a key of `SCALES`.
    sensitive : sequence of str
        Names out of `SENSITIVE`.
    codes : mapping, optional
        Item -> what its answers are written as (``"5"``) -> answer.
    titles : mapping, optional
        Item -> headers it is known by beside its name.
    """
    asked = tuple(
        Column(
            i,
            "code",
            words=(*SCALES[s], *NO_ANSWER),
            vocabulary=s,
            codes=tuple((codes or {}).get(i, {}).items()),
            titles=(titles or {}).get(i, ()),
        )
        for i, s in items.items()
    )
    known = tuple(c for c in SENSITIVE if c.name in sensitive)
    return Table("responses", RESPONSES.row, RESPONSES.key, (*RESPONSES.columns, *known, *asked))


#: The four fields of the movement; some provinces add new rural areas, and registers name others.
MODEL_FIELDS = ("economy", "culture_society", "defence_security", "political_system", "new_countryside", "other")
STAGES = ("registered", "effective", "recognised", "exemplary", "replicated", "awarded")
STOP_REASONS = ("completed", "merged", "no_resources", "no_people", "not_effective", "replaced", "other")
#: The ten contents of a registration form; whether each is stated is kept, its text is not.
MODEL_CONTENTS = ("name", "baseline", "target", "content", "place", "forces", "resources", "time", "output", "upkeep")

MODELS = Table(
    "models",
    Text("một mô hình “Dân vận khéo”", "one “Dân vận khéo” model"),
    ("model",),
    (
        Column("model", "code"),
        Column("unit", "text", True),
        Column("field", "code", words=MODEL_FIELDS),
        Column("owner_type", "code", words=("collective", "individual")),
        Column("stage", "code", words=STAGES),
        *(Column(f"{s}_on", "date") for s in STAGES),
        *_cols("date", "start", "evaluation", "stop"),
        Column("stop_reason", "code", words=STOP_REASONS),
        *(Column(f"states_{c}", "stated") for c in MODEL_CONTENTS),
    ),
)

TARGETS = Table(
    "targets",
    Text("một chỉ tiêu kế hoạch", "one plan target"),
    ("unit", "period", "indicator"),
    (
        Column("unit", "text", True),
        Column("period", "text", True),
        Column("indicator", "text", True),
        *_cols("number", "planned", "result", required=True),
    ),
)

#: What a criterion gives when there was nothing to do: the maximum, nothing, or it does not count.
ZERO_RULES = ("full", "zero", "excluded")

#: ``denominator`` is what the criterion is measured against (tasks assigned, feedback received).
RUBRIC = Table(
    "rubric",
    Text("một tiêu chí tự đánh giá của một đơn vị", "one criterion of one unit"),
    ("unit", "criterion"),
    (
        Column("unit", "text", True),
        Column("criterion_code", "code"),
        Column("criterion", "text", True),
        Column("maximum", "number", True),
        *_cols("count", "numerator", "denominator"),
        *_cols("number", "self_score", "appraised_score"),
        Column("evidence", "stated"),
        Column("zero_rule", "code", words=ZERO_RULES),
        Column("weight_origin", "code", words=("own", "superior", "law", "other")),
    ),
)

#: What every metric returns; grouping columns stand in front of it.
ESTIMATES = Table(
    "estimates",
    Text("một ước lượng", "one estimate"),
    ("indicator",),
    (
        Column("indicator", "code", True),
        *_cols("number", "value", "std_error", "lower", "upper", required=True),
        Column("confidence", "share", True),
        *_cols("number", "numerator", "denominator", "n", required=True),
        Column("definition", "code", True),
        Column("basis", "code", True, BASES),
        Column("method", "code", True),
        Column("flags", "flags", True),
        Column("reason", "text", True),
    ),
)

#: Columns :func:`dvresearch.metrics.funnel` adds behind those of the estimates.
FUNNEL = Table(
    "funnel",
    Text("một ước lượng và giới hạn phễu của nó", "one estimate with its funnel limits"),
    ("indicator",),
    (
        *ESTIMATES.columns,
        *_cols("number", "target", "lower95", "upper95", "lower998", "upper998", "z"),
        Column("limits", "code", words=("exact", "normal")),
        Column("dispersion", "code", words=("additive", "multiplicative", "none")),
        Column("dispersion_value", "number"),
        Column("position", "code", words=("within", "above95", "below95", "above998", "below998", "unknown")),
    ),
)

#: Columns the metrics on samples add behind those of the estimates (:func:`dvresearch.metrics.survey_mean`).
SURVEYED = Table(
    "surveyed",
    Text("một ước lượng từ mẫu và sai số theo thiết kế mẫu", "one estimate of a sample with the errors of its design"),
    ("indicator",),
    (
        *ESTIMATES.columns,
        *_cols("number", "deff", "deff_wor", "n_eff", "df", "clusters", "strata"),
        Column("lonely", "code", words=("adjust", "average", "certainty")),
    ),
)

#: What every check returns.
FINDINGS = Table(
    "findings",
    Text("một kết quả kiểm tra", "one finding"),
    ("check", "where"),
    (
        Column("check", "code", True),
        Column("verdict", "code", True, VERDICTS),
        Column("severity", "code", True, ("info", "minor", "major")),
        Column("where", "text", True),
        *_cols("text", "computed", "stated", "guidance_vi", "guidance_en", required=True),
    ),
)

TABLES = {
    t.name: t
    for t in (
        UNITS,
        FIGURES,
        TALLY,
        INDEX766,
        DOSSIERS,
        CASES,
        RESPONSES,
        MODELS,
        TARGETS,
        RUBRIC,
        ESTIMATES,
        FUNNEL,
        SURVEYED,
        FINDINGS,
    )
}


def empty(table: Table) -> pd.DataFrame:
    """Return a frame with the columns of a contract and no row.

    Parameters
    ----------
    table : Table
        The contract.
    """
    import pandas as pd

    return pd.DataFrame({c.name: pd.Series(dtype=_DTYPES.get(c.kind, "str")) for c in table.columns})


_DTYPES = {
    "count": "float64",
    "number": "float64",
    "share": "float64",
    "date": "datetime64[s]",
    "time": "datetime64[s]",
    "yesno": "boolean",
    "stated": "boolean",
}


def check(frame: pd.DataFrame, table: Table, *, source: str | None = None, first_row: int = 1) -> pd.DataFrame:
    """Refuse a frame that breaks its contract; return it unchanged when it does not.

    Parameters
    ----------
    frame : DataFrame
        Rows as `table` describes them; further columns are left alone.
    table : Table
        The contract.
    source : str, optional
        File (and sheet) the rows came from, for the message.
    first_row : int, default 1
        What the source calls the first row of `frame`: 2 for a file with one header line.

    Raises
    ------
    DataError
        At the first column that is missing, holds text where a number belongs, a negative
        count, a share outside 0-1, an unknown code or a date before 1900. The message names
        the first such row and how many more there are.
    """
    where = source or table.name
    if not hasattr(frame, "columns"):
        raise DataError(
            Text("Đây không phải một bảng (DataFrame).", "This is not a table (DataFrame)."),
            where=where,
            got=type(frame).__name__,
            hint=Text("Nạp tệp bằng một hàm load_… trước.", "Load the file with a load_… function first."),
        )
    missing = [c.name for c in table.columns if c.required and c.name not in frame.columns]
    if missing:
        raise DataError(
            Text(f"Bảng thiếu cột {', '.join(missing)}.", f"The table lacks the column {', '.join(missing)}."),
            expected=Text(
                "các cột " + ", ".join(c.name for c in table.columns if c.required),
                "the columns " + ", ".join(c.name for c in table.columns if c.required),
            ),
            got=", ".join(map(str, frame.columns)),
            where=where,
            hint=_nearest(missing, [str(c) for c in frame.columns if c not in table.names]),
        )
    if not len(frame):
        raise DataError(
            Text("Bảng không có dòng dữ liệu nào.", "The table has no data row."),
            where=where,
            expected=Text("ít nhất một dòng", "at least one row"),
            hint=Text("Kiểm tra đúng tệp, đúng trang tính.", "Check that this is the right file and sheet."),
        )
    for column in table.columns:
        if column.name in frame.columns:
            _check_column(frame[column.name], column, where, first_row)
    return frame


def _nearest(missing: list[str], others: list[str]) -> Text:
    """Say which of the columns that are not in the contract may be a missing one, by another name or a slip."""
    import difflib

    renamed: dict[str, str] = {}
    for name in missing:
        same = [o for o in others if codebook.find("column", o) == name]
        for other in (same or difflib.get_close_matches(name, others, 1, 0.6))[:1]:
            renamed.setdefault(other, name)
    return Text(
        " ".join(f"Đổi tên cột {o!r} thành {n!r}." for o, n in renamed.items()) or "Thêm cột còn thiếu rồi nạp lại.",
        " ".join(f"Rename the column {o!r} to {n!r}." for o, n in renamed.items()) or "Add the column and load again.",
    )


def _shown(value: Any) -> str:
    """Return a cell as a file writes it: text in quotation marks, a number, a day."""
    return repr(value) if isinstance(value, str) else str(value).removesuffix(" 00:00:00")


def _check_column(values: pd.Series, column: Column, where: str, first_row: int) -> None:
    import numpy as np
    import pandas as pd

    # Every measure begins here: plain arrays, for a chain of comparisons between series takes ten times as long.
    def refuse(bad: NDArray[np.bool_], title: Text, expected: Text, hint: Text) -> None:
        refuse_rows(
            first_row + bad.nonzero()[0],  # type: ignore[arg-type]
            title,
            where=where,
            column=column.name,
            got=lambda row: "(dữ liệu cá nhân / personal)" if column.personal else _shown(values.iloc[row - first_row]),  # type: ignore[operator]
            expected=expected,
            hint=hint,
        )

    if column.kind in ("count", "number", "share"):
        read = values
        if not pd.api.types.is_numeric_dtype(values):
            read = pd.to_numeric(values, errors="coerce")
            refuse(
                (read.isna() & values.notna()).to_numpy(),
                Text("Có chữ trong cột số.", "Text in a number column."),
                Text("một số, hoặc ô trống nếu không biết", "a number, or an empty cell when not known"),
                Text("Sửa ô thành số (ví dụ 1.234,5).", "Type a number (for example 1.234,5)."),
            )
        numbers = read.to_numpy(np.float64, na_value=np.nan)
        refuse(
            np.isinf(numbers),
            Text("Có giá trị vô hạn.", "An infinite value."),
            Text("một số hữu hạn", "a finite number"),
            Text("Sửa hoặc để trống ô.", "Correct or empty the cell."),
        )
        if column.kind == "count":
            refuse(
                numbers < 0,
                Text("Số đếm âm.", "A negative count."),
                Text("số từ 0 trở lên", "a number from 0 up"),
                Text("Sửa số liệu gốc rồi nạp lại.", "Correct the source and load again."),
            )
        if column.kind == "share":
            refuse(
                (numbers < 0) | (numbers > 1),
                Text("Tỷ lệ nằm ngoài 0-1.", "A share outside 0-1."),
                Text("tỷ lệ từ 0 đến 1 (0,85 chứ không phải 85)", "a share from 0 to 1 (0.85, not 85)"),
                Text("Chia cho 100 nếu đó là phần trăm.", "Divide by 100 if it is a percentage."),
            )
    elif column.kind in ("date", "time"):
        days = pd.to_datetime(values, errors="coerce")
        refuse(
            (days.isna() & values.notna()).to_numpy(),
            Text("Không đọc được ngày.", "Not a date."),
            Text("ngày/tháng/năm, ví dụ 24/02/2026", "a date such as 2026-02-24"),
            Text("Sửa ô thành ngày.", "Type a date."),
        )
        refuse(
            (days < pd.Timestamp(1900, 1, 1, tz=days.dt.tz)).to_numpy(),
            EARLY,
            Text("ngày từ 01/01/1900", "a date from 1900-01-01"),
            Text("Sửa năm.", "Correct the year."),
        )
    elif column.words:
        refuse(
            ~(values.isin([*column.words, ""]) | values.isna()).to_numpy(),
            Text("Mã không có trong danh mục.", "A code that is not in the list."),
            Text(", ".join(column.words), ", ".join(column.words)),
            Text("Dùng một trong các mã trên.", "Use one of the codes above."),
        )
