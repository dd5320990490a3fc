"""Questionnaires as data: the shipped ones, how they load, and the forms printed from them."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from docx import Document
from typer.testing import CliRunner

from dvresearch import Design, answer_shares, examples, load_responses, questionnaire, questionnaire_form, satisfaction
from dvresearch.cli import app
from dvresearch.errors import DataError, ParameterError
from dvresearch.evaluation import spec
from dvresearch.loaders.questionnaires import SHIPPED
from dvresearch.privacy import holds_person
from dvresearch.tables import SCALES, responses_table
from tests import office

MEETING = questionnaire("village-meeting")


def typed(path, asked, rows, headers=None):
    """Write answers as somebody types them from the paper: a row of codes for each form."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["unit", *(headers or [q.code for q in asked.questions])], *rows])
    return path


def test_three_are_shipped():
    assert tuple(SHIPPED) == ("five-factors", "one-stop", "village-meeting")
    assert len(questionnaire("one-stop").questions) == 12
    assert list(questionnaire("five-factors").factors()) == [
        "Tiếp cận dịch vụ",
        "Thủ tục hành chính",
        "Công chức trực tiếp giải quyết",
        "Kết quả dịch vụ",
        "Tiếp nhận, xử lý góp ý, phản ánh, kiến nghị",
    ]


def test_a_specification_may_name_a_questionnaire_of_the_package(tmp_path):
    (tmp_path / "phieu.csv").write_text("unit\n", encoding="utf-8")
    (tmp_path / "ho-so.csv").write_text("unit\n", encoding="utf-8")
    text = """name = "thu"\ntitle_vi = "Thử"\ntitle_en = "Trial"\nas_of = "2025-12-31"\nscope = "commune"
[inputs]\ndossiers = "ho-so.csv"\nresponses = "phieu.csv"\nitems = "{}"\n"""
    file = tmp_path / "evaluation.toml"
    file.write_text(text.format("one-stop"), encoding="utf-8")
    items = spec.read(file).inputs["items"]
    assert questionnaire(items) == questionnaire("one-stop")
    file.write_text(text.format("mot-cua"), encoding="utf-8")
    with pytest.raises(ParameterError, match="mot-cua"):
        spec.read(file)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_one_is_whole(name):
    asked = questionnaire(name)
    words = [w for q in asked.questions for w in (q.wording.vi, q.wording.en)]
    assert all(words) and len(set(words)) == len(words)
    assert not any(map(holds_person, words))
    for text in (asked.title, asked.lead, asked.question, asked.comment, *asked.factor_names.values()):
        assert text.vi and text.en
    grouped = [i for items in asked.factors("en").values() for i in items]
    assert grouped == [q.code for q in asked.questions if q.factor]
    # Every answer on the scale has one number, and the two codes of no answer are apart from them.
    for q in asked.questions:
        assert sorted(q.codes.values()) == sorted((*SCALES[q.scale], "dont_know", "refused"))


def test_nothing_is_called_official_sipas():
    asked = questionnaire("five-factors")
    assert "SIPAS" not in asked.title.vi + asked.title.en
    assert "không phải là Chỉ số SIPAS chính thức" in asked.note.vi and "not the official" in asked.note.en


def test_numbers_typed_from_the_form_load(tmp_path):
    asked = questionnaire("one-stop")
    path = typed(tmp_path / "phieu.csv", asked, [["A", *"512345128912"], ["A", *"111111111119"], ["A", *"5" * 12]])
    loaded = load_responses(path, Path("one-stop"))  # as the command line hands it over
    assert loaded["overall"].tolist() == ["very_satisfied", "very_dissatisfied", "very_satisfied"]
    first = loaded.iloc[0]
    assert (first["waiting"], first["papers"], first["replies"]) == ("satisfied", "dont_know", "refused")
    assert loaded.attrs["load"]["items"] == asked.scales


@pytest.mark.parametrize("header", ["{code}", "{words}", "{n}. {words}", "{english}"])
def test_items_are_found_by_code_or_wording(tmp_path, header):
    heads = [
        header.format(code=q.code, words=q.wording.vi, english=q.wording.en, n=n)
        for n, q in enumerate(MEETING.questions, start=1)
    ]
    path = typed(tmp_path / "phieu.csv", MEETING, [["A", *"1234512", "0"], ["B", *"5555555", "1"]], heads)
    loaded = load_responses(path, MEETING)
    assert loaded["told_early"].tolist() == ["strongly_disagree", "strongly_agree"]
    assert loaded["attended_before"].tolist() == ["no", "yes"]


def test_an_item_that_is_not_in_the_file_is_named(tmp_path):
    heads = [q.code for q in MEETING.questions[:-1]]
    path = typed(tmp_path / "phieu.csv", MEETING, [["A", *"1234512"]], heads)
    with pytest.raises(DataError, match="attended_before"):
        load_responses(path, MEETING)


def test_codes_of_no_answer_do_not_say_which_way_numbers_run(tmp_path):
    file = tmp_path / "phieu.toml"
    file.write_text("missing = { 9 = 'refused' }\n[items]\nq1 = 'q1'\n", encoding="utf-8")
    path = tmp_path / "phieu.csv"
    path.write_text("unit;q1\nXã Mẫu;5\nXã Mẫu;9\n", encoding="utf-8")
    with pytest.raises(DataError, match="1 là mức nào"):
        load_responses(path, file)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('missing = { 9 = "satisfied" }\n[items]\nq1 = "a"', "dont_know"),
        ('[items]\nq1 = { vi = "a", factor = "time" }', "factor"),
        ('title = { vi = "a", fr = "b" }\n[items]\nq1 = "a"', "fr"),
        ('[factors]\ntime = "Thời gian"\n[items]\nq1 = "a"', "không dùng được"),
    ],
)
def test_what_is_refused(tmp_path, body, says):
    file = tmp_path / "phieu.toml"
    file.write_text(body, encoding="utf-8")
    with pytest.raises((DataError, ParameterError), match=says):
        questionnaire(file)
    with pytest.raises(ParameterError, match="five-factors, one-stop, village-meeting"):
        questionnaire("sipas")


def test_a_reversed_item_counts_the_other_way():
    answers = ["strongly_disagree"] * 30 + ["disagree"] * 20 + ["agree"] * 50
    frame = pd.DataFrame({"unit": "A", "told_early": answers, "meeting_long": answers})
    two = {i: MEETING.scales[i] for i in ("told_early", "meeting_long")}
    found = satisfaction(frame, items=list(two), scale=two, reverse=MEETING.reversed).set_index("item")["value"]
    assert MEETING.reversed == ["meeting_long"]
    assert (found["told_early"], found["meeting_long"]) == (0.5, 0.5)
    assert answer_shares(frame, two, top=1)["value"][0] == 0.0
    assert (
        answer_shares(frame, two, top=1, reverse=MEETING.reversed).query("item == 'meeting_long'")["value"].iloc[0]
        == 0.3
    )
    with pytest.raises(ParameterError, match="reverse"):
        answer_shares(frame, two, reverse=["q9"])


# --- synthetic answers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_synthetic_people_answer_and_their_files_load(tmp_path, name):
    asked = questionnaire(name)
    people, _ = examples.province(asked.scales, drawn=2, each=5, seed=3)
    answered = people.loc[people["responded"] == 1, ["unit", *asked.scales]]
    answered = answered.sort_values("unit", kind="stable", ignore_index=True)
    path = tmp_path / "gia-lap.xlsx"
    office.write_office(answered, path, table=responses_table(asked.scales), seed=1)
    loaded = load_responses(path, asked).reset_index(drop=True)
    pd.testing.assert_frame_equal(loaded, answered, check_names=False)


def test_intervals_of_a_synthetic_province_hold_its_truth(rounds):
    asked = questionnaire("one-stop")
    design = Design(strata="stratum", clusters="unit", weights="weight", fpc=["communes", "residents"])
    held = []
    for seed in range(rounds(2, 60)):
        people, truth = examples.province(asked.scales, seed=seed, silent=False)
        found = satisfaction(people, items=list(asked.scales), scale=asked.scales, design=design).merge(
            truth, on="item"
        )
        held.append(((found["lower"] <= found["top_share"]) & (found["top_share"] <= found["upper"])).mean())
    assert len(found) == 12
    assert sum(held) / len(held) > 0.8


# --- the printed form -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "lang"), list(zip(SHIPPED, ("vi", "en", "vi"), strict=True)))
def test_the_form_prints_every_item_with_a_box_for_each_answer(tmp_path, name, lang):
    asked = questionnaire(name)
    path = questionnaire_form(tmp_path / "phieu.docx", name, lang=lang)
    document = Document(str(path))
    rows = [[c.text for c in r.cells] for t in document.tables for r in t.rows]
    items = {r[1]: r for r in rows if r[0].isdecimal()}
    assert list(items) == list(asked.wording(lang).values())
    assert [r[0] for r in items.values()] == [str(n) for n in range(1, len(items) + 1)]
    for q in asked.questions:
        words = q.wording.en if lang == "en" else q.wording.vi
        assert items[words][2:] == ["☐"] * (len(SCALES[q.scale]) + 1)
    heads = [r for r in rows if r[0] == ""]
    assert [text.split("\n")[1] for text in heads[0][2:]] == ["1", "2", "3", "4", "5", "8"]
    shown = "\n".join(p.text for p in document.paragraphs)
    for text in (asked.title, asked.lead, asked.question, asked.comment, asked.note):
        assert (text.en if lang == "en" else text.vi) in shown
    assert document.sections[0].page_width.mm == pytest.approx(210, abs=0.1)


def test_the_same_form_is_the_same_bytes(tmp_path):
    one = questionnaire_form(tmp_path / "a.docx", "village-meeting")
    assert one.read_bytes() == questionnaire_form(tmp_path / "b.docx", MEETING).read_bytes()


def test_what_cannot_be_printed_is_refused(tmp_path):
    taken = tmp_path / "phieu.docx"
    taken.write_text("mine", encoding="utf-8")
    for path in (taken, tmp_path / "phieu.doc", tmp_path / "nowhere" / "phieu.docx"):
        with pytest.raises(ParameterError, match="không bị ghi đè"):
            questionnaire_form(path, "one-stop")
    assert taken.read_text(encoding="utf-8") == "mine"
    with pytest.raises(ParameterError, match="q1"):
        questionnaire_form(tmp_path / "new.docx", questionnaire({"q1": "a"}))


def test_on_the_command_line(tmp_path):
    done = CliRunner().invoke(app, ["questionnaire", "village-meeting", str(tmp_path / "p.docx"), "--lang", "en"])
    assert done.output.strip().endswith("p.docx")
    assert Document(str(tmp_path / "p.docx")).paragraphs[0].text == "Form after a village meeting"


def test_files_are_plain_toml():
    from dvresearch.loaders.questionnaires import _FOLDER

    for name in SHIPPED:
        text = (_FOLDER / f"{name}.toml").read_text(encoding="utf-8")
        assert text.startswith("# ") and tomllib.loads(text)["items"]
