"""The set-up (run.py) and the lists it works from: what is asked for, what is locked, what conda gets."""

from __future__ import annotations

import ast
import hashlib
import re
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import dvresearch
import run

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")

#: conda-forge's name -> the name everywhere else.
CONDA_NAMES = {"python-duckdb": "duckdb"}


# --- what is asked for, locked and given to conda ---------------------------------------------------------------------


def wanted() -> dict[str, SpecifierSet]:
    """Packages and version ranges of pyproject.toml, extras included."""
    extras = PROJECT["optional-dependencies"].values()
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in extra)]
    return {canonicalize_name(r.name): r.specifier for r in map(Requirement, lines)}


def locked() -> list[tuple[Requirement, list[str]]]:
    """Pins of the lock, each with its hashes; a package can be pinned once per Python version."""
    blocks = re.split(r"\n(?=\S)", LOCK.replace("\\\n", " "))
    return [
        (Requirement(re.split(r" --hash| #", block)[0]), re.findall(r"--hash=sha256:(\w+)", block)) for block in blocks
    ]


def test_lock_satisfies_what_is_asked_for() -> None:
    pins = [(canonicalize_name(r.name), str(r.specifier).removeprefix("==")) for r, _ in locked()]
    for package, versions in wanted().items():
        found = [version for name, version in pins if name == package]
        assert found, f"{package} is not in the lock: make it anew (CONTRIBUTING.md)"
        assert all(version in versions for version in found), f"{package} {found} is not {versions}"


def test_lock_pins_and_hashes_everything() -> None:
    pins = locked()
    assert len(pins) > len(wanted())
    for pin, hashes in pins:
        assert re.fullmatch(r"==[\w.!+]+", str(pin.specifier)), pin
        assert not pin.url, pin
        assert hashes and all(len(h) == 64 for h in hashes), pin


def test_lock_names_no_address() -> None:
    assert not re.search(r"://|--(extra-)?index|--find-links|@ ", LOCK)
    # nor a host: in front of its hashes a line has only names, versions and markers, behind "via" only names
    for line in LOCK.splitlines():
        assert re.fullmatch(
            r"[\w.\-]+==[\w.!+]+( ; [^/:@]+)? \\| +--hash=sha256:[0-9a-f]{64}( \\)?| +#( +via)?|"
            r" +#  ? ?(via )?[\w.\-\[\],]+( \(pyproject\.toml\))?",
            line,
        ), line


def test_conda_gets_the_same_set() -> None:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    pip = next(entry["pip"] for entry in listed if isinstance(entry, dict))
    assert pip[-1] == "-e ."
    conda = [Requirement(entry) for entry in [*(e for e in listed if isinstance(e, str)), *pip[:-1]]]
    given: dict[str, SpecifierSet] = {canonicalize_name(CONDA_NAMES.get(r.name, r.name)): r.specifier for r in conda}
    assert len(given) == len(conda), "a package is listed twice"
    assert given.pop("python") == SpecifierSet(PROJECT["requires-python"])
    assert given.pop("pip") == SpecifierSet()
    assert given == wanted()


def test_python_version_is_the_same_everywhere() -> None:
    source = (ROOT / "run.py").read_text(encoding="utf-8")
    asked = re.search(r"sys\.version_info < \((\d+), (\d+)\)", source)
    assert asked and PROJECT["requires-python"] == f">={asked[1]}.{asked[2]}"


def test_version_is_the_same_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert PROJECT["version"] == citation["version"] == dvresearch.__version__
    assert {"cff-version", "message", "title", "authors"} <= set(citation), "what the format requires"


def test_the_check_of_every_change_runs_the_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in ("make evaluate", "make test"):
        assert command in script
        assert command in (ROOT / "README.md").read_text(encoding="utf-8")
        assert command in (ROOT / "README.vi.md").read_text(encoding="utf-8")


# --- run.py -----------------------------------------------------------------------------------------------------------


class Tools:
    """Stands for venv, pip and uv: notes what is asked of them, makes the files they would make, fails on request."""

    def __init__(self, root: Path) -> None:
        self.root, self.asked, self.failing = root, list[list[str]](), list[str]()

    def __call__(self, command: list[str]) -> tuple[bool, str]:
        self.asked.append(command)
        if any(f" {word}" in " ".join(command) for word in self.failing):
            return False, "line 1\nERROR: it did not work"
        if command[1:3] == ["-m", "venv"]:
            for program in ("python", "dvresearch"):
                run.in_venv(program).parent.mkdir(parents=True, exist_ok=True)
                run.in_venv(program).touch()
        if "download" in command:
            wheels = Path(command[command.index("-d") + 1])
            wheels.mkdir(parents=True)
            (wheels / "pandas-3.1.1-py3-none-any.whl").touch()
        return True, ""

    def steps(self) -> list[str]:
        """What was asked since the last look: venv, or the installer and what it installed."""
        kinds = {"uv.txt": "uv", "packages.txt": "packages"}
        found = [
            "venv" if c[2] == "venv" else f"{c[2]} {kinds.get(Path(c[-1]).name, 'project')}"
            for c in self.asked
            if "download" not in c
        ]
        self.asked.clear()
        return found


NEW = ["venv", "pip uv", "uv packages", "uv project"]


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tools]:
    """A project with two pins in a folder of its own, with fakes for what run.py calls."""
    root = tmp_path / "dự án"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]", encoding="utf-8")
    (root / "requirements.lock").write_text(
        "uv==0.9 \\\n    --hash=sha256:aa\n    # via x\nuvicorn==1 \\\n    --hash=sha256:bb\n", encoding="utf-8"
    )
    fake = Tools(root)
    monkeypatch.setattr(run, "ROOT", root)
    monkeypatch.setattr(run, "quietly", fake)
    yield fake


def test_older_python_is_refused_in_plain_words() -> None:
    """Down to 3.6 the file can be read, so that its first statement can speak."""
    source = (ROOT / "run.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 6))
    guard = next(node for node in tree.body if isinstance(node, ast.If))
    before = tree.body[: tree.body.index(guard)]
    assert [type(node) for node in before] == [ast.Expr, ast.Import], "only the docstring and `import sys` come first"

    pretended = "import sys\nsys.version_info = (3, 9, 18)\n"
    result = subprocess.run([sys.executable, "-c", pretended + source], capture_output=True, check=False)
    said = result.stderr.decode("utf-8")
    assert result.returncode == 2
    assert "Cần Python 3.11 trở lên" in said and "Python 3.11 or later is needed" in said and "3.9.18" in said
    assert "Traceback" not in said


def test_first_run_makes_everything_second_run_nothing(tools: Tools) -> None:
    run.set_up()
    assert tools.steps() == NEW
    run.set_up()
    assert tools.steps() == []


def test_stamp_holds_the_checksums_of_what_was_installed(tools: Tools) -> None:
    run.set_up()
    lock = hashlib.sha256((tools.root / "requirements.lock").read_bytes()).hexdigest()
    assert lock in run.stamp_file().read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", run.STAMPED)
def test_changed_lists_are_installed_in_the_same_venv(tools: Tools, name: str) -> None:
    run.set_up()
    tools.steps()
    (tools.root / name).write_text("uv==0.10", encoding="utf-8")
    run.set_up()
    assert tools.steps() == NEW[1:]


def test_moved_project_gets_a_new_venv(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    run.set_up()
    tools.steps()
    monkeypatch.setattr(run, "ROOT", tools.root.rename(tools.root.with_name("elsewhere")))
    run.set_up()
    assert tools.steps() == NEW


def test_other_python_gets_a_new_venv(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    run.set_up()
    tools.steps()
    monkeypatch.setattr(run, "machine", lambda: "Linux riscv64")
    run.set_up()
    assert tools.steps() == NEW


@pytest.mark.parametrize("word", ["packages.txt", "-e"])
def test_interrupted_set_up_is_made_anew(tools: Tools, word: str) -> None:
    tools.failing = [str(tools.root / ".venv" / word) if word != "-e" else word]
    with pytest.raises(run.Stop):
        run.set_up()
    assert run.in_venv("python").exists() and not run.stamp_file().exists()
    tools.failing = []
    tools.steps()
    run.set_up()
    assert tools.steps() == NEW


def test_lost_program_is_installed_again(tools: Tools) -> None:
    run.set_up()
    tools.steps()
    run.in_venv("python").unlink()
    run.set_up()
    assert tools.steps() == NEW


def test_uv_is_taken_at_the_version_of_the_lock(tools: Tools) -> None:
    run.set_up()
    assert (tools.root / ".venv" / "uv.txt").read_text(encoding="utf-8") == "uv==0.9 \\\n    --hash=sha256:aa\n"
    rest = (tools.root / ".venv" / "packages.txt").read_text(encoding="utf-8")
    assert rest == "uvicorn==1 \\\n    --hash=sha256:bb\n"


def test_every_package_is_checked_against_its_hash(tools: Tools) -> None:
    run.set_up()
    installs = [c for c in tools.asked if "install" in c and "-e" not in c]
    assert len(installs) == 2
    assert all("--require-hashes" in c for c in installs)


@pytest.mark.parametrize("missing", ["uv.txt", "-m uv"])
def test_pip_installs_where_uv_does_not(tools: Tools, missing: str) -> None:
    tools.failing = [str(tools.root / ".venv" / missing) if missing == "uv.txt" else missing]
    run.set_up()
    assert tools.steps()[-2:] == ["pip packages", "pip project"]


def test_no_network_is_said_with_the_way_out(tools: Tools) -> None:
    tools.failing = ["install"]
    with pytest.raises(run.Stop) as stop:
        run.set_up()
    said = str(stop.value)
    assert "Kiểm tra kết nối mạng" in said and "Check the network" in said
    assert "run.py setup --from DIR" in said
    assert "ERROR: it did not work" in said


def test_missing_ensurepip_is_said_with_the_package_to_install(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(run.Stop) as stop:
        run.set_up()
    said = str(stop.value)
    assert "thiếu thành phần ensurepip" in said and "This Python lacks ensurepip" in said
    assert "sudo apt install python3-venv" in said
    assert tools.steps() == []


def test_failing_venv_is_said(tools: Tools) -> None:
    tools.failing = ["venv"]
    with pytest.raises(run.Stop, match=r"Không tạo được \.venv(.|\n)*Could not make \.venv"):
        run.set_up()


MESSAGES = {name: value for name, value in vars(run).items() if name.startswith(("NO", "VENV_"))}


@pytest.mark.parametrize("name", MESSAGES)
def test_messages_are_in_both_languages(name: str) -> None:
    vietnamese, english = MESSAGES[name]
    assert re.search(r"[ăâđêôơưạảấầếềộợ]", vietnamese)
    assert english.isascii()
    assert set(re.findall(r"{\w+}", vietnamese)) == set(re.findall(r"{\w+}", english))


def test_set_up_from_a_folder_asks_no_network(tools: Tools, tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "pandas-3.1.1-py3-none-any.whl").touch()
    run.set_up(tmp_path)
    installs = [c for c in tools.asked if "install" in c]
    assert len(installs) == 3
    for command in installs:
        assert "--no-index" in command
        assert "-e" in command or command[command.index("--find-links") + 1] == str(tmp_path / "wheels")


def test_folder_without_packages_is_refused_before_anything_is_touched(tools: Tools, tmp_path: Path) -> None:
    with pytest.raises(run.Stop, match="There are no packages"):
        run.set_up(tmp_path)
    assert tools.steps() == []


def test_bundle_holds_packages_project_and_instructions(tools: Tools, tmp_path: Path) -> None:
    (tools.root / "data").mkdir()
    (tools.root / "data" / "số liệu.csv").write_text("a\n1\n", encoding="utf-8")
    target = tmp_path / "bundle"
    run.bundle(target)
    assert sorted(p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file()) == [
        "README.txt",
        "dvresearch/data/số liệu.csv",
        "dvresearch/pyproject.toml",
        "dvresearch/requirements.lock",
        "wheels/pandas-3.1.1-py3-none-any.whl",
    ]
    assert "setup --from .." in (target / "README.txt").read_text(encoding="utf-8")
    download = next(c for c in tools.asked if "download" in c)
    assert "--require-hashes" in download and download[download.index("--only-binary") + 1] == ":all:"
    with pytest.raises(run.Stop, match="not empty"):
        run.bundle(target)


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_bundle_of_a_checkout_leaves_out_what_git_ignores(tools: Tools) -> None:
    subprocess.run(["git", "init", "-q", str(tools.root)], check=True)
    (tools.root / ".gitignore").write_text("reports/\n.venv*\n", encoding="utf-8")
    (tools.root / "reports").mkdir()
    (tools.root / "reports" / "old.html").touch()
    names = {path.name for path in run.project_files()}
    assert names == {".gitignore", "pyproject.toml", "requirements.lock"}


def test_failed_bundle_leaves_nothing_behind(tools: Tools, tmp_path: Path) -> None:
    run.set_up()
    tools.failing = ["download"]
    with pytest.raises(run.Stop, match="Not every package could be downloaded"):
        run.bundle(tmp_path / "bundle")
    assert not any((tmp_path / "bundle").iterdir())
    assert not [*tmp_path.glob(".bundle-*")]


def test_second_set_up_waits_for_the_first(tools: Tools, capsys: pytest.CaptureFixture[str]) -> None:
    """Two commands started at once must not both rebuild .venv."""
    with run.one_at_a_time():
        other = threading.Thread(target=run.set_up)
        other.start()
        time.sleep(0.1)
        assert tools.steps() == []
    other.join(timeout=10)
    assert tools.steps() == NEW
    assert "another set-up is running" in capsys.readouterr().err


@pytest.fixture
def calls(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], Path | None, dict[str, str]]]:
    """What run.py starts in the foreground: command, folder, variables."""
    made: list[tuple[list[str], Path | None, dict[str, str]]] = []

    def call(command: list[str], cwd: Path | None = None, **variables: str) -> int:
        made.append((command, cwd, variables))
        return 7

    monkeypatch.setattr(run, "call", call)
    return made


def test_evaluate_hands_everything_on_and_stays_where_the_user_is(calls: list) -> None:
    assert run.main(["evaluate", "xa.toml", "--lang", "en"]) == 7
    assert calls == [([str(run.in_venv("dvresearch")), "evaluate", "xa.toml", "--lang", "en"], None, {})]


def test_test_runs_tests_and_notebooks_together(calls: list) -> None:
    assert run.main(["test"]) == 7
    ((command, folder, _),) = calls
    assert command[1:] == ["-m", "pytest", "-n", "2", "--dist", "loadscope", "tests", "notebooks"]
    assert folder == run.ROOT


def test_test_with_arguments_runs_just_those(calls: list) -> None:
    run.main(["test", "tests/test_setup.py", "-k", "stamp"])
    assert calls[0][0][1:] == ["-m", "pytest", "tests/test_setup.py", "-k", "stamp"]


def test_campaign_tells_the_tests_to_be_long(calls: list) -> None:
    run.main(["campaign"])
    ((command, _, variables),) = calls
    assert variables == {"DVRESEARCH_CAMPAIGN": "1"}
    assert command[command.index("-m", 3) + 1] == "campaign or hypothesis"


@pytest.mark.parametrize("arguments", [[], ["evalaute"], ["build", "x"], ["setup", "--form", "x"], ["bundle"]])
def test_wrong_command_shows_the_commands_and_does_nothing(
    calls: list, tools: Tools, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run.main(arguments) == 2
    assert "write the yearly evaluation" in capsys.readouterr().err
    assert not calls and tools.steps() == []


def test_usage_names_every_target_of_the_makefile() -> None:
    goals = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert goals
    for goal in set(goals[1].split()) - {"help"}:
        assert re.search(rf"^  {goal} ", run.USAGE, re.MULTILINE), goal


def test_surrounding_environment_is_left_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in run.FOREIGN:
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("HTTPS_PROXY", "kept")
    inside = run.environment()
    assert not set(run.FOREIGN) & set(inside)
    assert inside["HTTPS_PROXY"] == "kept"


@pytest.mark.parametrize(("code", "status"), [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 15)", 143)])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals")
def test_exit_status_is_handed_on(code: str, status: int) -> None:
    assert run.call([sys.executable, "-c", code]) == status


def test_quiet_step_returns_what_was_said() -> None:
    assert run.quietly([sys.executable, "-c", "print('một'.encode())"]) == (True, "b'm\\xe1\\xbb\\x99t'\n")
    done, said = run.quietly([sys.executable, "-c", "raise SystemExit('why')"])
    assert not done and "why" in said
