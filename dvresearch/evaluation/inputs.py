"""The files an evaluation can rest on: their keys in the specification, by scope, and what each is."""

from __future__ import annotations

from dvresearch.errors import Text

__all__ = ["FILES", "INPUTS", "PETITION_FORMS", "REQUIRED"]

#: Key of each official form of citizen reception and petitions, and its code.
PETITION_FORMS = {
    "form_01_tcd": "01/TCD",
    "form_01_xld": "01/XLD",
    "form_02_xld": "02/XLD",
    "form_03_xld": "03/XLD",
    "form_01_kqgq": "01/KQGQ",
}
_ALWAYS = ("plan", "revisions", "template")
_UNIT_FILES = (
    "dossiers",
    "corrections",
    "form",
    *PETITION_FORMS,
    "cases",
    "responses",
    "items",
    "models",
    "targets",
    "rubric",
    "figures",
    *_ALWAYS,
)
#: What the office's own files can hold, by scope.
INPUTS = {"nation": ("figures", *_ALWAYS), "province": _UNIT_FILES, "commune": _UNIT_FILES}
#: What each file is, for whoever has to bring it.
FILES = {
    "figures": Text("bảng số liệu cơ quan đã công bố", "the office's published figures"),
    "dossiers": Text("danh sách hồ sơ thủ tục hành chính, mỗi hồ sơ một dòng", "list of dossiers, a row each"),
    "corrections": Text("danh sách ô được đính chính của tệp hồ sơ", "list of corrected cells of the dossiers"),
    "form": Text("biểu II.06a đã báo cáo, mỗi kỳ một trang tính", "form II.06a as reported, a sheet per period"),
    **{
        key: Text(f"biểu {code} đã báo cáo (Thông tư 02/2021/TT-TTCP)", f"form {code} as reported (Circular 02/2021)")
        for key, code in PETITION_FORMS.items()
    },
    "cases": Text(
        "sổ tiếp công dân, đơn thư, phản ánh, kiến nghị, mỗi vụ việc một dòng",
        "register of receptions, petitions and feedback, a row each",
    ),
    "responses": Text("phiếu khảo sát, mỗi người trả lời một dòng", "survey answers, a row per respondent"),
    "items": Text("tệp TOML nêu các câu hỏi của phiếu và thang trả lời", "TOML file of the items and their scales"),
    "models": Text("sổ đăng ký mô hình “Dân vận khéo”, mỗi mô hình một dòng", "register of models, a row each"),
    "targets": Text("chỉ tiêu kế hoạch và kết quả, mỗi chỉ tiêu một dòng", "plan targets and results, a row each"),
    "rubric": Text("bảng tự chấm điểm và thẩm định, mỗi tiêu chí một dòng", "self-assessment, a row per criterion"),
    "plan": Text("kế hoạch đánh giá, do `dvresearch plan` ghi", "the dated plan, written by `dvresearch plan`"),
    "revisions": Text("danh sách số đã công bố được sửa", "list of revised figures"),
    "template": Text("tệp Word có các kiểu chữ của cơ quan", "Word file with the styles of the office"),
}
#: Those without which the evaluation cannot be made.
REQUIRED: dict[str, tuple[str, ...]] = {"nation": (), "province": ("dossiers",), "commune": ("dossiers",)}
