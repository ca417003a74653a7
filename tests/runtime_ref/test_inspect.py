"""`inspect`: what it says of a process is what the process is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from runtime_ref import caps, inspect, procfs, state
from runtime_ref.cli import Call
from runtime_ref.errors import RuntimeFault, Usage
from tests.runtime_ref.within import within


def test_this_process() -> None:
    found = inspect.process(os.getpid())
    assert found["pid"] == os.getpid()
    assert found["parent"] == os.getppid()
    assert found["cwd"] == os.getcwd()
    assert found["uids"]["effective"] == os.geteuid()
    assert found["groups"] == sorted(os.getgroups())
    assert found["program"] == os.path.realpath("/proc/self/exe")
    assert not any(entry["own"] for entry in found["namespaces"].values())
    assert f"mnt:[{found['namespaces']['mnt']['number']}]" == os.readlink("/proc/self/ns/mnt")
    assert any(mount["destination"] == "/proc" and mount["type"] == "proc" for mount in found["mounts"])
    assert found["limits"]["Max open files"].split()[0].isdecimal()
    json.dumps(found)


def changed() -> dict[str, Any]:
    """Runs in a child: what is seen of it after it has confined itself."""
    from runtime_ref import inspect as there
    from runtime_ref.kernel import const as c
    from runtime_ref.kernel import sys as k
    from runtime_ref.seccomp import bpf, load

    os.umask(0o31)
    fd = os.open("/dev/null", os.O_RDONLY)
    k.prctl(c.PR_SET_NO_NEW_PRIVS, 1)
    load(bpf.compile({"defaultAction": "SCMP_ACT_ALLOW"}, c.MACHINE))
    found = there.process(os.getpid())
    # Seen from elsewhere its namespaces are its own.
    return {**found, "fd": str(fd), "text": there.told(found)}


def test_a_confined_process() -> None:
    found = within(changed, cut_off=False)
    assert found["umask"] == "0031"
    assert found["noNewPrivileges"] is True
    assert found["seccomp"]["mode"] == "filter"
    assert found["seccomp"]["filters"] >= 1
    assert found["descriptors"][found["fd"]] == "/dev/null"
    assert "exec gives no new ones" in found["text"]
    assert f"{found['fd']} -> /dev/null" in found["text"]


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (0, "no capability"),
        (caps.BITS["CAP_KILL"] | caps.BITS["CAP_CHOWN"], "CHOWN KILL"),
        ((1 << 41) - 1, "all"),
        ((1 << 41) - 1 - caps.BITS["CAP_SYS_RESOURCE"], "all but SYS_RESOURCE"),
    ],
)
def test_capabilities_in_words(bits: int, words: str) -> None:
    assert caps.words(bits) == words


def test_mountinfo_escapes() -> None:
    assert procfs.unescaped("/a\\040b\\134c") == "/a b\\c"


def test_no_such_process_or_container(tmp_path: Path) -> None:
    settings = {"root": str(tmp_path)}
    for word, said in (("4194305", "process 4194305"), ("nobody", "container nobody")):
        with pytest.raises(RuntimeFault) as fault:
            inspect.inspect_command(Call("inspect", settings, {}, [word]))
        assert fault.value.step == said


def test_a_container_comes_before_a_process(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = state.stat_of(os.getpid())
    assert found
    (tmp_path / "1").mkdir()
    data = {"pid": os.getpid(), "start": found[1], "status": "running", "bundle": "/b"}
    (tmp_path / "1" / "state.json").write_text(json.dumps(data))
    call = Call("inspect", {"root": str(tmp_path)}, {"format": "json"}, ["1"])
    inspect.inspect_command(call)
    document = json.loads(capsys.readouterr().out)
    assert document["container"]["id"] == "1"
    assert document["pid"] == os.getpid()
    call.options["format"] = "text"
    inspect.inspect_command(call)
    assert capsys.readouterr().out.startswith("container      1, running, bundle /b")


def test_another_format_is_refused() -> None:
    with pytest.raises(Usage):
        inspect.inspect_command(Call("inspect", {}, {"format": "xml"}, ["1"]))
