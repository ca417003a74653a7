"""The features document: what this runtime knows, read from the tables that the code itself works with.

Knows which table says what. Must not look at the host: the document is the same on every machine.
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/features.md,
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/features-linux.md.
"""

from __future__ import annotations

from runtime_ref import caps, limits, options, shapes, spec
from runtime_ref.seccomp import bpf, tables

if False:
    from typing import Any

    from runtime_ref.cli import Call


def document() -> dict[str, Any]:
    """The features document as a JSON object."""
    return {
        "ociVersionMin": spec.VERSION_MIN,
        "ociVersionMax": spec.VERSION_MAX,
        "hooks": list(shapes.HOOKS),
        "mountOptions": options.names(),
        "linux": {
            "namespaces": sorted(shapes.NAMESPACES),
            "capabilities": list(caps.NAMES),
            "cgroup": {"v1": True, "v2": True, "systemd": True, "systemdUser": True, "rdma": True},
            "seccomp": {
                "enabled": True,
                "actions": sorted(bpf.ACTIONS),
                "operators": sorted(shapes.SECCOMP_OPERATORS),
                "archs": sorted(tables.ARCHES),
                "knownFlags": sorted(bpf.FLAGS),
                "supportedFlags": sorted(bpf.FLAGS),
            },
            "apparmor": {"enabled": True},
            "selinux": {"enabled": True},
            "intelRdt": {"enabled": True, "schemata": True, "monitoring": True},
            "memoryPolicy": {"modes": list(limits.MEMORY_MODES), "flags": list(limits.MEMORY_FLAGS)},
            "mountExtensions": {"idmap": {"enabled": True}},
            "netDevices": {"enabled": True},
        },
        "annotations": {
            "io.github.proctor.runtime-ref.version": _version(),
            "org.opencontainers.runc.checkpoint.enabled": "false",  # the key that engines look at
        },
        "potentiallyUnsafeConfigAnnotations": [],
    }


def _version() -> str:
    from runtime_ref import cli

    return cli.VERSION


def features_command(call: Call) -> None:
    """`features`."""
    from runtime_ref import text

    print(text.pretty(document()))
