"""Runs the schemas and rules over one document and words what they find.

Knows the keywords of ours in the schemas, `says` and `level`; must not know any member of a document.
"""

import functools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from bundles.schema import rules

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

Kind = Literal["config", "state", "features"]
Level = Literal["MUST", "SHOULD"]


class Fault(NamedTuple):
    """One fault: its JSON path (`$.process.cwd`), what is wrong there, and how strongly the text asks for it."""

    path: str
    message: str
    level: Level = "MUST"


def check(document: Any, kind: Kind = "config", level: Level = "MUST") -> list[Fault]:
    """The faults of a parsed document, sorted by path; with level "SHOULD" also what is only advised against.

    Numbers must have come from JSON as they stand there: 1.0 is no integer here.
    """
    found = {_worded(error) for error in _leaves(_schema(kind).iter_errors(document))}
    if kind == "features" and rules.later_than_known(document):
        # Properties of a spec we do not know yet may be right.
        found = {fault for fault in found if not fault.message.startswith("has unknown ")}
    found |= {Fault(path, message, strength) for path, message, strength in rules.broken(document, kind)}
    return sorted(fault for fault in found if level == "SHOULD" or fault.level == "MUST")


def read(data: bytes, kind: Kind = "config", level: Level = "MUST") -> list[Fault]:
    """The faults of a document as bytes: encoding, syntax and repeated names first, then those of check()."""
    repeated: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        repeated.extend(sorted({name for name in names if names.count(name) > 1}))
        return dict(pairs)

    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=members, parse_constant=_no_constant)
    except UnicodeDecodeError as fault:
        return [Fault("$", f"is not UTF-8: byte {fault.start} is 0x{data[fault.start]:02x}")]
    except (ValueError, RecursionError) as fault:
        return [Fault("$", f"is not JSON: {fault}")]
    doubled = [Fault("$", f"repeats the member name {name!r} within one object") for name in repeated]
    return doubled + check(document, kind, level)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


@functools.cache
def _schema(kind: Kind) -> "Validator":
    """The compiled schema. Imported here: the library takes 90 ms to import, and few commands need it."""
    from jsonschema import validators
    from jsonschema.validators import Draft202012Validator
    from referencing import Registry, Resource

    documents = [json.loads(path.read_text()) for path in sorted(Path(__file__).parent.glob("*.json"))]
    resources = {document["$id"]: Resource.from_contents(document) for document in documents}
    registry: Registry[Any] = Registry().with_resources(resources.items()).crawl()
    types = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    strict: type[Validator] = validators.extend(Draft202012Validator, type_checker=types)  # type: ignore[no-untyped-call]
    return strict(resources[f"proctor:{kind}"].contents, registry=registry)


def _leaves(errors: "Iterable[ValidationError]") -> "Iterator[ValidationError]":
    """Errors without the branches they come through; an anyOf with words of its own speaks for its branches."""
    for error in errors:
        if error.context and "says" not in _own(error):
            yield from _leaves(error.context)
        else:
            yield error


def _own(error: "ValidationError") -> dict[str, Any]:
    return error.schema if isinstance(error.schema, dict) else {}


def _level(error: "ValidationError") -> Level:
    """SHOULD when the schema of the error says so, or refers from where it says so."""
    return "SHOULD" if _own(error).get("level") == "SHOULD" else "MUST"


def _worded(error: "ValidationError") -> Fault:
    schema, keyword = _own(error), error.validator
    value: Any = error.instance
    demand: Any = error.validator_value
    path, level = error.json_path, _level(error)
    if keyword == "required":
        missing = next(name for name in demand if name not in value and repr(name) in error.message)
        return Fault(path, f"lacks {missing}", level)
    if keyword == "dependentRequired":
        return Fault(path, error.message.replace(" is a dependency of ", " is needed beside "), level)
    if keyword == "additionalProperties" and demand is False:
        extra = sorted(set(value) - set(schema.get("properties", {})))
        return Fault(path, f"has unknown {', '.join(extra)}", level)
    if keyword == "minItems":
        return Fault(path, "is empty", level)
    if keyword == "type":
        wanted = demand if isinstance(demand, str) else " or ".join(demand)
        return Fault(path, f"is {_kind(value)}, not {wanted}", level)
    shown = json.dumps(value) if len(json.dumps(value)) <= 60 else json.dumps(value)[:57] + "..."
    if "says" in schema:
        return Fault(path, f"{shown} is not {schema['says']}", level)
    if keyword == "enum":
        return Fault(path, f"{shown} is not one of {', '.join(map(str, demand))}", level)
    if keyword in ("minimum", "maximum"):
        return Fault(path, f"{shown} is {'below' if keyword == 'minimum' else 'above'} {demand}", level)
    if keyword == "minLength":
        return Fault(path, "is an empty string", level)
    return Fault(path, error.message, level)


def _kind(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
