"""containerd drives the reference through its shim, asked by `ctr`: another client, other habits than podman's."""

from __future__ import annotations

import json

import bundles
from bundles import patches
from tests.engines.drive import Containerd
from tests.engines.image import NAME


def test_run_gives_output_and_exit_code(ctr: Containerd) -> None:
    assert ctr.run(probe=("say", "hello", "exit", "7"), code=7) == "hello\n"


def test_run_from_an_image(ctr: Containerd) -> None:
    ctr.ok("image", "import", str(ctr.image.archive))
    words = ("run", "--rm", "--runc-binary", ctr.runtime, NAME, ctr.name(), "/probe", "say", "from the image")
    assert ctr.ok(*words) == "from the image\n"


def test_run_with_terminal(ctr: Containerd) -> None:
    words = ("run", "--rm", "-t", "--runc-binary", ctr.runtime, "--rootfs", str(ctr.image.rootfs), ctr.name(), "/probe", "isatty")
    code, printed = ctr.world.talk(*ctr.prefix, *words)
    assert (code, json.loads(printed.splitlines()[0])["fds"]) == (0, [True, True, True])


def test_task_list_kill_and_removal(ctr: Containerd) -> None:
    name = ctr.running()
    assert ctr.status(name) == "RUNNING"
    ctr.ok("task", "kill", "-s", "SIGKILL", name)
    ctr.world.until(lambda: ctr.status(name) == "STOPPED")
    ctr.ok("task", "rm", name)
    assert ctr.status(name) == ""
    ctr.ok("containers", "rm", name)


def test_task_removal_by_force(ctr: Containerd) -> None:
    name = ctr.running()
    ctr.ok("task", "rm", "-f", name)
    ctr.ok("containers", "rm", name)
    assert name not in ctr.ok("containers", "ls", "-q")


def test_exec_gives_output_and_exit_code(ctr: Containerd) -> None:
    name = ctr.running()
    assert ctr.exec(name, probe=("say", "inside"), code=5) == "inside"
    dump = json.loads(ctr.exec(name, "--cwd", "/tmp", "--user", "5:6", probe=("dump",)))
    assert (dump["cwd"], dump["uid"][0], dump["gid"][0]) == ("/tmp", 5, 6)
    end(ctr, name)


def test_exec_with_terminal(ctr: Containerd) -> None:
    name = ctr.running()
    assert json.loads(ctr.exec(name, probe=("isatty",), terminal=True))["fds"] == [True, True, True]
    end(ctr, name)


def test_user_namespace(ctr: Containerd) -> None:
    """With `--uidmap` ctr forgets which runtime it was told, so the configuration is a file."""
    uids, gids = ({"containerID": 0, "hostID": first, "size": 65536} for first in (100_000, 200_000))
    namespaces = [{"type": kind} for kind in ("user", "pid", "mount", "ipc", "uts", "network")]
    linux = {"namespaces": namespaces, "uidMappings": [uids], "gidMappings": [gids], "cgroupsPath": f"/{ctr.name()}"}
    config = bundles.merge(bundles.base(), {"root": {"path": str(ctr.image.rootfs)}, "linux": linux}, patches.runs("dump"))
    file = ctr.world.folder / f"{ctr.name()}.json"
    file.write_text(json.dumps(config))
    dump = json.loads(ctr.ok("run", "--rm", "--runc-binary", ctr.runtime, "--config", str(file), ctr.name()))
    assert dump["uid"][0] == 0
    assert dump["files"]["uid_map"].split() == ["0", "100000", "65536"]
    assert dump["files"]["gid_map"].split() == ["0", "200000", "65536"]


def test_pause_and_resume(ctr: Containerd) -> None:
    name = ctr.running()
    ctr.ok("task", "pause", name)
    assert ctr.status(name) == "PAUSED"
    ctr.ok("task", "resume", name)
    assert ctr.status(name) == "RUNNING"
    end(ctr, name)


def test_metrics(ctr: Containerd) -> None:
    name = ctr.running()
    rows = [line.split() for line in ctr.ok("task", "metrics", name).splitlines()]
    figures = {row[0]: row[1] for row in rows if len(row) == 2}
    assert any(key.startswith("memory.usage") and int(value) > 0 for key, value in figures.items()), figures
    assert figures["pids.current"] == "1"
    end(ctr, name)


def test_processes(ctr: Containerd) -> None:
    name = ctr.running()
    pids = [line.split()[0] for line in ctr.ok("task", "ps", name).splitlines()[1:]]
    listed = next(line.split() for line in ctr.ok("task", "ls").splitlines() if line.startswith(name))
    assert pids == [listed[1]]
    end(ctr, name)


def test_mounts_and_read_only_root(ctr: Containerd) -> None:
    bind = f"type=bind,src={ctr.image.rootfs},dst=/tmp,options=rbind:ro"
    wrote = ctr.run("--read-only", "--mount", bind, probe=("write", "/x", "y", "write", "/tmp/x", "y"))
    assert [json.loads(line)["errno"] for line in wrote.splitlines()] == ["EROFS", "EROFS"]


def test_memory_limit(ctr: Containerd) -> None:
    name = ctr.name()
    ctr.ok("run", "-d", "--memory-limit", str(64 << 20), "--runc-binary", ctr.runtime, "--rootfs", str(ctr.image.rootfs), name, "/probe", "hold")
    assert str(64 << 20) in ctr.ok("task", "metrics", name)
    end(ctr, name)


def test_host_network_and_environment(ctr: Containerd) -> None:
    dump = json.loads(ctr.run("--net-host", "--env", "COLOUR=red", probe=("dump",)))
    assert dump["ns"]["net"] == ctr.world.call("readlink", "/proc/self/ns/net").stdout.strip()
    assert "COLOUR=red" in dump["env"]


def test_seccomp_and_privileges(ctr: Containerd) -> None:
    assert "Seccomp:\t2" in json.loads(ctr.run("--seccomp", probe=("dump",)))["files"]["status"]
    assert "Seccomp:\t0" in json.loads(ctr.run("--privileged", probe=("dump",)))["files"]["status"]


def test_a_failure_is_told_by_containerd(ctr: Containerd) -> None:
    """containerd reads the last line of the runtime's JSON log and shows its message."""
    words = ("run", "--rm", "--runc-binary", ctr.runtime, "--rootfs", str(ctr.image.rootfs), ctr.name(), "/missing")
    done = ctr.call(*words)
    assert done.returncode == 1
    assert "/missing" in done.stderr and "no such file or directory" in done.stderr


def end(ctr: Containerd, name: str) -> None:
    ctr.ok("task", "rm", "-f", name)
    ctr.ok("containers", "rm", name)
