"""The reference runtime as a user calls it: a launcher for this tree, bundles with the probe, calls with deadlines.

Knows the command line only. Must not import the runtime's modules, but for the writer of the launcher.
"""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import bundles
from runtime_ref import install

DEADLINE = 120.0


class Reference:
    """One root folder of the runtime, and the containers made in it; `end` deletes them all.

    `become`: called in each child before the exec (to be another user).
    """

    def __init__(self, folder: Path, python: str | None = None, become: Callable[[], None] | None = None) -> None:
        self.folder = folder
        self.become = become
        self.launcher = folder / "runtime-ref"
        self.root = folder / "root"
        self.root.mkdir(mode=0o700)
        install.launcher(str(self.launcher), [os.path.dirname(install.HERE), os.path.dirname(install.backend())])
        if python:
            text = self.launcher.read_text().partition("\n")[2]
            self.launcher.write_text(f"#!{python} -IS\n{text}")
        self.idents: list[str] = []

    def bundle(self, *patches: dict[str, Any]) -> Path:
        """A bundle of the base configuration and patches; the default cgroup place unless a patch says otherwise."""
        folder = self.folder / f"bundle-{uuid.uuid4().hex[:8]}"
        config = bundles.merge(bundles.base(), {"linux": {"cgroupsPath": None}}, *patches)
        bundles.write(folder, config)
        return folder

    def ident(self) -> str:
        """A new container id, deleted at the end."""
        self.idents.append(f"ref-{uuid.uuid4().hex[:12]}")
        return self.idents[-1]

    def words(self, *words: str) -> list[str]:
        """The command line of a call."""
        return [str(self.launcher), "--root", str(self.root), *words]

    def call(self, *words: str, text: str = "", env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Calls the runtime; what it and the container print comes back. Only for calls that leave nothing running."""
        return subprocess.run(
            self.words(*words), env=env, input=text, capture_output=True, text=True, timeout=DEADLINE,
            preexec_fn=self.become, cwd=self.folder,
        )  # fmt: skip

    def ok(self, *words: str, text: str = "") -> str:
        """The same for a call that must succeed; its standard output."""
        done = self.call(*words, text=text)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    def create(self, bundle: Path, ident: str, output: int | IO[Any] = subprocess.DEVNULL) -> None:
        """`create` with the container's output going elsewhere, so that nothing waits for its end. Must succeed."""
        log = self.folder / f"{ident}.log"
        words = self.words("--log", str(log), "create", "--bundle", str(bundle), ident)
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL, timeout=DEADLINE,
            preexec_fn=self.become, cwd=self.folder,
        )  # fmt: skip
        assert done.returncode == 0, log.read_text() if log.exists() else done.returncode

    def state(self, ident: str) -> dict[str, Any]:
        """The state document."""
        document: dict[str, Any] = json.loads(self.ok("state", ident))
        return document

    def lines(self, bundle: Path, *words: str) -> list[dict[str, Any]]:
        """What the probe prints in a `run` that must succeed, line by line."""
        printed = self.ok("run", "--bundle", str(bundle), *words, self.ident())
        return [json.loads(line) for line in printed.splitlines()]

    def end(self) -> None:
        """Deletes what is left. Raises AssertionError if a delete fails."""
        for ident in self.idents:
            self.ok("delete", "--force", ident)
