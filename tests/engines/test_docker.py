"""Docker's daemon drives the reference: --runtime on the command line of every day."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engines.drive import Docker
from tests.engines.image import NAME
from tests.engines.serve import answer


def test_run_gives_output_and_exit_code(docker: Docker) -> None:
    assert docker.ok("run", "--rm", "--network", "none", NAME, "/probe", "say", "hello", "exit", "7", code=7) == "hello\n"


def test_run_in_the_background_stop_wait_and_remove(docker: Docker) -> None:
    name = docker.running()
    assert docker.status(name) == "running"
    docker.ok("kill", name)
    assert docker.ok("wait", name) == "137\n"
    docker.ok("rm", name)
    assert name not in docker.ok("ps", "-a", "--format", "{{.Names}}")


def test_restart(docker: Docker) -> None:
    name = docker.running()
    before = docker.ok("inspect", "--format", "{{.State.Pid}}", name)
    docker.ok("restart", "-t", "0", name)
    assert docker.status(name) == "running"
    assert docker.ok("inspect", "--format", "{{.State.Pid}}", name) != before
    docker.ok("rm", "-f", name)


def test_init_program(docker: Docker) -> None:
    dump = docker.run("--init", probe=("dump",))[0]
    assert dump["pid"] != 1 and dump["ppid"] == 1


def test_exec(docker: Docker) -> None:
    name = docker.running()
    assert docker.ok("exec", name, "/probe", "say", "inside", "exit", "3", code=3) == "inside\n"
    dump = docker.lines("exec", "-u", "5:6", "-e", "COLOUR=red", "-w", "/tmp", name, "/probe", "dump")[0]
    assert (dump["uid"][0], dump["gid"][0], dump["cwd"], "COLOUR=red" in dump["env"]) == (5, 6, "/tmp", True)
    docker.ok("rm", "-f", name)


def test_terminals_of_run_and_exec(docker: Docker) -> None:
    assert docker.run("-t", probe=("isatty",))[0]["fds"] == [True, True, True]
    name = docker.running()
    assert docker.lines("exec", "-t", name, "/probe", "isatty")[0]["fds"] == [True, True, True]
    docker.ok("rm", "-f", name)


def test_exec_from_a_terminal(docker: Docker) -> None:
    name = docker.running()
    code, printed = docker.world.talk(*docker.prefix, "exec", "-it", name, "/probe", "isatty", "wait-line", "exit", "4", reply=b"typed\n")
    assert (code, json.loads(printed.splitlines()[0])["fds"]) == (4, [True, True, True])
    docker.ok("rm", "-f", name)


def test_input_and_logs(docker: Docker) -> None:
    name = docker.name()
    words = ("run", "-i", "--name", name, "--network", "none", NAME, "/probe", "say", "one", "err", "two", "wait-line")
    done = docker.call(*words, text="typed\n")
    assert (done.returncode, done.stderr) == (0, "two\n")
    assert json.loads(done.stdout.splitlines()[1])["text"] == "typed"
    logs = docker.call("logs", name)
    assert (logs.stdout, logs.stderr) == (done.stdout, "two\n")
    docker.ok("rm", name)


def test_copy_into_a_running_container_and_back(docker: Docker) -> None:
    name = docker.running()
    docker.ok("cp", str(docker.image.tar), f"{name}:/tmp/copied")
    assert docker.lines("exec", name, "/probe", "stat", "/tmp/copied")[0]["errno"] == "OK"
    back = docker.world.folder / f"back-{name}"
    docker.ok("cp", f"{name}:/tmp/copied", str(back))
    assert back.read_bytes() == docker.image.tar.read_bytes()
    docker.ok("rm", "-f", name)


def test_restart_policy(docker: Docker) -> None:
    name = docker.name()
    docker.ok("run", "-d", "--restart", "on-failure:2", "--name", name, "--network", "none", NAME, "/probe", "say", "once more", "exit", "3")
    told = ("inspect", "--format", "{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}", name)
    docker.world.until(lambda: docker.ok(*told) == "2 exited 3\n")
    assert docker.ok("logs", name) == "once more\n" * 3
    docker.ok("rm", name)


@pytest.mark.parametrize(("code", "health"), [("0", "healthy"), ("4", "unhealthy")])
def test_health_check(docker: Docker, code: str, health: str) -> None:
    """The daemon execs the check by itself."""
    image = f"{NAME}-{docker.name()}"
    check = f'HEALTHCHECK --interval=1s --timeout=60s --retries=1 CMD ["/probe", "exit", "{code}"]'
    docker.ok("import", "--change", check, str(docker.image.tar), image)
    name = docker.name()
    docker.ok("run", "-d", "--name", name, "--network", "none", image, "/probe", "hold")
    docker.world.until(lambda: docker.ok("inspect", "--format", "{{.State.Health.Status}}", name) == health + "\n")
    docker.ok("rm", "-f", name)


def test_pause_and_unpause(docker: Docker) -> None:
    name = docker.running()
    docker.ok("pause", name)
    assert docker.status(name) == "paused"
    docker.ok("unpause", name)
    assert docker.status(name) == "running"
    docker.ok("rm", "-f", name)


def test_stats_and_top(docker: Docker) -> None:
    name = docker.running()
    figures = json.loads(docker.ok("stats", "--no-stream", "--format", "{{json .}}", name))
    assert figures["PIDs"] == "1"
    assert not figures["MemUsage"].startswith("0B")
    assert docker.ok("top", name).splitlines()[1].endswith("/probe hold")
    docker.ok("rm", "-f", name)


def test_volume_read_only_root_and_tmpfs(docker: Docker) -> None:
    options = ("--read-only", "--tmpfs", "/tmp", "-v", f"{docker.image.rootfs}:/seen:ro", "-v", f"{docker.world.folder}:/shared")
    wrote = docker.run(*options, probe=("write", "/x", "y", "write", "/tmp/x", "y", "write", "/seen/x", "y", "write", "/shared/d", "y"))
    assert [line["errno"] for line in wrote] == ["EROFS", "OK", "EROFS", "OK"]
    assert Path(docker.world.folder, "d").read_text() == "y"


def test_memory_and_pids_limit_and_their_update(docker: Docker) -> None:
    name = docker.running("-m", "64m", "--pids-limit", "20")
    files = ("read", "/sys/fs/cgroup/memory/memory.limit_in_bytes", "read", "/sys/fs/cgroup/pids/pids.max")
    memory, pids = docker.lines("exec", name, "/probe", *files)
    assert (memory["text"], pids["text"]) == (f"{64 << 20}\n", "20\n")
    docker.ok("update", "--memory", "96m", "--memory-swap", "-1", "--pids-limit", "30", name)
    memory, pids = docker.lines("exec", name, "/probe", *files)
    assert (memory["text"], pids["text"]) == (f"{96 << 20}\n", "30\n")
    docker.ok("rm", "-f", name)


def test_without_limits_the_kernel_s_own_stay(docker: Docker) -> None:
    """Docker writes shares and weight of 0 for a container without limits."""
    name = docker.running("--cpu-shares", "0")
    assert docker.lines("exec", name, "/probe", "read", "/sys/fs/cgroup/cpu/cpu.shares")[0]["text"] == "1024\n"
    docker.ok("rm", "-f", name)


def test_user_capabilities_and_hostname(docker: Docker) -> None:
    dump = docker.run("--user", "1000:1000", "--cap-drop", "all", "--hostname", "somewhere", probe=("dump",))[0]
    assert (dump["uid"][0], dump["hostname"]) == (1000, "somewhere")
    assert "CapEff:\t0000000000000000" in dump["files"]["status"]
    assert "Seccomp:\t2" in dump["files"]["status"]


@pytest.mark.parametrize(("network", "same"), [("none", False), ("host", True)])
def test_network_none_and_host(docker: Docker, network: str, same: bool) -> None:
    dump, net = docker.run(probe=("dump", "net"), network=network)
    world = docker.world.call("readlink", "/proc/self/ns/net").stdout.strip()
    assert (dump["ns"]["net"] == world) is same
    assert same or list(net["interfaces"]) == ["lo"]


def test_bridge_network_with_a_published_port(docker: Docker) -> None:
    """Docker's network comes into the container by a prestart hook, that is after the namespace is there."""
    name = docker.running("-p", "18081:80", network="bridge")
    try:
        interfaces = docker.lines("exec", name, "/probe", "net")[0]["interfaces"]
        assert sorted(interfaces) == ["eth0", "lo"]
        assert answer(docker, docker.ok("inspect", "--format", "{{.State.Pid}}", name).strip(), 18081) == "hello"
    finally:
        docker.ok("rm", "-f", name)


@pytest.mark.parametrize(("program", "code"), [("/missing", 127), ("missing", 127), ("/etc", 126)])
def test_a_program_that_cannot_be_run(docker: Docker, program: str, code: int) -> None:
    docker.ok("run", "--rm", "--network", "none", NAME, program, code=code)


@pytest.mark.parametrize(("option", "namespace"), [("--network", "net"), ("--ipc", "ipc"), ("--pid", "pid")])
def test_joining_a_namespace_of_another_container(docker: Docker, option: str, namespace: str) -> None:
    name = docker.running("--ipc", "shareable")
    other = docker.lines("exec", name, "/probe", "dump")[0]["ns"]
    network = () if option == "--network" else ("--network", "none")
    joined = docker.lines("run", "--rm", *network, option, f"container:{name}", NAME, "/probe", "dump")[0]["ns"]
    assert [kind for kind in ("net", "ipc", "pid", "uts") if joined[kind] == other[kind]] == [namespace]
    docker.ok("rm", "-f", name)


def test_out_of_memory_is_told(docker: Docker) -> None:
    name = docker.name()
    limits = ("-m", "16m", "--memory-swap", "16m")
    (grown,) = docker.lines("run", "--name", name, "--network", "none", *limits, NAME, "/probe", "memory", str(64 << 20))
    assert grown["signal"] == "SIGKILL"
    assert docker.ok("inspect", "--format", "{{.State.OOMKilled}}", name) == "true\n"
    docker.ok("rm", name)


def test_privileged(docker: Docker) -> None:
    mine = next(line for line in docker.world.call("cat", "/proc/self/status").stdout.splitlines() if line.startswith("CapBnd"))
    dump, wrote = docker.run("--privileged", probe=("dump", "open", "/proc/sys/kernel/hostname", "O_WRONLY"))
    assert mine in dump["files"]["status"]
    assert wrote["errno"] == "OK"


def test_masked_and_read_only_paths(docker: Docker) -> None:
    read, wrote = docker.run(probe=("read", "/proc/keys", "open", "/proc/sys/kernel/hostname", "O_WRONLY"))
    assert (read["errno"], read["text"]) == ("OK", "")
    assert wrote["errno"] == "EROFS"


def test_sigterm_stops_what_listens_to_it(docker: Docker) -> None:
    name = docker.name()
    docker.ok("run", "-d", "--name", name, "--network", "none", NAME, "/probe", "catch", "SIGTERM", "pause", "exit", "9")
    docker.ok("stop", "-t", "60", name)
    assert docker.ok("inspect", "--format", "{{.State.ExitCode}}", name) == "9\n"
    docker.ok("rm", name)
