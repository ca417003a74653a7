"""What is kept of a case that did not pass: `kept/<case>/<runtime>/` with the bundle, the calls, what was said, and repro.sh.

Knows the folder's layout. Must not know cases or observations as the suite has them: all comes as plain text and JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from reports.published import file_name
from reports.repro import script

_LARGEST: Final = 1 << 20  # bytes of one file of a bundle
_ALL: Final = 8 << 20


@dataclass(frozen=True, kw_only=True)
class Story:
    """One container's life, as it is kept.

    `config` is config.json's text, in which @@NAME@@ stands for what is another path each time: bundle, rootfs, probe, journal, id,
    cgroup, pidfile, ns:NAME. `concrete` maps what the argv really had to those names and to root, log and console.
    `steps` are {"op", "argv", "exit"} for a call of the runtime; {"op": "ended"} waits for the container process, and
    {"op": "said", "text", "count"} for its output. `cannot` says what a shell cannot make again.
    """

    case: str
    claim: str
    clause: str
    runtime: str
    binary: str
    config: str
    concrete: Mapping[str, str]
    steps: Sequence[Mapping[str, Any]]
    bundle: Path
    probe: Path
    without: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    namespaces: Sequence[tuple[str, str, str]] = ()  # name, type, lines of uid_map and gid_map
    cannot: Sequence[str] = ()
    stdin: str = ""
    output: str = ""
    errors: str = ""
    log: str = ""
    state: Any = None
    observation: Any = None


def keep(folder: Path, story: Story) -> Path:
    """Write it below a run's folder; the path relative to it. What was kept there of an earlier round is replaced."""
    place = Path("kept", *(file_name(part) for part in story.case.split("/")), file_name(story.runtime))
    target = folder / place
    if target.exists():
        shutil.rmtree(target)
    target.mkdir(parents=True)
    _copy_bundle(story.bundle, target / "bundle")
    _share_probe(story.probe, folder / "kept", target / "probe")
    calls = [s for s in story.steps if "argv" in s]
    texts = {
        "config.template.json": story.config,
        "argv.jsonl": "".join(json.dumps({"exit": c["exit"], "argv": list(c["argv"])}) + "\n" for c in calls),
        "output.txt": story.output,
        "errors.txt": story.errors,
        "log.txt": story.log,
        "stdin.txt": story.stdin,
        "state.json": "" if story.state is None else json.dumps(story.state, indent=1),
        "observation.json": "" if story.observation is None else json.dumps(story.observation, indent=1),
    }
    for name, text in texts.items():
        if text or name in ("config.template.json", "stdin.txt"):
            (target / name).write_text(text, encoding="utf-8", errors="backslashreplace")
    repro = target / "repro.sh"
    words = vars(story)
    repro.write_text(
        script(**{k: words[k] for k in ("case", "claim", "clause", "runtime", "binary", "concrete", "steps", "without", "env", "namespaces", "cannot")}),
        encoding="utf-8",
    )
    repro.chmod(0o755)
    return place


def _share_probe(probe: Path, kept: Path, target: Path) -> None:
    """One copy of the probe a run; the others are links to it."""
    shared = kept / ".probe"
    if not shared.exists():
        fresh = kept / f".probe-{os.getpid()}"
        shutil.copyfile(probe, fresh)
        fresh.chmod(0o755)
        fresh.replace(shared)
    try:
        os.link(shared, target)
    except OSError:
        shutil.copyfile(shared, target)
        target.chmod(0o755)


def _copy_bundle(bundle: Path, target: Path) -> None:
    """Folders, links and plain files of one filesystem; neither the probe nor devices, sockets, FIFOs; not what is large."""
    target.mkdir()
    device, left = bundle.lstat().st_dev, _ALL
    for root, folders, files in os.walk(bundle):
        at = target / os.path.relpath(root, bundle)
        for name in list(folders):
            one = Path(root, name)
            info = one.lstat()
            if stat.S_ISLNK(info.st_mode):
                files.append(name)
                folders.remove(name)
            elif info.st_dev != device:
                folders.remove(name)  # something is mounted there
            else:
                (at / name).mkdir()
                os.chmod(at / name, stat.S_IMODE(info.st_mode) | 0o700)
        for name in files:
            one, info = Path(root, name), Path(root, name).lstat()
            if stat.S_ISLNK(info.st_mode):
                os.symlink(os.readlink(one), at / name)
            elif stat.S_ISREG(info.st_mode) and info.st_size <= min(_LARGEST, left) and one != bundle / "rootfs" / "probe":
                left -= info.st_size
                shutil.copyfile(one, at / name, follow_symlinks=False)
                os.chmod(at / name, stat.S_IMODE(info.st_mode))
