"""A program for a process in a cgroup: makes a node of each character device named "MAJOR:MINOR" and opens it to read.

Prints a line for each: the name, and OK or the errno of the first call that failed.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import tempfile


def main(devices: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for device in devices:
            major, minor = map(int, device.split(":"))
            path = f"{folder}/{device}"
            try:
                os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(major, minor))
                os.close(os.open(path, os.O_RDONLY | os.O_NOCTTY))
            except OSError as fault:
                print(device, errno.errorcode[fault.errno or 0])
            else:
                print(device, "OK")


if __name__ == "__main__":
    main(sys.argv[1:])
