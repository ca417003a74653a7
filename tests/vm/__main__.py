"""Boots an emulated Debian kernel and runs tests in it that this machine's kernel cannot answer: `make vm-test`.

Knows virtme-ng and what the guest leaves in a shared folder: `rc`, `log`, `junit.xml`. The guest sees this machine's
files read-only, so nothing is copied. A guest that leaves no `rc` is an error, whatever virtme-ng's exit code says.

Usage: python -m tests.vm [--kernel FILE] [PYTEST-WORD...]
Exit: pytest's, 3 if the guest could not be booted or did not end in time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
SECONDS = 590
# Each needs a kernel that many machines do not have: cgroup v2 with controllers, AppArmor.
TESTS = (
    "tests/runtime_ref/test_cgroup_v2.py",
    "tests/runtime_ref/test_cgroup_container.py",
    "tests/runtime_ref/test_systemd_driver.py",
    "tests/runtime_ref/test_apparmor.py",
)
CASES = ("tests/conformance/test_elsewhere.py",)  # in a boot of its own, since each has a limit in time
NEEDS = {
    "vng": f"{sys.executable} -m pip install virtme-ng",
    "qemu-system-x86_64": "apt-get install qemu-system-x86",
    "busybox": "apt-get install busybox-static",
}


def main(words: list[str]) -> int:
    """Boots, waits, prints the guest's log. The exit code of the first boot that has another than 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.vm", description="Run tests in an emulated kernel.")
    parser.add_argument("--kernel", help="the kernel's file; default the newest of /boot that has its modules")
    options, rest = parser.parse_known_args(words)
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    missing = [f"{name}: {how}" for name, how in NEEDS.items() if not shutil.which(name)]
    kernel = options.kernel or newest_kernel()
    if not kernel:
        missing.append("a kernel with modules: apt-get install linux-image-amd64 udev apparmor")
    if missing:
        print("vm-test needs " + "\n  and ".join(missing), file=sys.stderr)
        return 3
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))  # the guest must not outlive us
    code = 0
    for tests in [rest] if rest else [list(TESTS), list(CASES)]:
        share = Path(tempfile.mkdtemp(prefix="proctor-vm-"))
        try:
            code = code or boot(str(kernel), share, tests)
        finally:
            shutil.rmtree(share, ignore_errors=True)
    return code


def newest_kernel() -> str | None:
    """The newest kernel installed by the distribution, with its modules."""
    found = [path for path in Path("/boot").glob("vmlinuz-*") if Path("/lib/modules", path.name[8:]).is_dir()]
    return str(max(found, key=lambda path: path.stat().st_mtime)) if found else None


def can_kvm() -> bool:
    """Whether this processor can run a guest: /dev/kvm is there on some that cannot, and then hangs."""
    with open("/proc/cpuinfo") as file:
        flags = file.read().split()
    return ("vmx" in flags or "svm" in flags) and os.access("/dev/kvm", os.R_OK | os.W_OK)


def boot(kernel: str, share: Path, tests: list[str]) -> int:
    """One boot of the kernel with the share in it; the exit code."""
    (share / "pytest.ini").write_text("[pytest]\n")
    inside = ["sh", str(TREE / "tests/vm/guest.sh"), str(share), str(TREE), sys.executable, *tests]
    argv = [
        "vng",
        "--run",
        kernel,
        "--user",
        "root",
        "--cpus",
        str(os.cpu_count() or 1),
        "--memory",
        "2G",
        "--force-9p",
    ]
    kvm = can_kvm()
    argv += [] if kvm else ["--disable-kvm"]
    argv += ["--rwdir", str(share), "--exec", " ".join(inside)]
    print(f"booting {kernel}{'' if kvm else ' in emulation'}", flush=True)
    began = time.monotonic()
    with open(share / "console", "wb") as console:
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True, cwd=share)
        try:
            child.wait(SECONDS)
        except subprocess.TimeoutExpired:
            print(f"the guest did not end within {SECONDS} s", file=sys.stderr)
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
    print(text(share / "log"))
    code = text(share / "rc").strip()
    if not code:
        print(f"the guest left no result\n{text(share / 'console')[-3000:]}", file=sys.stderr)
        return 3
    print(f"the guest took {time.monotonic() - began:.0f} s")
    if code == "0" and not passed(share / "junit.xml"):
        print("no test has passed in the guest", file=sys.stderr)
        return 3
    return int(code)


def passed(report: Path) -> int:
    """How many tests passed, by a JUnit file."""
    cases = ET.parse(report).getroot().iter("testcase")
    return sum(1 for case in cases if not len(case.findall("./failure") + case.findall("./error") + case.findall("./skipped")))


def text(path: Path) -> str:
    """What is in a file, "" if it is not there."""
    return path.read_text(errors="replace") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
