"""Fixtures: one world a worker, engines started in it when first asked for. Leaves nothing behind.

A test is a function of one engine. It is called with runc first: if that fails, the test is skipped and says so; then
with the reference.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from runtime_ref import install
from tests.engines.drive import Containerd, Docker, Engine, Missing, Podman
from tests.engines.image import Image
from tests.engines.world import PATH, World

Of = TypeVar("Of", bound=Engine)


class Engines:
    """The engines of a world. A kind that cannot be had skips the test that asks for it, with the fact."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.image = Image(world.folder)
        self.reference = str(world.folder / "runtime-ref")
        self.runc = shutil.which("runc", path=PATH)
        install.launcher(self.reference, [os.path.dirname(install.HERE), os.path.dirname(install.backend())])
        self.ready: dict[type[Engine], str] = {}

    def get(self, kind: type[Of], request: pytest.FixtureRequest) -> Of:
        """The engine with the reference, after the same test has passed with runc: what runc cannot do here is skipped."""
        if kind not in self.ready:
            self.ready[kind] = kind.missing()
            if not self.ready[kind]:
                try:
                    kind(self.world, self.image, self.reference).prepare()
                except Missing as fact:
                    self.ready[kind] = str(fact)
        if self.ready[kind]:
            pytest.skip(self.ready[kind])
        if self.runc:
            others = request.node.callspec.params if hasattr(request.node, "callspec") else {}
            try:
                request.function(**{str(request.fixturename): kind(self.world, self.image, self.runc)}, **others)
            except (AssertionError, KeyError, ValueError, subprocess.TimeoutExpired) as fault:
                pytest.skip(f"runc cannot do it here either: {fault}")
        return kind(self.world, self.image, self.reference)


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    if os.geteuid() != 0:
        pytest.skip("not root: a world of namespaces and cgroups is made by root")
    folder = Path(tempfile.mkdtemp(prefix="engines-"))
    folder.chmod(0o711)  # the root of a user namespace comes by
    world = World(folder)
    try:
        yield Engines(world)
    finally:
        world.end()  # every mount is gone with it: the folder holds nothing of others
        shutil.rmtree(folder)


@pytest.fixture
def podman(engines: Engines, request: pytest.FixtureRequest) -> Podman:
    return engines.get(Podman, request)


@pytest.fixture
def docker(engines: Engines, request: pytest.FixtureRequest) -> Docker:
    return engines.get(Docker, request)


@pytest.fixture
def ctr(engines: Engines, request: pytest.FixtureRequest) -> Containerd:
    return engines.get(Containerd, request)
