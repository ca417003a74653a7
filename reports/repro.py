"""repro.sh: one case again, with nothing but the runtime and a shell.

Knows POSIX shell. The script makes the bundle anew in a mount namespace of its own, repeats the calls in their order, says how each
ended beside how it ended then, and takes everything away. Must not judge: whether that is right, a person says.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final

from reports.text import one_line

_FLAGS: Final = {"mount": "--mount", "network": "--net", "ipc": "--ipc", "uts": "--uts", "cgroup": "--cgroup", "user": "--user", "pid": "--pid --fork",
                 "time": "--time --fork"}  # fmt: skip
_PROC: Final = {"mount": "mnt", "network": "net"}
_NAME: Final = re.compile("[^A-Za-z0-9]")
_PARTS: Final = ("bundle", "rootfs", "probe", "journal", "id", "cgroup", "pidfile", "root", "log", "console")

_BEGIN: Final = r"""set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 2
if [ "$(id -u)" != 0 ]; then echo "making containers needs root: sudo sh $0" >&2; exit 2; fi
command -v "$RUNTIME" >/dev/null || { echo "no runtime $RUNTIME here: sh $0 RUNTIME" >&2; exit 2; }
if [ "${PROCTOR_APART:-}" != yes ]; then PROCTOR_APART=yes exec unshare --mount --propagation private sh "$0" "$RUNTIME"; fi
work=$(mktemp -d) || exit 2
bundle=$work/b; rootfs=$bundle/rootfs; probe=$rootfs/probe; journal=$rootfs/journal
id=repro-$$; cgroup=/proctor-repro-$$; pidfile=$work/pid; root=$work/r; log=$work/log; console=$work/console
holders=; differ=0

clean() {
  trap - EXIT INT TERM
  "$RUNTIME" --root "$root" delete --force "$id" >/dev/null 2>&1 </dev/null
  for one in $holders; do kill -9 "$one" 2>/dev/null; done
  for one in /sys/fs/cgroup"$cgroup" /sys/fs/cgroup/*"$cgroup"; do if [ -d "$one" ]; then rmdir "$one" 2>/dev/null; fi; done
  rm -rf --one-file-system "$work"
}
trap clean EXIT
trap 'exit 2' INT TERM

alive() {
  [ -s "$pidfile" ] || return 1
  read -r pid <"$pidfile" || [ -n "$pid" ] || return 1
  case $(cat "/proc/$pid/stat" 2>/dev/null) in ""|*") Z "*|*") X "*) return 1;; esac
}
ended() {
  tries=0
  while alive && [ $tries -lt 100 ]; do tries=$((tries + 1)); sleep 0.1; done
  if alive; then echo "the container process does not end"; differ=1; fi
}
said() {
  tries=0
  while alive && [ "$(grep -c -F -e "$1" "$work/out")" -lt "$2" ] && [ $tries -lt 100 ]; do tries=$((tries + 1)); sleep 0.1; done
}
step() {
  name=$1 was=$2
  shift 2
  if [ "$name" = create ] || [ "$name" = run ]; then
    "$@" <"$work/in" >>"$work/out" 2>>"$work/err"
  else
    "$@" </dev/null >"$work/said" 2>&1
  fi
  now=$?
  echo "$name: exit $now (then: $was)"
  if [ -s "$work/said" ]; then sed 's/^/  /' "$work/said"; : >"$work/said"; fi
  [ "$now" = "$was" ] || differ=1
}

mkdir -p "$bundle" "$root"
cp -a "$here/bundle/." "$bundle"
for one in proc dev sys tmp etc; do mkdir -p "$rootfs/$one"; done
cp "$here/probe" "$probe"; chmod 755 "$probe"
rm -f "$journal"; mkfifo "$journal"; chmod 666 "$journal"
exec 8<>"$journal"
cp "$here/stdin.txt" "$work/in"; : >"$work/out"; : >"$work/err"; : >"$work/said"
chmod 711 "$work"
"""

_END: Final = r"""
echo "--- what the program said"; cat "$work/out"
if [ -s "$work/err" ]; then echo "--- standard error"; cat "$work/err"; fi
if [ -s "$log" ]; then echo "--- the runtime's log"; cat "$log"; fi
if [ $differ = 0 ]; then echo "--- every call ended as it did then"; else echo "--- not every call ended as it did then"; fi
exit $differ
"""


def script(
    *,
    case: str,
    claim: str,
    clause: str,
    runtime: str,
    binary: str,
    concrete: Mapping[str, str],
    steps: Sequence[Mapping[str, Any]],
    without: str = "",
    env: Mapping[str, str] | None = None,
    namespaces: Sequence[tuple[str, str, str]] = (),
    cannot: Sequence[str] = (),
) -> str:
    """The script's text; see kept.Story for the shapes. Exit code: 0 every call ended as then, 1 one did not, 2 it cannot be repeated."""
    out = [
        "#!/bin/sh",
        f"# {one_line(case)} on {one_line(runtime)}: {one_line(claim)}",
        f"# Clause {one_line(clause)}. Repeat it by hand: sudo sh repro.sh [RUNTIME]",
        "# Exit code: 0 every call ended as it did then, 1 one did not, 2 it cannot be repeated here.",
        f"RUNTIME=${{1:-{shlex.quote(binary)}}}",
    ]
    if cannot:
        out += [f"echo {shlex.quote('a shell cannot make again: ' + one_line(c))} >&2" for c in cannot] + ["exit 2"]
    out += [f"export {name}={shlex.quote(value)}" for name, value in (env or {}).items()]
    out.append(_BEGIN)
    out += _hold(namespaces)
    marks = [f"s|@@{name}@@|${name}|g" for name in _PARTS] + [f"s|@@ns:{name}@@|$ns_{_NAME.sub('_', name)}|g" for name, _, _ in namespaces]
    out.append('sed "' + "; ".join(marks) + '" "$here/config.template.json" >"$bundle/config.json"')
    if without:
        out.append(f'rm -f "$bundle"/{shlex.quote(without)}')
    out.append("")
    for step in steps:
        if "argv" in step:
            was = "-" if step["exit"] is None else str(step["exit"])
            out.append(f"step {shlex.quote(step['op'])} {was} " + " ".join(_word(w, concrete, binary) for w in step["argv"]))
        elif step["op"] == "ended":
            out.append("ended")
        elif step["op"] == "said":
            out.append(f"said {shlex.quote(step['text'])} {int(step['count'])}")
    return "\n".join(out) + _END


def _hold(namespaces: Sequence[tuple[str, str, str]]) -> list[str]:
    """Lines which make each namespace and hold it open in a process of its own; its path becomes $ns_NAME."""
    out: list[str] = []
    if namespaces:
        out += ['mkfifo "$work/hold" "$work/ready"', 'exec 9<>"$work/hold" 7<>"$work/ready"']
    for name, kind, maps in namespaces:
        variable = "ns_" + _NAME.sub("_", name)
        out += [
            f"unshare {_FLAGS[kind]} sh -c 'echo ready >&7; read line <&9' &",
            'holders="$holders $!"; read -r line <&7; holder=$!',
        ]
        if kind in ("pid", "time"):
            out.append('read -r holder rest <"/proc/$holder/task/$holder/children"; holders="$holders $holder"')
        if maps:
            out += [f"printf %s {shlex.quote(maps)} >/proc/$holder/{which}_map" for which in ("uid", "gid")]
        out.append(f"{variable}=/proc/$holder/ns/{_PROC.get(kind, kind)}")
    return out


def _word(word: str, concrete: Mapping[str, str], binary: str) -> str:
    """One word of a call, with the places of then replaced by those of now, quoted for the shell."""
    if word == binary:
        return '"$RUNTIME"'
    known = sorted((text for text in concrete if text), key=len, reverse=True)
    if not known:
        return shlex.quote(word)
    pieces = re.split("(" + "|".join(map(re.escape, known)) + ")", word)
    done = [f'"${concrete[p]}"' if p in concrete else shlex.quote(p) for p in pieces if p]
    return "".join(done) or "''"
