"""The cases for other harnesses: a real bundle each, with what must hold as JSON and a JSON Schema of that."""

from __future__ import annotations

import json
from pathlib import Path

import bundles
from conformance import cases, spec
from conformance.container import base_config
from conformance.judge import items_of
from conformance.model import AnyCase, Case, Rejects, to_json
from conformance.run import steps_of, version_of

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A case of Proctor with what it stands for",
    "type": "object",
    "required": ["case", "version", "steps", "items"],
    "properties": {
        "case": {"type": "object", "required": ["is", "id", "claim", "clause"]},
        "version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "steps": {"type": "array", "items": {"type": "object", "required": ["is", "op"]}},
        "items": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["id", "clause", "level", "kind"],
                "properties": {"level": {"enum": ["MUST", "SHOULD", "MAY"]}},
            },
        },
    },
}


def document(case: AnyCase) -> dict[str, object]:
    """One case as a document of the schema."""
    return {
        "case": to_json(case),
        "version": version_of(case),
        "steps": [to_json(s) for s in steps_of(case)],
        "items": [
            {"id": i.id, "clause": i.clause, "level": spec.lookup(i.clause).level, "kind": i.kind, **({"check": to_json(i.check)} if i.check else {})}
            for i in items_of(case)
        ],
    }


def export(folder: Path) -> int:
    """Write every case below `folder` (made if need be); returns how many. Placeholders in braces stay as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "case.schema.json").write_text(json.dumps(SCHEMA, indent=1))
    count = 0
    for case in cases.everything():
        place = folder / case.id
        place.mkdir(parents=True, exist_ok=True)
        (place / "expectations.json").write_text(json.dumps(document(case), indent=1))
        patches = list(case.config)
        if isinstance(case, Case) and case.tries:
            patches.append({"process": {"args": ["/probe", "dump", *(w for t in case.tries for w in ("try", t))]}})
        bundles.write(place / "bundle", base_config(version_of(case), patches))
        if isinstance(case, Rejects):
            bundles.write(place / "control", base_config(version_of(case), list(case.control)))
        count += 1
    return count
