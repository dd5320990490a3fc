"""Set up and run dvresearch with nothing but Python: ``python3 run.py evaluate``.

The first run makes ``.venv`` beside this file and installs the packages of
``requirements.lock`` in it, with uv where it can be had and with pip where not.
Later runs see the stamp and start at once.
"""

import sys

# Stands before everything that an older Python cannot run. The whole file must still be readable
# by Python 3.6: an older interpreter parses all of it before it executes this line.
if sys.version_info < (3, 11):
    _found = "{}.{}.{} ({})".format(*sys.version_info[:3], sys.executable)
    sys.stderr.buffer.write(
        (
            "Cần Python 3.11 trở lên, đang chạy bằng Python " + _found + ".\n"
            "Hãy cài bản mới hơn rồi gọi đúng bản đó: python3.12 run.py evaluate "
            "(hoặc: make evaluate PYTHON=python3.12).\n"
            "Python 3.11 or later is needed, this is Python " + _found + ".\n"
            "Install a newer one and call it by name: python3.12 run.py evaluate "
            "(or: make evaluate PYTHON=python3.12).\n"
        ).encode()
    )
    raise SystemExit(2)

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent

USAGE = """\
python3 run.py LỆNH (COMMAND)

  evaluate [...]      lập báo cáo đánh giá năm               write the yearly evaluation
  test [...]          chạy mọi kiểm thử và mọi sổ tay        run every test and every notebook
  lab                 mở các sổ tay trong JupyterLab         open the notebooks in JupyterLab
  build               dựng lại data/processed/               rebuild data/processed/
  campaign            kiểm thử ngẫu nhiên dài                the random tests, many rounds
  setup [--from DIR]  chỉ cài đặt (từ DIR: không cần mạng)   set up only (from DIR: no network needed)
  bundle DIR          gom phần mềm cho máy không có mạng     collect everything for a machine without a network

Phần [...] được chuyển nguyên vẹn cho dvresearch evaluate hoặc pytest.
What stands for [...] is handed to dvresearch evaluate or to pytest.
"""

NO_VENV = (
    "Bản Python này thiếu thành phần {missing} nên không tạo được .venv.\n"
    "Trên Debian hoặc Ubuntu hãy chạy: sudo apt install python3-venv\n"
    "(hoặc python{version}-venv), rồi chạy lại lệnh vừa rồi.",
    "This Python lacks {missing}, so .venv cannot be made.\n"
    "On Debian or Ubuntu type: sudo apt install python3-venv\n"
    "(or python{version}-venv), then repeat the command.",
)
VENV_FAILED = (
    "Không tạo được .venv. Kiểm tra quyền ghi và dung lượng còn trống của thư mục\n{root}\n"
    "Trên Debian hoặc Ubuntu có thể phải chạy: sudo apt install python3-venv",
    "Could not make .venv. Check that this folder can be written to and has space left:\n{root}\n"
    "On Debian or Ubuntu you may have to type: sudo apt install python3-venv",
)
NO_PACKAGES = (
    "Không tải hoặc không cài được các gói phần mềm. Kiểm tra kết nối mạng\n"
    "(và biến HTTPS_PROXY nếu cơ quan dùng máy chủ trung gian), rồi chạy lại.\n"
    "Nếu máy này không được nối mạng: trên một máy có mạng, cùng hệ điều hành và cùng Python {version},\n"
    "chạy “python3 run.py bundle DIR”, chép DIR sang đây rồi chạy “python3 run.py setup --from DIR”.",
    "The packages could not be downloaded or installed. Check the network\n"
    "(and the variable HTTPS_PROXY if your office uses a proxy), then repeat the command.\n"
    "If this machine may not be connected: on a connected one with the same system and Python {version}\n"
    'type "python3 run.py bundle DIR", copy DIR here and type "python3 run.py setup --from DIR".',
)
NOT_IN_BUNDLE = (
    "Không cài được từ {wheels}.\n"
    "Thư mục phải do “python3 run.py bundle DIR” tạo ra trên máy cùng hệ điều hành ({machine}),\n"
    "cùng Python {version} và cùng phiên bản dự án.",
    "Could not install from {wheels}.\n"
    'It must have been made by "python3 run.py bundle DIR" on the same system ({machine}),\n'
    "with Python {version} and from the same version of the project.",
)
NO_PROJECT = (
    "Đã cài các gói phần mềm nhưng không cài được chính dự án: có thể thiếu tệp trong {root}.\n"
    "Hãy tải hoặc chép lại dự án cho đầy đủ rồi chạy lại.",
    "The packages are installed but the project itself is not: files may be missing in {root}.\n"
    "Get a complete copy of the project, then repeat the command.",
)
NO_ACCESS = (
    "Không đọc hoặc không ghi được tệp. Kiểm tra quyền truy cập và dung lượng còn trống.",
    "A file could not be read or written. Check access rights and free space.",
)
NO_BUNDLE = (
    "Không thấy gói cài đặt (*.whl) trong {wheels}.\nHãy chỉ đúng thư mục do “python3 run.py bundle DIR” tạo ra.",
    'There are no packages (*.whl) in {wheels}.\nName the folder that "python3 run.py bundle DIR" made.',
)
NOT_EMPTY = (
    "Thư mục {target} đã có nội dung. Hãy chọn một tên thư mục mới.",
    "The folder {target} is not empty. Choose a new name.",
)
NOT_DOWNLOADED = (
    "Không gom được đủ gói phần mềm. Kiểm tra kết nối mạng rồi chạy lại.",
    "Not every package could be downloaded. Check the network, then repeat the command.",
)
BUNDLE_README = """\
Cài đặt không cần mạng, trên máy {machine} có Python {version}:
Set-up without a network, on {machine} with Python {version}:

    cd dvresearch
    python3 run.py setup --from ..
    python3 run.py evaluate
"""

#: Variables of a surrounding shell that would make Python, pip or matplotlib work somewhere else than in .venv, or
#: every process compile the same modules again.
FOREIGN = (
    "VIRTUAL_ENV",
    "PYTHONPATH",
    "PYTHONHOME",
    "PIP_USER",
    "PIP_TARGET",
    "PIP_PREFIX",
    "MPLBACKEND",
    "PYTHONDONTWRITEBYTECODE",
)

#: What a bundle leaves out where git does not say what belongs to the project.
LEFT_OUT = {".venv", ".git", "__pycache__", ".ruff_cache", ".mypy_cache", ".pytest_cache", ".hypothesis", "reports"}

#: A change in one of these asks for a new set-up.
STAMPED = ("requirements.lock", "pyproject.toml")


class Stop(Exception):
    """The command cannot go on; holds the message in both languages and what a tool said last."""

    def __init__(self, message: tuple[str, str], detail: str = "", **fields: object) -> None:
        about = {"version": "{}.{}".format(*sys.version_info[:2]), "machine": machine(), "root": ROOT, **fields}
        tail = "".join(f"  | {line}\n" for line in detail.splitlines()[-6:])
        super().__init__("\n".join(part.format(**about) for part in message) + "\n" + tail)


def machine() -> str:
    """Return what wheels are made for: system and processor."""
    return f"{platform.system()} {platform.machine()}"


def say(text: str) -> None:
    """Write `text` to the error stream, in UTF-8 whatever the console believes."""
    sys.stderr.buffer.write((text.rstrip("\n") + "\n").encode())
    sys.stderr.flush()


def in_venv(program: str) -> Path:
    """Return the path of a program of .venv."""
    return ROOT / ".venv" / ("Scripts" if os.name == "nt" else "bin") / (program + ".exe" * (os.name == "nt"))


def environment() -> dict[str, str]:
    """Return the variables for a child: those around us without the foreign ones, text in UTF-8."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return {"PYTHONIOENCODING": "utf-8", **kept}


def call(command: list[str], cwd: Path | None = None, **variables: str) -> int:
    """Run `command` in the foreground and return its exit status."""
    child = subprocess.Popen(command, cwd=cwd, env={**environment(), **variables})
    while True:
        try:
            status = child.wait()
        except KeyboardInterrupt:
            continue  # the child got the same signal; let it tidy up
        return status if status >= 0 else 128 - status


def quietly(command: list[str]) -> tuple[bool, str]:
    """Run a step of the set-up; return whether it went well and what it printed."""
    with tempfile.TemporaryFile() as log:
        # close_fds=False hands the child the lock of one_at_a_time(), held for as long as it lives
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment(), close_fds=False
        )
        seconds = 0
        while True:
            try:
                child.wait(timeout=15)
                break
            except subprocess.TimeoutExpired:
                seconds += 15
                say(f"   … {seconds} giây, vẫn đang chạy (still at work)")
            except BaseException:
                child.kill()
                raise
        log.seek(0)
        return child.returncode == 0, log.read().decode(errors="replace")


def stamp_lines() -> list[str]:
    """Return where and for which Python .venv is made, and what is to be in it.

    A moved or copied .venv points at its old place, so the place is part of the stamp.
    """
    place = f"{ROOT} {sys.implementation.cache_tag} {machine()}"
    return [place, *(hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in STAMPED)]


def stamp_file() -> Path:
    """Return the path of the stamp."""
    return ROOT / ".venv" / "dvresearch-stamp"


def old_stamp() -> list[str]:
    """Return the lines of the stamp in .venv, none when there is no stamp."""
    return stamp_file().read_text(encoding="utf-8").split("\n") if stamp_file().exists() else []


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold a lock on the set-up, waiting while another run, or a child that outlived a killed one, has it."""
    with (ROOT / ".venv.lock").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        waiting = False
        while True:
            try:
                if sys.platform == "win32":
                    import msvcrt

                    msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
                else:
                    import fcntl

                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except (BlockingIOError, PermissionError):
                if not waiting:
                    say("Một lần cài đặt khác đang chạy, đang chờ (another set-up is running, waiting)")
                waiting = True
                time.sleep(0.5)
            except OSError:
                break  # a network drive without locks: better unguarded than not at all
        yield


def set_up(wheels: Path | None = None) -> None:
    """Make .venv hold what the lock says, or do nothing when it already does."""
    if ready():
        return
    if wheels:
        wheels = wheels / "wheels" if (wheels / "wheels").is_dir() else wheels
        if not any(wheels.glob("*.whl")):
            raise Stop(NO_BUNDLE, wheels=wheels)
    with one_at_a_time():
        if ready():  # made while this run waited
            return
        place = stamp_lines()[0]
        # The stamp goes before the first change and comes back after the last: what an interrupted
        # run left behind has none and is made anew. Changed packages alone are brought up to date.
        usable = old_stamp()[:1] == [place] and in_venv("python").exists()
        stamp_file().unlink(missing_ok=True)
        if not usable:
            make_venv()
        install(wheels)
        stamp_file().write_text("\n".join(stamp_lines()), encoding="utf-8")


def ready() -> bool:
    """Return whether .venv is complete and up to date."""
    return old_stamp() == stamp_lines() and in_venv("python").exists() and in_venv("dvresearch").exists()


def make_venv() -> None:
    """Make an empty .venv, in the place of one that is there."""
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        raise Stop(NO_VENV, missing=", ".join(missing))
    say("1/3 Tạo .venv (making .venv)")
    # the base interpreter: this one may itself live in the .venv that is about to be replaced
    python = getattr(sys, "_base_executable", None) or sys.executable
    done, log = quietly([python, "-m", "venv", "--clear", str(ROOT / ".venv")])
    if not done:
        raise Stop(VENV_FAILED, log)


def install(wheels: Path | None) -> None:
    """Install the locked packages and this project in .venv, from the network or from a folder of wheels."""
    python = str(in_venv("python"))
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--retries", "1"]
    uv = [python, "-m", "uv", "pip", "install", "--python", python, "--compile-bytecode"]
    source = ["--no-index", "--find-links", str(wheels)] if wheels else []
    # the build backend is in the lock, so this needs no network
    project = ["--no-index", "--no-deps", "--no-build-isolation", "--force-reinstall", "-e", str(ROOT)]
    uv_alone, the_rest = ROOT / ".venv" / "uv.txt", ROOT / ".venv" / "packages.txt"
    for file, text in zip((uv_alone, the_rest), split_lock("uv"), strict=True):
        file.write_text(text, encoding="utf-8")
    packages = ["--require-hashes", *source, "-r", str(the_rest)]

    say("2/3 Cài các gói phần mềm, có thể mất một hai phút (installing packages, may take a minute or two)")
    installer = uv
    done, log = quietly([*pip, "--require-hashes", "--only-binary", ":all:", *source, "-r", str(uv_alone)])
    if done:
        done, log = quietly([*uv, *packages])
    if not done:
        say("   uv không dùng được, thử pip (no uv, trying pip)")
        installer = pip
        done, log = quietly([*pip, *packages])
    if not done:
        raise Stop(NOT_IN_BUNDLE if wheels else NO_PACKAGES, log, wheels=wheels)
    say("3/3 Cài dvresearch (installing dvresearch)")
    done, log = quietly([*installer, *project])
    if not done:
        raise Stop(NO_PROJECT, log)


def split_lock(package: str) -> tuple[str, str]:
    """Return the lines of the lock that pin `package` (version and hashes) and all others."""
    parts: dict[bool, list[str]] = {True: [], False: []}
    mine = False
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if line.lstrip().startswith("#"):
            continue
        if not line.startswith(" "):
            mine = line.startswith(package + "==")
        parts[mine].append(line)
    return "\n".join(parts[True]) + "\n", "\n".join(parts[False]) + "\n"


def project_files() -> list[Path]:
    """Return the files of the project: what git knows or would add, or all but .venv where git does not answer."""
    listing = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(listing, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        names = []
    found = [ROOT / name for name in names if name] or [
        file for file in ROOT.rglob("*") if not LEFT_OUT.intersection(file.relative_to(ROOT).parts)
    ]
    return [file for file in found if file.is_file()]


def bundle(target: Path) -> None:
    """Collect in `target` all that a machine without a network needs: packages, project, instructions."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Stop(NOT_EMPTY, target=target)
    files = project_files()  # before `target`, which may lie inside the project, has content
    set_up()
    target.mkdir(parents=True, exist_ok=True)
    # beside, then moved into place: an interrupted run leaves no folder that looks complete
    with tempfile.TemporaryDirectory(prefix=".bundle-", dir=target.parent) as part:
        say("Gom các gói phần mềm (collecting packages)")
        download = [str(in_venv("python")), "-m", "pip", "download", "--disable-pip-version-check", "--no-input"]
        only = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-d", str(Path(part) / "wheels")]
        done, log = quietly([*download, *only, "-r", str(ROOT / "requirements.lock")])
        if not done:
            raise Stop(NOT_DOWNLOADED, log)
        for file in files:
            copy = Path(part) / "dvresearch" / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, copy)
        about = {"machine": machine(), "version": "{}.{}".format(*sys.version_info[:2])}
        (Path(part) / "README.txt").write_text(BUNDLE_README.format(**about), encoding="utf-8", newline="\n")
        for item in Path(part).iterdir():
            shutil.move(item, target / item.name)
    say(f"Xong (done): {target}")


def run_tests(arguments: list[str], **variables: str) -> int:
    """Run pytest on `arguments`; how notebooks are compared is said in pyproject.toml."""
    return call([str(in_venv("python")), "-m", "pytest", *arguments], ROOT, **variables)


#: Two workers; a notebook stays with one of them, because its cells share a kernel.
PARALLEL = ["-n", "2", "--dist", "loadscope"]


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status."""
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command in ("-h", "--help", "help"):
        say(USAGE)
        return 0
    if command == "bundle" and len(rest) == 1 and not rest[0].startswith("-"):
        bundle(Path(rest[0]).resolve())
        return 0
    if command == "setup" and (not rest or (len(rest) == 2 and rest[0] == "--from")):
        set_up(Path(rest[1]).resolve() if rest else None)
        say("Đã cài đặt xong (ready).")
        return 0
    if command not in ("evaluate", "test", "lab", "build", "campaign") or (
        rest and command not in ("evaluate", "test")
    ):
        say(USAGE)
        return 2
    set_up()
    if command == "test":
        return run_tests(rest or [*PARALLEL, "tests", "notebooks"])
    if command == "campaign":
        return run_tests([*PARALLEL, "-m", "campaign or hypothesis", "tests"], DVRESEARCH_CAMPAIGN="1")
    if command == "lab":
        return call([str(in_venv("python")), "-m", "jupyterlab", "notebooks"], ROOT)
    # paths a user types after "evaluate" are meant from where the user stands
    return call([str(in_venv("dvresearch")), command, *rest], None if command == "evaluate" else ROOT)


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except Stop as stop:
        say(str(stop))
        raise SystemExit(2) from None
    except OSError as error:
        say(str(Stop(NO_ACCESS, str(error))))
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        say("Đã dừng (stopped).")
        raise SystemExit(130) from None
