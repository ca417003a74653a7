"""One HTML file from a template: styles and script inside, nothing fetched, nothing run but our own script.

Knows templates, escaping and the content security policy. Must not know what a page is about.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports.text import visible

TEMPLATES = Path(__file__).parent / "templates"


def safe_link(link: object) -> str:
    """The link if it is plain http(s), else ""."""
    try:
        parts = urlsplit(str(link))
    except ValueError:
        return ""
    return str(link) if parts.scheme in ("http", "https") and parts.netloc else ""


def entry(one: object) -> str:
    """A line of a runtime's log: its message, or the whole of it."""
    if isinstance(one, Mapping) and isinstance(one.get("msg"), str):
        return f"{one.get('level', '')}: {one['msg']}".removeprefix(": ")
    return one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)


def dotted(name: object) -> Markup:
    """A dotted name that a narrow page breaks behind a dot, not within a word."""
    return Markup(".<wbr>").join(visible(name).split("."))


def by_hand(kept: object) -> str:
    """The command that repeats what was kept, as a shell takes it."""
    return "sudo sh " + shlex.quote(f"{kept}/repro.sh")


@cache
def _environment() -> Environment:
    found = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    found.filters.update(visible=visible, safe_link=safe_link, entry=entry, dotted=dotted, by_hand=by_hand)
    return found


@cache
def _inline(name: str) -> tuple[Markup, str]:
    text = "\n" + (TEMPLATES / name).read_text(encoding="utf-8")
    return Markup(text), base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def render(template: str, **words: Any) -> str:
    """The page as text."""
    style, style_hash = _inline("page.css")
    script, script_hash = _inline("page.js")
    return _environment().get_template(template).render(style=style, style_hash=style_hash, script=script, script_hash=script_hash, **words)
