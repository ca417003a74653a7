"""The reference against every runc and crun on PATH: `python -m benchmarks.runtime [--rounds 30] [--sealed] [--also PATH] [--soak N]`.

Every round runs each runtime once, in random order, on the same bundle (the full feature set: Docker-like mounts, capabilities, cgroup
limits, seccomp); figures are medians, and ratios are medians over medians of the same rounds. Peak memory is the largest of any process of
a run. The goals are of runc 1.1.5 and crun 1.8.1, the first found of each name. Exit 1 if one is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bundles
from runtime_ref import install

ROOT = Path(__file__).parents[1]
NULL = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def config() -> dict[str, object]:
    """What an engine would ask for."""
    caps = [
        f"CAP_{c}"
        for c in [
            "CHOWN",
            "DAC_OVERRIDE",
            "FSETID",
            "FOWNER",
            "MKNOD",
            "NET_RAW",
            "SETGID",
            "SETUID",
            "SETFCAP",
            "SETPCAP",
            "NET_BIND_SERVICE",
            "SYS_CHROOT",
            "KILL",
            "AUDIT_WRITE",
        ]
    ]
    names = json.loads((ROOT / "benchmarks" / "syscalls.json").read_text())
    return bundles.merge(
        bundles.base(),
        {
            "process": {"args": ["/probe", "exit", "0"], "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), caps)},
            "mounts": [
                *bundles.base()["mounts"],
                {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
                {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
                {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]},
            ],
            "linux": {
                "cgroupsPath": None,
                "namespaces": [{"type": t} for t in ("pid", "network", "ipc", "uts", "mount", "cgroup")],
                "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
                "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
                "resources": {"devices": [{"allow": False, "access": "rwm"}], "memory": {"limit": 268435456}, "pids": {"limit": 100}},
                "seccomp": {
                    "defaultAction": "SCMP_ACT_ERRNO",
                    "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
                    "syscalls": [{"names": names, "action": "SCMP_ACT_ALLOW"}],
                },
            },
        },
    )


class Subject:
    """One runtime and its command line."""

    def __init__(self, name: str, argv: list[str], folder: Path) -> None:
        self.name, self.argv, self.root = name, [*argv, "--root", str(folder / f"root-{name}")], folder
        self.count = 0

    def call(self, *words: str) -> None:
        """One call, which must succeed. By posix_spawn(3): what subprocess does around it is not the runtime's time."""
        argv = [*self.argv, *words]
        null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
        status = os.waitpid(os.posix_spawn(argv[0], argv, os.environ, file_actions=null), 0)[1]
        if status:
            raise SystemExit(f"{' '.join(argv)} ended with {os.waitstatus_to_exitcode(status)}")

    def ident(self) -> str:
        """A new id."""
        self.count += 1
        return f"bench-{os.getpid()}-{self.name}-{self.count}"

    def run(self, bundle: Path) -> float:
        """Milliseconds of `run`."""
        begun = time.perf_counter()
        self.call("run", "--bundle", str(bundle), self.ident())
        return (time.perf_counter() - begun) * 1000

    def cycle(self, bundle: Path) -> float:
        """Milliseconds of create, start and delete --force, of a program that would go on."""
        ident, begun = self.ident(), time.perf_counter()
        for words in (("create", "--bundle", str(bundle), ident), ("start", ident), ("delete", "--force", ident)):
            self.call(*words)
        return (time.perf_counter() - begun) * 1000

    def memory(self, bundle: Path) -> float:
        """Peak MiB of a `run`, by time(1), which starts it from a process of its own; 0 where that is not installed."""
        if not shutil.which("time"):
            return 0.0
        words = [shutil.which("time") or "", "-f", "%M", *self.argv, "run", "--bundle", str(bundle), self.ident()]
        done = subprocess.run(words, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        return int(done.stderr.split()[-1]) / 1024


def subjects(folder: Path, sealed: bool, also: list[str]) -> list[Subject]:
    """The reference, what else is installed, and the programs in `also`, named by their numbers from 2 on."""
    launcher = str(ROOT / ".venv" / "bin" / "runtime-ref")
    found = [Subject("reference", [launcher, "--no-seal"], folder)]
    if sealed:
        found.append(Subject("sealed", [launcher], folder))
    for name in ("runc", "crun"):
        places = [f"{each}/{name}" for each in os.get_exec_path()] + [each for each in also if Path(each).name.startswith(name)]
        files = dict.fromkeys(os.path.realpath(each) for each in places if os.access(each, os.X_OK))
        found += [Subject(name if number == 1 else f"{name}{number}", [path], folder) for number, path in enumerate(files, 1)]
    return found


def soak(folder: Path, bundle: Path, count: int) -> int:
    """`count` containers in a row and 200 at once on the reference; what fails or is left is printed."""
    subject = Subject("reference", [str(ROOT / ".venv" / "bin" / "runtime-ref"), "--no-seal"], folder)
    first = None
    for number in range(count):
        wall = subject.run(bundle)
        if number == 50:
            first = wall
    print(f"{count} in a row: no failure; run {first or 0:.1f} ms early, {wall:.1f} ms at the end; {len(os.listdir(subject.argv[-1]))} left in --root")
    began = [subprocess.Popen([*subject.argv, "run", "--bundle", str(bundle), subject.ident()], **NULL) for _ in range(200)]  # type: ignore[call-overload]
    failed = sum(child.wait() != 0 for child in began)
    print(f"200 at once: {failed} failed; {len(os.listdir(subject.argv[-1]))} left in --root")
    return int(failed)


def main() -> int:
    """Print the figures; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--sealed", action="store_true", help="also with the interpreter sealed, as it is by default")
    parser.add_argument("--also", action="append", default=[], metavar="PATH", help="another program whose name starts with runc or crun")
    parser.add_argument("--soak", type=int, default=0, metavar="N", help="instead: N containers in a row, and 200 at once")
    given = parser.parse_args()
    install.here(str(ROOT / ".venv" / "bin" / "runtime-ref"))  # the sources as they are now
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        bundle = folder / "bundle"
        held = folder / "held"
        bundles.write(bundle, config())
        bundles.write(held, bundles.merge(config(), {"process": {"args": ["/probe", "pause"]}}))
        if given.soak:
            return soak(folder, bundle, given.soak)
        found = subjects(folder, given.sealed, given.also)
        times: dict[str, dict[str, list[float]]] = {s.name: {"run": [], "cycle": []} for s in found}
        for number in range(given.rounds + 1):
            for subject in random.sample(found, len(found)):
                run, cycle = subject.run(bundle), subject.cycle(held)
                if number:
                    times[subject.name]["run"].append(run)
                    times[subject.name]["cycle"].append(cycle)
        memory = {s.name: s.memory(bundle) for s in found}
    medians = {name: {what: statistics.median(values) for what, values in rows.items()} for name, rows in times.items()}
    for subject in found[1 + given.sealed :]:
        said = subprocess.run([*subject.argv[:1], "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
        print(f"{subject.name}: {subject.argv[0]}, {said}")
    for name, row in medians.items():
        print(f"{name:10} run {row['run']:6.1f} ms   create+start+delete {row['cycle']:6.1f} ms   peak memory {memory[name]:5.1f} MiB")
    goals = [("reference", "runc", "run", 0.65), ("reference", "crun", "run", 1.2), ("reference", "runc", "cycle", 0.6), ("sealed", "runc", "run", 0.9)]
    missed = 0
    for mine, other, what, most in goals:
        if mine in medians and other in medians:
            ratio = medians[mine][what] / medians[other][what]
            missed += ratio > most
            print(f"{mine} {what} / {other}: {ratio:.2f}   goal {most}   {'met' if ratio <= most else 'MISSED'}")
    if not memory["reference"]:
        print("peak memory was not measured: apt-get install time")
    elif "runc" in memory:
        missed += memory["reference"] > memory["runc"]
        print(f"peak memory {memory['reference']:.1f} against {memory['runc']:.1f} MiB")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
