"""Podman drives the reference: what a user types every day, and that its ends and figures are right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engines.drive import Podman
from tests.engines.image import NAME
from tests.engines.serve import answer


def test_run_gives_output_and_exit_code(podman: Podman) -> None:
    assert podman.ok("run", "--rm", "--network", "none", NAME, "/probe", "say", "hello", "exit", "7", code=7) == "hello\n"


def test_run_in_the_background_then_wait(podman: Podman) -> None:
    name = podman.running()
    assert podman.status(name) == "running"
    podman.ok("kill", "--signal", "KILL", name)
    assert podman.ok("wait", name) == "137\n"
    podman.ok("rm", name)
    podman.ok("inspect", name, code=125)


def test_kill_by_a_caught_signal(podman: Podman) -> None:
    name = podman.name()
    podman.ok("run", "-d", "--name", name, "--network", "none", NAME, "/probe", "catch", "SIGUSR1", "pause")
    podman.ok("kill", "--signal", "USR1", name)
    assert podman.ok("wait", name) == "0\n"
    assert "SIGUSR1" in podman.ok("logs", name)
    podman.ok("rm", name)


def test_rm_force_ends_it(podman: Podman) -> None:
    name = podman.running()
    podman.ok("rm", "-f", "-t", "0", name)
    assert name not in podman.ok("ps", "-a", "--format", "{{.Names}}")


def test_create_then_start_attached(podman: Podman) -> None:
    name = podman.name()
    podman.ok("create", "--name", name, "--network", "none", NAME, "/probe", "say", "later")
    assert podman.ok("start", "-a", name) == "later\n"
    podman.ok("rm", name)


def test_exec(podman: Podman) -> None:
    name = podman.running()
    assert podman.ok("exec", name, "/probe", "say", "inside", "exit", "3", code=3) == "inside\n"
    dump = podman.lines("exec", "-u", "5:6", "-e", "COLOUR=red", "-w", "/tmp", name, "/probe", "dump")[0]
    assert (dump["uid"][0], dump["gid"][0], dump["cwd"]) == (5, 6, "/tmp")
    assert "COLOUR=red" in dump["env"]
    podman.ok("rm", "-f", "-t", "0", name)


def test_exec_with_terminal(podman: Podman) -> None:
    name = podman.running()
    assert podman.lines("exec", "-t", name, "/probe", "isatty")[0]["fds"] == [True, True, True]
    assert podman.lines("exec", name, "/probe", "isatty")[0]["fds"] == [False, False, False]
    podman.ok("rm", "-f", "-t", "0", name)


def test_exec_of_a_missing_program_is_127(podman: Podman) -> None:
    name = podman.running()
    podman.ok("exec", name, "/missing", code=127)
    podman.ok("exec", name, "missing", code=127)
    podman.ok("rm", "-f", "-t", "0", name)


def test_run_with_terminal(podman: Podman) -> None:
    assert podman.run("-t", probe=("isatty",))[0]["fds"] == [True, True, True]


@pytest.mark.parametrize(("program", "code"), [("/missing", 127), ("missing", 127), ("/etc", 126)])
def test_a_program_that_cannot_be_run(podman: Podman, program: str, code: int) -> None:
    podman.ok("run", "--rm", "--network", "none", NAME, program, code=code)


def test_pause_and_unpause(podman: Podman) -> None:
    name = podman.running()
    podman.ok("pause", name)
    assert podman.status(name) == "paused"
    podman.ok("unpause", name)
    assert podman.status(name) == "running"
    podman.ok("exec", name, "/probe", "say", "awake")
    podman.ok("rm", "-f", "-t", "0", name)


def test_stats_and_top(podman: Podman) -> None:
    name = podman.running()
    (figures,) = json.loads(podman.ok("stats", "--no-stream", "--format", "json", name))
    assert figures["pids"] == "1"
    assert not figures["mem_usage"].startswith("0B")
    assert podman.ok("top", name, "pid", "args").splitlines()[1].split() == ["1", "/probe", "hold"]
    podman.ok("rm", "-f", "-t", "0", name)


def test_volume_read_only_root_and_tmpfs(podman: Podman) -> None:
    shared = podman.image.rootfs
    options = ("--read-only", "--tmpfs", "/tmp", "-v", f"{shared}:/seen:ro", "-v", f"{podman.world.folder}:/shared")
    wrote = podman.run(*options, probe=("write", "/x", "y", "write", "/tmp/x", "y", "write", "/seen/x", "y", "write", "/shared/x", "y"))
    assert [line["errno"] for line in wrote] == ["EROFS", "OK", "EROFS", "OK"]
    assert Path(podman.world.folder, "x").read_text() == "y"


def test_user_namespace(podman: Podman) -> None:
    dump = podman.run("--uidmap", "0:100000:65536", "--gidmap", "0:200000:65536", probe=("dump",))[0]
    assert dump["uid"][0] == 0
    assert dump["files"]["uid_map"].split() == ["0", "100000", "65536"]
    assert dump["files"]["gid_map"].split() == ["0", "200000", "65536"]


def test_memory_and_pids_limit(podman: Podman) -> None:
    memory, pids = podman.run(
        "-m", "64m", "--pids-limit", "20", "--cgroupns", "host",
        probe=("read", "/sys/fs/cgroup/memory/memory.limit_in_bytes", "read", "/sys/fs/cgroup/pids/pids.max"),
    )  # fmt: skip
    assert (memory["text"], pids["text"]) == (f"{64 << 20}\n", "20\n")


def test_update_of_limits_is_seen(podman: Podman) -> None:
    name = podman.running("-m", "64m")
    podman.ok("update", "--memory", "96m", name)
    (limit,) = podman.lines("exec", name, "/probe", "read", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
    assert limit["text"] == f"{96 << 20}\n"
    podman.ok("rm", "-f", "-t", "0", name)


def test_user_capabilities_and_hostname(podman: Podman) -> None:
    dump = podman.run("--user", "1000:1000", "--cap-drop", "all", "--hostname", "somewhere", probe=("dump",))[0]
    assert (dump["uid"][0], dump["hostname"]) == (1000, "somewhere")
    assert "CapEff:\t0000000000000000" in dump["files"]["status"]


def test_privileged_has_every_capability(podman: Podman) -> None:
    mine = next(line for line in podman.world.call("cat", "/proc/self/status").stdout.splitlines() if line.startswith("CapBnd"))
    assert mine in podman.run("--privileged", probe=("dump",))[0]["files"]["status"]


@pytest.mark.parametrize(("network", "same"), [("none", False), ("host", True)])
def test_network_none_and_host(podman: Podman, network: str, same: bool) -> None:
    dump, net = podman.run(probe=("dump", "net"), network=network)
    world = podman.world.call("readlink", "/proc/self/ns/net").stdout.strip()
    assert (dump["ns"]["net"] == world) is same
    assert same or list(net["interfaces"]) == ["lo"]


def test_bridge_network_with_a_published_port(podman: Podman) -> None:
    name = podman.running("-p", "18080:80", network="podman")
    try:
        interfaces = podman.lines("exec", name, "/probe", "net")[0]["interfaces"]
        assert sorted(interfaces) == ["eth0", "lo"]
        pid = podman.ok("inspect", "--format", "{{.State.Pid}}", name).strip()
        assert answer(podman, pid, 18080) == "hello"
    finally:
        podman.ok("rm", "-f", "-t", "0", name)


@pytest.mark.parametrize(("option", "namespace"), [("--network", "net"), ("--ipc", "ipc"), ("--pid", "pid"), ("--uts", "uts")])
def test_joining_a_namespace_of_another_container(podman: Podman, option: str, namespace: str) -> None:
    name = podman.running("--ipc", "shareable")
    other = podman.lines("exec", name, "/probe", "dump")[0]["ns"]
    network = () if option == "--network" else ("--network", "none")
    joined = podman.lines("run", "--rm", *network, option, f"container:{name}", NAME, "/probe", "dump")[0]["ns"]
    assert [kind for kind in ("net", "ipc", "pid", "uts") if joined[kind] == other[kind]] == [namespace]
    podman.ok("rm", "-f", "-t", "0", name)


def test_devices_sysctls_limits_and_shared_memory(podman: Podman) -> None:
    dump, msgmax, shm = podman.run(
        "--device", "/dev/full:/dev/brimful:rw", "--sysctl", "kernel.msgmax=4096", "--shm-size", "1m", "--umask", "027",
        "--ulimit", "core=0:0", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024",
        probe=("dump", "read", "/proc/sys/kernel/msgmax", "statfs", "/dev/shm"),
    )  # fmt: skip
    device = dump["dev"]["brimful"]
    assert (device["major"], device["minor"]) == (1, 7)
    assert msgmax["text"] == "4096\n"
    assert dump["rlimits"]["RLIMIT_CORE"] == [0, 0]
    assert dump["umask"] == 0o027
    assert shm["blocks"] * shm["block"] == 1 << 20


def test_preserved_descriptors(podman: Podman) -> None:
    """The runtime hands descriptors from 3 on to the container's program."""
    script = 'exec 3<"$0"; shift 0; exec "$@"'
    words = (*podman.prefix, "run", "--rm", "--network", "none", "--preserve-fds", "1", NAME, "/probe", "dump")
    done = podman.world.call("sh", "-c", script, str(podman.image.tar), *words, env=podman.env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["fds"]["3"].endswith("rootfs.tar")


def test_a_memory_limit_is_kept(podman: Podman) -> None:
    name = podman.name()
    limits = ("-m", "16m", "--memory-swap", "16m")
    (grown,) = podman.lines("run", "--name", name, "--network", "none", *limits, NAME, "/probe", "memory", str(64 << 20))
    assert grown["signal"] == "SIGKILL"
    podman.ok("rm", name)


def test_pod_with_shared_namespaces(podman: Podman) -> None:
    pod = podman.name()
    infra = ("--infra-image", NAME, "--infra-command", "/probe hold")
    podman.ok("pod", "create", "--name", pod, "--network", "none", "--share", "net,ipc,uts", *infra)
    try:
        name = podman.name()
        podman.ok("run", "-d", "--name", name, "--pod", pod, NAME, "/probe", "hold")
        one = podman.lines("exec", name, "/probe", "dump")[0]["ns"]
        two = podman.lines("run", "--rm", "--pod", pod, NAME, "/probe", "dump")[0]["ns"]
        assert [kind for kind in ("net", "ipc", "uts", "pid", "mnt") if one[kind] == two[kind]] == ["net", "ipc", "uts"]
    finally:
        podman.ok("pod", "rm", "-f", "-t", "0", pod)


def test_root_file_system_in_a_folder(podman: Podman) -> None:
    words = ("run", "--rm", "--network", "none", "--read-only", "--rootfs", str(podman.image.rootfs), "/probe", "say", "from a folder")
    assert podman.ok(*words) == "from a folder\n"


def test_copy_into_a_running_container_and_back(podman: Podman) -> None:
    """podman pauses a container while it copies."""
    name = podman.running()
    podman.ok("cp", str(podman.image.tar), f"{name}:/tmp/copied")
    assert podman.lines("exec", name, "/probe", "stat", "/tmp/copied")[0]["errno"] == "OK"
    back = podman.world.folder / f"back-{name}"
    podman.ok("cp", f"{name}:/tmp/copied", str(back))
    assert back.read_bytes() == podman.image.tar.read_bytes()
    assert podman.status(name) == "running"
    podman.ok("rm", "-f", "-t", "0", name)


@pytest.mark.parametrize(("code", "health"), [("0", "healthy"), ("4", "unhealthy")])
def test_health_check(podman: Podman, code: str, health: str) -> None:
    check = ("--health-cmd", json.dumps(["/probe", "exit", code]), "--health-interval", "disable", "--health-retries", "1")
    name = podman.running(*check)
    podman.ok("healthcheck", "run", name, code=0 if code == "0" else 1)
    assert podman.ok("inspect", "--format", "{{.State.Health.Status}}", name) == health + "\n"
    podman.ok("rm", "-f", "-t", "0", name)
