"""A headless browser spoken to over two pipes: enough to open a page, press keys, ask it things and print it."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import subprocess
from pathlib import Path
from typing import Any, Self


class Browser:
    """One page in a headless Chromium.

    The pipe of the DevTools protocol needs no port and no package: messages are JSON, each ended by a zero byte,
    read by the browser from file descriptor 3 and written to 4.
    """

    def __init__(self, program: str, folder: Path, environment: dict[str, str]) -> None:
        commands, results = os.pipe(), os.pipe()
        # numbers above 4, so that moving one to its place never overwrites the other
        ours = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (commands[0], results[1])]

        def attach() -> None:
            os.dup2(ours[0], 3)
            os.dup2(ours[1], 4)

        options = ["--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--no-first-run", "--lang=vi"]
        options += ["--disable-background-networking", "--disable-component-update", f"--user-data-dir={folder}"]
        # a sandbox cannot be made by root, as which tests run in a container
        options += ["--no-sandbox"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            [program, *options, "about:blank"],
            env=environment,
            preexec_fn=attach,
            pass_fds=(3, 4),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for fd in (*ours, commands[0], results[1]):
            os.close(fd)
        self.to, self.back = os.fdopen(commands[1], "wb", 0), os.fdopen(results[0], "rb")
        self.buffer, self.count, self.session = b"", 0, ""
        self.events: list[dict[str, Any]] = []
        (page,) = [t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page"]
        attached = self.ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log", "DOM"):
            self.ask(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.to.close()
        self.back.close()

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self.buffer:
            part = os.read(self.back.fileno(), 1 << 20)
            if not part:
                raise RuntimeError("the browser ended")
            self.buffer += part
        line, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(line)

    def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send a command and return its result; what happens meanwhile is kept in `events`."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.to.write(json.dumps(message).encode() + b"\0")
        while True:
            found = self._message()
            if found.get("id") == self.count:
                assert "error" not in found, (method, found["error"])
                return found["result"]
            self.events.append(found)

    def open(self, address: str) -> None:
        """Open a page and wait until it has loaded."""
        self.events.clear()
        self.ask("Page.navigate", url=address)
        while not any(e.get("method") == "Page.loadEventFired" for e in self.events):
            self.events.append(self._message())

    def happened(self, method: str) -> list[dict[str, Any]]:
        """Return the parameters of the events of one kind since the page was opened."""
        return [e["params"] for e in self.events if e.get("method") == method]

    def run(self, script: str) -> Any:
        """Return what a JavaScript expression is on the page."""
        result = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press and release a key."""
        for kind in ("keyDown", "keyUp"):
            spoken = {"text": text} if text and kind == "keyDown" else {}
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **spoken)

    def print_to(self, path: Path) -> None:
        """Print the page as the style sheet wants it."""
        made = self.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        path.write_bytes(base64.b64decode(made["data"]))
