"""Podman, containerd's ctr and Docker, each with a runtime of ours or runc: a call, and what must be true of its end.

Knows the engines' command lines and what they need on machines without systemd or CAP_SYS_RESOURCE. Knows no runtime's.
"""

from __future__ import annotations

import json
import select
import shutil
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

from tests.engines.image import NAME, Image
from tests.engines.world import DEADLINE, PATH, STATE, World

Done = subprocess.CompletedProcess[str]
# podman asks for the highest limits it sees, which only CAP_SYS_RESOURCE could give.
PODMAN = '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n[engine]\nevents_logger = "file"\n'
CONTAINERD = f"""version = 2
root = "{STATE}/containerd/root"
state = "{STATE}/containerd/state"
disabled_plugins = [
    "io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.opt",
]
[grpc]
address = "{STATE}/containerd.sock"
[ttrpc]
address = "{STATE}/containerd.ttrpc"
"""


class Missing(Exception):
    """An engine that is not installed or does not start on this machine: the fact."""


class Engine:
    """An engine with one runtime. `prefix` is the command line up to the engine's own command."""

    needs: tuple[str, ...] = ()
    """The programs without which there is nothing to test."""

    def __init__(self, world: World, image: Image, runtime: str) -> None:
        self.world = world
        self.image = image
        self.runtime = runtime
        self.prefix: list[str] = []
        self.env: dict[str, str] = {}

    def prepare(self) -> None:
        """Starts what must run and brings the image in; once for all runtimes. Raises Missing."""

    def call(self, *words: str, text: str = "") -> Done:
        """A call, whatever its end; `text` is its input."""
        return self.world.call(*self.prefix, *words, env=self.env, text=text)

    def ok(self, *words: str, code: int = 0) -> str:
        """A call that must end with `code`; its standard output."""
        done = self.call(*words)
        assert done.returncode == code, f"{' '.join(words)}: exit {done.returncode}: {done.stderr.strip()[-600:]}"
        return done.stdout

    def lines(self, *words: str) -> list[dict[str, Any]]:
        """What the probe prints in a call that must succeed."""
        return [json.loads(line) for line in self.ok(*words).splitlines()]

    @staticmethod
    def name() -> str:
        """A new container name."""
        return f"c-{uuid.uuid4().hex[:10]}"

    @classmethod
    def missing(cls) -> str:
        """What is not installed, in words; "" if nothing."""
        absent = [program for program in cls.needs if not shutil.which(program, path=PATH)]
        return f"not installed: {', '.join(absent)}" if absent else ""

    def daemon(self, program: str, socket: str, *words: str) -> None:
        """Starts a daemon and waits for its socket. Raises Missing with the end of its log."""
        log = self.world.folder / f"{program}.log"
        process = self.world.start(log, program, *words)
        until = time.monotonic() + DEADLINE
        while not self.world.seen(socket).is_socket():
            if process.poll() is not None or time.monotonic() > until:
                raise Missing(f"{program} does not start here: {log.read_text().strip()[-300:]}")
            select.select([], [], [], 0.02)


class Podman(Engine):
    """`podman` with cgroups of its own making and state in the world."""

    needs: tuple[str, ...] = ("podman", "conmon")

    def __init__(self, world: World, image: Image, runtime: str) -> None:
        super().__init__(world, image, runtime)
        conf = world.folder / "containers.conf"
        conf.write_text(PODMAN)
        self.env = {"CONTAINERS_CONF": str(conf)}
        self.prefix = [
            "podman", "--root", f"{STATE}/podman", "--runroot", f"{STATE}/podman-run", "--tmpdir", f"{STATE}/podman-tmp",
            "--cgroup-manager", "cgroupfs", "--events-backend", "file", "--runtime", runtime,
        ]  # fmt: skip

    def prepare(self) -> None:
        self.ok("import", str(self.image.tar), NAME)

    def run(self, *options: str, probe: tuple[str, ...], network: str = "none") -> list[dict[str, Any]]:
        """What the probe prints in a container of its own."""
        return self.lines("run", "--rm", "--network", network, *options, NAME, "/probe", *probe)

    def running(self, *options: str, network: str = "none") -> str:
        """The name of a container that goes on until it is killed."""
        name = self.name()
        self.ok("run", "-d", "--name", name, "--network", network, *options, NAME, "/probe", "hold")
        return name

    def status(self, name: str) -> str:
        """created, running, paused, exited..."""
        return self.ok("inspect", "--format", "{{.State.Status}}", name).strip()


class Docker(Podman):
    """`docker` and its daemon, on the containerd of the world; the same words as podman's."""

    needs = ("dockerd", "docker", "containerd")

    def __init__(self, world: World, image: Image, runtime: str) -> None:
        Engine.__init__(self, world, image, runtime)
        self.prefix = ["docker", "-H", f"unix://{STATE}/docker.sock"]

    def prepare(self) -> None:
        empty = Path(self.world.folder, "daemon.json")
        empty.write_text("{}")
        if not self.world.seen(f"{STATE}/containerd.sock").is_socket():
            Containerd(self.world, self.image, self.runtime).prepare()
        self.daemon(
            "dockerd", f"{STATE}/docker.sock", "--containerd", f"{STATE}/containerd.sock", "--data-root", f"{STATE}/docker",
            "--exec-root", f"{STATE}/docker-run", "-p", f"{STATE}/docker.pid", "-H", f"unix://{STATE}/docker.sock",
            "--config-file", str(empty), "--add-runtime", f"reference={self.world.folder}/runtime-ref",
            "--add-runtime", "control=/usr/sbin/runc",
        )  # fmt: skip
        self.ok("import", str(self.image.tar), NAME)

    def call(self, *words: str, text: str = "") -> Done:
        if words[0] == "run":
            chosen = "control" if self.runtime.endswith("/runc") else "reference"
            words = ("run", "--runtime", chosen, *words[1:])
        return super().call(*words, text=text)


class Containerd(Engine):
    """containerd, driven by its own client `ctr`."""

    needs = ("containerd", "ctr", "containerd-shim-runc-v2")

    def __init__(self, world: World, image: Image, runtime: str) -> None:
        super().__init__(world, image, runtime)
        self.prefix = ["ctr", "-a", f"{STATE}/containerd.sock"]

    def prepare(self) -> None:
        if self.world.seen(f"{STATE}/containerd.sock").is_socket():
            return
        config = self.world.folder / "containerd.toml"
        config.write_text(CONTAINERD)
        self.daemon("containerd", f"{STATE}/containerd.sock", "-c", str(config))

    def run(self, *options: str, probe: tuple[str, ...], code: int = 0) -> str:
        """What the probe prints in a container of its own."""
        words = ("run", "--rm", "--runc-binary", self.runtime, *options, "--rootfs", str(self.image.rootfs), self.name(), "/probe")
        return self.ok(*words, *probe, code=code)

    def running(self) -> str:
        """The name of a container that goes on until it is killed."""
        name = self.name()
        self.ok("run", "-d", "--runc-binary", self.runtime, "--rootfs", str(self.image.rootfs), name, "/probe", "hold")
        return name

    def exec(self, name: str, *options: str, probe: tuple[str, ...], code: int = 0, terminal: bool = False) -> str:
        """The first line that the probe prints inside a container.

        `ctr` drops what it has not read when it hears of the end (one exec of a hundred), so the probe waits until it was read.
        """
        words = ("task", "exec", "--exec-id", self.name(), *options, *(("-t",) if terminal else ()), name, "/probe")
        ended, printed = self.world.talk(*self.prefix, *words, *probe, "wait-line", "exit", str(code), terminal=terminal, reply=b"\n")
        assert ended == code, f"{' '.join(words)}: exit {ended}: {printed[-600:]}"
        return printed.splitlines()[0] if printed else ""

    def status(self, name: str) -> str:
        """RUNNING, PAUSED, STOPPED, or "" if there is no task."""
        rows = [line.split() for line in self.ok("task", "ls").splitlines()]
        return next((row[2] for row in rows if row[0] == name), "")
