"""The errors of the runtime: what was being done, where in config.json, and why it failed.

Knows nothing of what raises or prints them. https://github.com/opencontainers/runtime-spec/blob/v1.3.0/runtime.md#errors
"""

from __future__ import annotations


class RuntimeFault(Exception):
    """A failed step. `step`: what was done; `where`: JSON path in config.json or ""; `why`: one sentence."""

    def __init__(self, step: str, why: str, where: str = "") -> None:
        super().__init__(step, why, where)
        self.step = step
        self.why = why
        self.where = where

    def __str__(self) -> str:
        return ": ".join(part for part in (self.step, self.where, self.why) if part)


class ConfigError(RuntimeFault):
    """A configuration that cannot be applied: the JSON path of the member ("" for the whole document), and why."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__("config.json", message, path)


class Usage(RuntimeFault):
    """A faulty command line: one sentence that says what is wrong."""

    def __init__(self, why: str) -> None:
        super().__init__("", why)
