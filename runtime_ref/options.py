"""The option strings of a mount: the specification's table, read into what the kernel's calls take.

Knows the words and what mount(8) means by them. Must not know mounts, paths or processes; `features` reads its list
from here. https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#linux-mount-options
"""

from __future__ import annotations

from runtime_ref.kernel import const as c

# Attributes of one mount: mount_setattr(2). "r" + word is the same for the whole tree (AT_RECURSIVE).
SETS = {
    "ro": c.MOUNT_ATTR_RDONLY,
    "nosuid": c.MOUNT_ATTR_NOSUID,
    "nodev": c.MOUNT_ATTR_NODEV,
    "noexec": c.MOUNT_ATTR_NOEXEC,
    "nodiratime": c.MOUNT_ATTR_NODIRATIME,
    "nosymfollow": c.MOUNT_ATTR_NOSYMFOLLOW,
}
CLEARS = {
    "rw": c.MOUNT_ATTR_RDONLY,
    "suid": c.MOUNT_ATTR_NOSUID,
    "dev": c.MOUNT_ATTR_NODEV,
    "exec": c.MOUNT_ATTR_NOEXEC,
    "diratime": c.MOUNT_ATTR_NODIRATIME,
    "symfollow": c.MOUNT_ATTR_NOSYMFOLLOW,
}
# Access times are one choice of three, written by mount(8) as three switches: word -> (switch, on).
TIMES = {
    "atime": ("noatime", False),
    "noatime": ("noatime", True),
    "relatime": ("relatime", True),
    "norelatime": ("relatime", False),
    "strictatime": ("strictatime", True),
    "nostrictatime": ("strictatime", False),
}
PROPAGATIONS = {
    "private": c.MS_PRIVATE,
    "shared": c.MS_SHARED,
    "slave": c.MS_SLAVE,
    "unbindable": c.MS_UNBINDABLE,
}
# Flags of the file system itself: fsconfig(2). Each pair undoes the other.
SUPER = {
    "sync": ("sync", c.MS_SYNCHRONOUS),
    "async": ("sync", 0),
    "dirsync": ("dirsync", c.MS_DIRSYNC),
    "lazytime": ("lazytime", c.MS_LAZYTIME),
    "nolazytime": ("lazytime", 0),
    "mand": ("mand", c.MS_MANDLOCK),
    "nomand": ("mand", 0),
    "silent": ("silent", c.MS_SILENT),
    "loud": ("silent", 0),
    "iversion": ("iversion", c.MS_I_VERSION),
    "noiversion": ("iversion", 0),
}
OTHERS = ("bind", "rbind", "remount", "defaults", "idmap", "ridmap", "tmpcopyup")
# mount(8) keeps these to itself, so no file system may see them.
UNSEEN = ("auto", "noauto", "nofail", "nouser", "nousers", "noowner", "nogroup", "_netdev")
# ... and these are short for others.
MEANS = {
    "user": ("nosuid", "nodev", "noexec"),
    "users": ("nosuid", "nodev", "noexec"),
    "owner": ("nosuid", "nodev"),
    "group": ("nosuid", "nodev"),
}


def names() -> list[str]:
    """Every option string understood here, sorted: `mountOptions` of the features document."""
    each = [*SETS, *CLEARS, *TIMES, *PROPAGATIONS]
    return sorted([*each, *("r" + word for word in each), *SUPER, *OTHERS])


class Attributes:
    """What to set and clear on a mount or a tree, as mount_setattr(2) takes it."""

    __slots__ = ("clear", "set", "times")

    def __init__(self) -> None:
        self.set = 0
        self.clear = 0
        self.times: dict[str, bool] = {}

    def take(self, word: str) -> bool:
        """Reads one word; False if it is none of ours. The later word of an opposite pair wins."""
        if word in SETS:
            self.set |= SETS[word]
            self.clear &= ~SETS[word]
        elif word in CLEARS:
            self.clear |= CLEARS[word]
            self.set &= ~CLEARS[word]
        elif word in TIMES:
            switch, on = TIMES[word]
            self.times[switch] = on
        else:
            return False
        return True

    def masks(self) -> tuple[int, int]:
        """(bits to set, bits to clear). Without any word about access times those stay as they are."""
        if not self.times:
            return self.set, self.clear
        if self.times.get("strictatime"):
            kind = c.MOUNT_ATTR_STRICTATIME
        elif self.times.get("noatime"):
            kind = c.MOUNT_ATTR_NOATIME
        else:
            kind = c.MOUNT_ATTR_RELATIME
        return self.set | kind, self.clear | c.MOUNT_ATTR__ATIME


class Options:
    """The options of one mount entry, sorted by who acts on them."""

    __slots__ = ("bind", "copy_up", "data", "idmap", "propagation", "recursive", "remount", "super", "this", "tree")

    def __init__(self, words: list[str]) -> None:
        self.bind = False
        self.recursive = False  # the bind takes the mounts below along
        self.remount = False
        self.copy_up = False
        self.idmap = ""  # "", "idmap" or "ridmap"
        self.this = Attributes()
        self.tree = Attributes()
        self.propagation: list[tuple[int, bool]] = []  # (MS_ flag, whole tree), in listed order
        self.super: dict[str, int] = {}  # flag of the file system -> MS_ bit, 0 for "off"
        self.data: list[str] = []  # what the file system itself understands
        for word in words:
            self._take(word)

    def _take(self, word: str) -> None:
        if self.this.take(word) or (word[:1] == "r" and self.tree.take(word[1:])):
            return
        if word in PROPAGATIONS:
            self.propagation.append((PROPAGATIONS[word], False))
        elif word[:1] == "r" and word[1:] in PROPAGATIONS:
            self.propagation.append((PROPAGATIONS[word[1:]], True))
        elif word in SUPER:
            flag, bit = SUPER[word]
            self.super[flag] = bit
        elif word in OTHERS:
            self._other(word)
        elif word in MEANS:
            for meaning in MEANS[word]:
                self._take(meaning)
        elif word and word not in UNSEEN and not word.lower().startswith("x-") and not word.startswith("comment="):
            self.data += split(word)

    def _other(self, word: str) -> None:
        if word in ("bind", "rbind"):
            self.bind = True
            self.recursive = self.recursive or word == "rbind"
        elif word in ("idmap", "ridmap"):
            self.idmap = word
        elif word == "remount":
            self.remount = True
        elif word == "tmpcopyup":
            self.copy_up = True


def split(word: str) -> list[str]:
    """One string of file system options, cut at its commas; not at those that are quoted or have a backslash before."""
    if "," not in word:
        return [word]
    parts = [""]
    quoted = escaped = False
    for letter in word:
        if letter == "," and not quoted and not escaped:
            parts.append("")
            continue
        quoted ^= letter == '"'
        escaped = letter == "\\" and not escaped
        parts[-1] += letter
    return [part for part in parts if part]
