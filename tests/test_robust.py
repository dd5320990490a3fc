"""Whatever happens to a run, the last good report stands, and no input is lost."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from docx import Document

from dvresearch import cli
from dvresearch.errors import DataError, ReportError, Text
from dvresearch.evaluation import annex, build, compose, desk, job, manifest, word
from dvresearch.evaluation.build import Built
from dvresearch.evaluation.content import Paragraph
from dvresearch.evaluation.desk import at_desk

SPEC = """name = "thu"
title_vi = "Thử"
title_en = "Trial"
as_of = "2026-12-31"
sections = ["unknown", "own"]
[inputs]
figures = "f.csv"
"""
#: With a section that says more than fixed sentences and rests on published figures alone.
MORE = SPEC.replace('"unknown", ', '"unknown", "services", ')
HEAD = (
    "unit_version,unit_level,unit_code,unit,parent_code,period,period_start"
    ",period_end,indicator,value,value_unit,numerator,denominator,source"
)
#: Two states of the input: what is reported can be told from them.
STATES = {n: f"{HEAD}\n34,province,01,Hà Nội,,2026,2026-01-01,2026-12-31,dossiers_in_time_share,{10 * n},%,{n},10,x\n"
          for n in (5, 6)}  # fmt: skip
BROKEN = STATES[5].replace("Hà Nội", "Hà Nộii").replace(",01,", ",,")


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "evaluation.toml").write_text(SPEC, encoding="utf-8")
    set_to(tmp_path, STATES[5])
    # what these two write is looked at elsewhere; here only whether it takes its place
    monkeypatch.setitem(job._RENDERERS, "report.pdf", _sentences)
    monkeypatch.setitem(job._RENDERERS, "report.docx", _sentences)
    return tmp_path


def _sentences(built: Built, path: Path) -> None:
    path.write_bytes(repr([b for s in built.report.sections for b in s.blocks if isinstance(b, Paragraph)]).encode())


def set_to(office: Path, content: str) -> None:
    (office / "f.csv").write_text(content, encoding="utf-8")


def evaluate(office: Path, out: str = "out") -> Path:
    return job.evaluate(office / "evaluation.toml", office / out)


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a report but its manifest, which tells the time."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
            if p.name != manifest.NAME}  # fmt: skip


OWN = "Số liệu cơ quan công bố có khớp với số đếm không?"
FILES = {"report.html", "tables.xlsx", "numbers.csv", "report.docx", "tom-tat.docx", "tom-tat.pptx", "report.pdf"}


# --- killed ----------------------------------------------------------------------------------------------------------


def begin(office: Path) -> int:
    """Begin a run in a process of its own, everything imported, and return the number of the process."""
    if not (child := os.fork()):
        try:
            evaluate(office)
        finally:
            os._exit(0)
    return child


def state_of(report: Path) -> int:
    """Return from which state of the input a report was made."""
    stated = next(i["sha256"] for i in manifest.read(report)["inputs"] if i["file"] == "f.csv")
    return next(n for n, text in STATES.items() if hashlib.sha256(text.encode()).hexdigest() == stated)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and a signal that cannot be caught")
def test_killed_at_any_moment_the_last_good_report_stands(
    office: Path, rounds: Callable[[int, int], int], record_property: Callable[[str, object], None]
) -> None:
    report, dice = office / "out" / "thu", random.Random()
    whole = {}
    for state in STATES:
        set_to(office, STATES[state])
        began = time.monotonic()
        whole[state] = contents(evaluate(office))
        lasts = time.monotonic() - began
    killed = replaced = 0
    for number in range(rounds(2, 50)):
        before, after = state_of(report), 5 + number % 2
        set_to(office, STATES[after])
        child = begin(office)
        time.sleep(dice.uniform(0, lasts))
        os.kill(child, signal.SIGKILL)
        killed += os.waitpid(child, 0)[1] == signal.SIGKILL
        assert manifest.untouched(report), "a broken report"
        assert state_of(report) in (before, after)
        assert contents(report) == whole[state_of(report)], "a report of two runs"
        assert (office / "f.csv").read_text(encoding="utf-8") == STATES[after], "a lost input"
        replaced += state_of(report) == after
    record_property("killed", killed)
    record_property("replaced", replaced)
    set_to(office, STATES[5])
    assert contents(evaluate(office)) == whole[5]
    assert {p.name for p in (office / "out").iterdir()} == {"thu", ".thu", "thu.log"}
    assert {p.name for p in (office / "out" / ".thu").iterdir()} == {"lock", "specification"}


def small_report(folder: Path, text: str) -> None:
    folder.mkdir(parents=True)
    (folder / "report.html").write_text(text)
    output = {"file": "report.html", "sha256": manifest.checksum(folder / "report.html")}
    (folder / manifest.NAME).write_text(json.dumps({"report": "thu", "outputs": [output], "failed": []}))


CUTS = [
    (call, n, after) for call in ("rename", "replace", "exchange", "rmtree") for n in (0, 1) for after in (False, True)
]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("exchanges", [True, False], ids=["one call", "two renamings"])
@pytest.mark.parametrize(("call", "n", "after"), CUTS)
def test_cut_short_before_and_after_every_call_that_moves_a_report(
    call: str, n: int, after: bool, exchanges: bool, tmp_path: Path
) -> None:
    target = tmp_path / "thu"
    small_report(target, "old")
    if not (child := os.fork()):
        seen = [0]

        def cut(real: Callable[..., object]) -> Callable[..., object]:
            def wrapped(*arguments: object) -> object:
                seen[0] += 1
                if seen[0] > n and not after:
                    os._exit(0)
                result = real(*arguments)
                if seen[0] > n:
                    os._exit(0)
                return result

            return wrapped

        with at_desk(target) as place:
            small_report(place.fresh, "new")
            if not exchanges:
                desk._exchange = lambda *_: False
            if call == "exchange":
                desk._exchange = cut(desk._exchange)  # type: ignore[assignment]
            elif call == "rmtree":
                desk.shutil.rmtree = cut(desk.shutil.rmtree)  # type: ignore[assignment]
            else:
                setattr(Path, call, cut(getattr(Path, call)))
            place.put_in_place()
        os._exit(0)
    os.waitpid(child, 0)
    if exchanges and sys.platform.startswith("linux"):
        assert manifest.untouched(target)  # at no moment is there no report
    with at_desk(target):
        pass
    assert manifest.untouched(target)
    assert (target / "report.html").read_text() in ("old", "new")
    assert {p.name for p in tmp_path.rglob("*") if p.is_dir()} == {"thu", ".thu"}


# --- two at once, no room, no right ----------------------------------------------------------------------------------


def test_a_second_run_is_told_who_has_the_report(office: Path) -> None:
    with at_desk(office / "out" / "thu"), pytest.raises(ReportError, match=f"tiến trình {os.getpid()}, từ"):
        evaluate(office)
    with at_desk(office / "out" / "thu"):
        pass


def test_a_run_that_was_stopped_does_not_block_the_next_one(office: Path) -> None:
    left = office / "out" / ".thu"
    (left / "new").mkdir(parents=True)
    (left / "new" / "report.html").write_text("half")
    (left / "lock").write_text("999999 08:00:00 01/01/2026\n")
    evaluate(office)
    assert "tiến trình 999999 08:00:00 01/01/2026) bị dừng giữa chừng" in (office / "out" / "thu.log").read_text(
        "utf-8"
    )
    assert not (left / "new").exists()


def no_room(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_no_room_leaves_the_old_report(office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(evaluate(office))
    set_to(office, STATES[6])
    writers = [(annex, "write"), (manifest, "write"), (desk, "_write_through"), (Path, "write_bytes"), (Path, "rename")]
    for where, name in [*writers, (Path, "mkdir")]:
        with monkeypatch.context() as patched:
            patched.setattr(where, name, no_room)
            with pytest.raises(ReportError, match="Không ghi được báo cáo"):
                evaluate(office)
        assert contents(office / "out" / "thu") == before, name
        assert {p.name for p in (office / "out").iterdir()} == {"thu", ".thu", "thu.log"}
    assert contents(evaluate(office)) != before
    assert {p.name for p in (office / "out" / ".thu").iterdir()} == {"lock", "specification"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and a limit on the size of files")
def test_a_disk_that_takes_no_more_is_one_message(office: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import resource

    before = contents(evaluate(office))
    set_to(office, STATES[6])
    if not (child := os.fork()):
        status = 99
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
            sys.argv = ["dvresearch", "evaluate", str(office / "evaluation.toml"), "--out", str(office / "out")]
            cli.main()
        except SystemExit as ended:
            status = int(ended.code or 0)
        finally:
            sys.stderr.flush()
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    said = capfd.readouterr().err
    assert "Không ghi được báo cáo" in said and "could not be written" in said and "Traceback" not in said
    assert contents(office / "out" / "thu") == before


def test_a_folder_that_may_not_be_written_in_is_one_message(office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "mkdir", denied)
    with pytest.raises(ReportError, match="Không ghi được báo cáo"):
        evaluate(office)


def test_an_input_saved_during_the_run_stops_it(office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(evaluate(office))
    set_to(office, STATES[6])
    real = manifest.describe

    def saved_meanwhile(*arguments: object, **named: object) -> object:
        set_to(office, STATES[5] + "\n")
        return real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(manifest, "describe", saved_meanwhile)
    with pytest.raises(ReportError, match=r"f\.csv bị sửa trong khi đang chạy"):
        evaluate(office)
    assert contents(office / "out" / "thu") == before


# --- nobody's work is lost -------------------------------------------------------------------------------------------


def test_a_report_in_which_somebody_wrote_is_kept(office: Path) -> None:
    report = evaluate(office)
    (report / "report.docx").write_bytes(b"edited by hand")
    (report / "ghi-chu.txt").write_text("mine")
    evaluate(office)
    kept = office / "out" / "thu-cu-1"
    assert (kept / "report.docx").read_bytes() == b"edited by hand"
    assert (kept / "ghi-chu.txt").read_text() == "mine"
    assert manifest.untouched(report)
    assert "được giữ ở thu-cu-1" in (office / "out" / "thu.log").read_text("utf-8")
    evaluate(office)
    assert not (office / "out" / "thu-cu-2").exists()


def test_a_folder_of_that_name_that_is_no_report_is_kept(office: Path) -> None:
    (office / "out" / "thu").mkdir(parents=True)
    (office / "out" / "thu" / "so-lieu-goc.xlsx").write_bytes(b"the only copy")
    evaluate(office)
    assert (office / "out" / "thu-cu-1" / "so-lieu-goc.xlsx").read_bytes() == b"the only copy"


# --- a section that fails --------------------------------------------------------------------------------------------


def test_a_section_that_fails_is_told_on_page_one_and_the_others_are_made(
    office: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (office / "evaluation.toml").write_text(MORE, encoding="utf-8")
    complete = contents(evaluate(office))
    set_to(office, BROKEN)
    monkeypatch.setattr(
        sys, "argv", ["dvresearch", "evaluate", str(office / "evaluation.toml"), "--out", str(office / "out")]
    )
    monkeypatch.setitem(job._RENDERERS, "report.docx", lambda built, path: word.write(built.report, {}, path))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 3
    said = capsys.readouterr()
    assert "INCOMPLETE" in said.err
    report = office / "out" / "thu"
    page = (report / "report.html").read_text("utf-8")
    told = f"BÁO CÁO CHƯA ĐỦ: không làm được phần “{OWN}”."
    assert page.index(told) < page.index('id="section-unknown"')
    assert 'id="section-own"' not in page
    first = next(
        p.text for p in Document(str(report / "report.docx")).paragraphs if p.style and p.style.name == word.look.DASH
    )
    assert first.startswith(told) and "Hà Nội" in first
    failed = manifest.read(report)["failed"]
    assert [f["section"] for f in failed] == ["own"]
    vi, en = (manifest.incomplete(failed, lang) for lang in ("vi", "en"))
    assert len(vi) == len(en) == 1 and vi[0].startswith(told) and vi[0] in unescape(page)
    assert (
        en[0].startswith("INCOMPLETE REPORT: could not make “Do the figures the office published fit their counts?”. ")
        and "f.csv" in en[0]
    )
    assert f"KHÔNG LÀM ĐƯỢC phần “{OWN}”" in (office / "out" / "thu.log").read_text("utf-8")
    # the fuller report is not lost to the one that lacks something
    assert contents(office / "out" / "thu-cu-1") == complete
    set_to(office, STATES[5])
    now = contents(evaluate(office))
    assert now.pop("report.docx") and now == {name: data for name, data in complete.items() if name != "report.docx"}


def test_a_fault_of_the_program_repeats_no_cell(office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(_: object) -> None:
        raise ValueError("Nguyễn Thị Hồng Nhung")

    monkeypatch.setitem(compose.SECTIONS["nation"], "own", fault)
    (office / "evaluation.toml").write_text(MORE, encoding="utf-8")
    report = evaluate(office)
    log = (office / "out" / "thu.log").read_text("utf-8")
    assert "ValueError" in log and "test_robust.py:" in log and "in fault" not in log
    assert not [p for p in (office / "out").rglob("*") if p.is_file() and "Hồng Nhung".encode() in p.read_bytes()]
    assert "Lỗi của chương trình (ValueError)" in (report / "report.html").read_text("utf-8")


@pytest.mark.parametrize("sections", ['"own"', '"unknown", "own"'], ids=["nothing", "fixed sentences alone"])
def test_when_nothing_can_be_made_there_is_no_new_report(sections: str, office: Path) -> None:
    before = contents(evaluate(office))
    (office / "evaluation.toml").write_text(SPEC.replace('"unknown", "own"', sections), encoding="utf-8")
    set_to(office, BROKEN)
    with pytest.raises(DataError, match="Hà Nội"):
        evaluate(office)
    assert contents(office / "out" / "thu") == before


# --- how far it is ----------------------------------------------------------------------------------------------------


def test_progress_rises_to_one_and_names_what_is_done(office: Path) -> None:
    told: list[tuple[str, float]] = []
    job.evaluate(office / "evaluation.toml", office / "out", lambda step, share: told.append((step, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares) and shares[0] == 0.0 and shares[-1] == 1.0 and shares[-2] < 1.0
    assert {OWN, *FILES} <= {step for step, _ in told}
    log = (office / "out" / "thu.log").read_text(encoding="utf-8")
    assert all(step in log for step, _ in told[:-1])


def test_messages_for_page_one_join_sections_with_one_reason() -> None:
    why = Text("Thiếu tệp.", "A file is missing.")
    failures = [build.Failure(code, Text(code, code.upper()), why, "").record() for code in "ab"]
    assert manifest.incomplete(failures, "vi") == ["BÁO CÁO CHƯA ĐỦ: không làm được phần “a”, “b”. Thiếu tệp."]
    assert manifest.incomplete(failures, "en") == ["INCOMPLETE REPORT: could not make “A”, “B”. A file is missing."]
