"""An example evaluation of one synthetic commune, written as an office would keep its files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from dvresearch.errors import ParameterError
from dvresearch.evaluation.compose import wanted_sections
from dvresearch.evaluation.inputs import INPUTS, PETITION_FORMS
from dvresearch.evaluation.plan import plan_name, write_plan
from dvresearch.evaluation.spec import read
from dvresearch.examples import write_commune, write_commune_tables

__all__ = ["write_example"]

_SPEC = """# DỮ LIỆU GIẢ LẬP / SYNTHETIC DATA: một xã không có thật.
name = "xa-mau-{year}-gia-lap"
title_vi = "Đánh giá công tác dân vận chính quyền năm {year} của một xã (dữ liệu giả lập)"
title_en = "Government mass mobilisation work of one commune in {year} (synthetic data)"
scope = "commune"
as_of = "{year}-12-31"
# Đúng hạn tính theo ngày (date) hay theo giờ phút (instant); ngày chờ bổ sung trừ ra (subtract).
clock = "date"
supplement = "subtract"

[inputs]
{inputs}

# Ngày hẹn trả trong danh sách chưa được lùi theo số ngày chờ bổ sung.
[inputs.dossiers]
file = "{dossiers}"
due_contains_pause = false

# Chỉ tiêu mà kết quả thấp hơn kế hoạch là tốt.
[inputs.targets]
file = "{targets}"
[inputs.targets.direction]
"Số hộ nghèo" = "lower"
"Số vụ việc khiếu nại đông người" = "lower"
"""


def write_example(folder: str | Path, *, seed: int = 0, year: int = 2025) -> Path:
    """Write the files of one synthetic commune and the specification of its evaluation.

    Parameters
    ----------
    folder : str or Path
        A folder that is empty or does not exist yet.
    seed : int, default 0
        The same seed gives the same bytes.
    year : int, default 2025
        Year of the evaluation.

    Returns
    -------
    Path
        ``evaluation.toml`` in `folder`.

    Raises
    ------
    ParameterError
        When the folder already holds something: nothing of a user's is ever overwritten.
    """
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ParameterError("folder-not-empty", name=target.name)
    files = write_commune(target, seed=seed, year=year) | write_commune_tables(target, seed=seed, year=year)
    planned = date(year, 1, 15)
    files |= {key: files[code] for key, code in PETITION_FORMS.items()}
    named = {key: files[key].name for key in INPUTS["commune"] if key in files} | {"plan": plan_name(planned)}
    declared = {key: named.pop(key) for key in ("dossiers", "targets")}
    inputs = "\n".join(f'{key} = "{name}"' for key, name in named.items())
    file = target / "evaluation.toml"
    file.write_text(_SPEC.format(year=year, inputs=inputs, **declared), encoding="utf-8", newline="\n")
    spec = read(file, files="later")
    write_plan(spec, wanted_sections(spec), target, made=planned)
    return file
