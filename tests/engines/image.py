"""The image that engines run: the probe's root file system, as a plain tar and as an OCI image archive.

Knows the layout of OCI images (https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md). Knows no engine.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

from bundles import probe, rootfs

NAME = "localhost/probe:1"
MEDIA = "application/vnd.oci.image"


class Image:
    """`rootfs`: a folder; `tar`: the same as a tar; `archive`: an OCI layout in a tar."""

    def __init__(self, folder: Path) -> None:
        self.rootfs = folder / "rootfs"
        self.tar = folder / "rootfs.tar"
        self.archive = folder / "image.tar"
        rootfs.make(self.rootfs, probe.build())
        with tarfile.open(self.tar, "w") as file:
            file.add(self.rootfs, arcname=".")
        self._archive()

    def _archive(self) -> None:
        layer = self.tar.read_bytes()
        arch = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
        diff = {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}
        files: dict[str, bytes] = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}

        def blob(content: bytes, kind: str) -> dict[str, Any]:
            digest = hashlib.sha256(content).hexdigest()
            files["blobs/sha256/" + digest] = content
            return {"mediaType": f"{MEDIA}.{kind}", "digest": "sha256:" + digest, "size": len(content)}

        settings = {"architecture": arch, "os": "linux", "config": {}, "rootfs": diff}
        manifest = {
            "schemaVersion": 2,
            "mediaType": MEDIA + ".manifest.v1+json",
            "config": blob(json.dumps(settings).encode(), "config.v1+json"),
            "layers": [blob(layer, "layer.v1.tar")],
        }
        entry = blob(json.dumps(manifest).encode(), "manifest.v1+json")
        entry["annotations"] = {"io.containerd.image.name": NAME, "org.opencontainers.image.ref.name": NAME}
        files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
        with tarfile.open(self.archive, "w") as file:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                file.addfile(member, io.BytesIO(content))
