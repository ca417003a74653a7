"""What every page shares: colours that can be read, names that break well, commands that a shell takes as they are meant."""

import re
import shlex

import pytest

from reports.page import TEMPLATES, by_hand, dotted, safe_link
from tests.reports.samples import HOSTILE

CSS = (TEMPLATES / "page.css").read_text()
PAIRS = [(ink, ground) for ink in ("ink", "soft", "link") for ground in ("paper", "panel")]
PAIRS += [(name, f"{name}-bg") for name in ("fail", "warn", "known", "pass", "info", "skip")] + [("info", "paper")]


def _colours(dark: bool) -> dict[str, str]:
    light, _, rest = CSS.partition("@media screen and (prefers-color-scheme: dark)")
    found: dict[str, str] = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", rest)) if dark else found


def _light(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it: 0 for black, 1 for white."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_every_text_has_the_contrast_of_wcag_aa(ink: str, ground: str, dark: bool) -> None:
    colours = _colours(dark)
    dim, bright = sorted((_light(colours[ink]), _light(colours[ground])))
    assert (bright + 0.05) / (dim + 0.05) >= 4.5


def test_a_dark_screen_does_not_make_a_dark_print() -> None:
    assert _colours(True)["paper"] != _colours(False)["paper"]
    assert CSS.count("prefers-color-scheme") == CSS.count("screen and (prefers-color-scheme: dark)") == 1


def test_a_dotted_name_breaks_behind_its_dots() -> None:
    assert dotted("config.process.rlimits") == "config.<wbr>process.<wbr>rlimits"
    assert dotted("plain") == "plain"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_stays_text_however_it_is_broken(text: str) -> None:
    assert "<" not in str(dotted(text)).replace("<wbr>", "")


@pytest.mark.parametrize("text", [*HOSTILE, "a b", "$(reboot)", "x; reboot", "'"])
def test_what_was_kept_is_one_word_of_the_command(text: str) -> None:
    assert shlex.split(by_hand(text)) == ["sudo", "sh", f"{text}/repro.sh"]


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "//example.org/x", "https://", "http://[", "file:///etc/passwd"])
def test_only_a_plain_link_is_one(link: str) -> None:
    assert safe_link(link) == ""
    assert safe_link("https://example.org/config.md#area") == "https://example.org/config.md#area"
