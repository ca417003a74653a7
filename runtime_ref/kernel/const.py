"""Numbers of the kernel's interface that Python's `os` does not have. Names are those of the kernel's headers.

Only what something uses is here. `SYS` has the system call numbers of the machine this runs on.
"""

from __future__ import annotations

import posix  # `os` takes 2 ms, and the seal comes before it

# linux/fcntl.h
AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
AT_RECURSIVE = 0x8000
AT_SYMLINK_NOFOLLOW = 0x100

# linux/sched.h
CLONE_NEWTIME = 0x00000080
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
CLONE_PIDFD = 0x00001000
CLONE_PARENT = 0x00008000
CLONE_INTO_CGROUP = 0x200000000
CLONE_CLEAR_SIGHAND = 0x100000000

# linux/mount.h
MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_SYNCHRONOUS = 16
MS_REMOUNT = 32
MS_MANDLOCK = 64
MS_DIRSYNC = 128
MS_NOSYMFOLLOW = 256
MS_NOATIME = 1024
MS_NODIRATIME = 2048
MS_BIND = 4096
MS_MOVE = 8192
MS_REC = 16384
MS_SILENT = 32768
MS_POSIXACL = 1 << 16
MS_UNBINDABLE = 1 << 17
MS_PRIVATE = 1 << 18
MS_SLAVE = 1 << 19
MS_SHARED = 1 << 20
MS_RELATIME = 1 << 21
MS_I_VERSION = 1 << 23
MS_STRICTATIME = 1 << 24
MS_LAZYTIME = 1 << 25
MNT_FORCE = 1
MNT_DETACH = 2
UMOUNT_NOFOLLOW = 8
OPEN_TREE_CLONE = 1
OPEN_TREE_CLOEXEC = posix.O_CLOEXEC
MOVE_MOUNT_F_SYMLINKS = 0x01
MOVE_MOUNT_F_AUTOMOUNTS = 0x02
MOVE_MOUNT_F_EMPTY_PATH = 0x04
MOVE_MOUNT_T_SYMLINKS = 0x10
MOVE_MOUNT_T_AUTOMOUNTS = 0x20
MOVE_MOUNT_T_EMPTY_PATH = 0x40
MOVE_MOUNT_SET_GROUP = 0x100
MOVE_MOUNT_BENEATH = 0x200
FSOPEN_CLOEXEC = 1
FSPICK_CLOEXEC = 1
FSPICK_SYMLINK_NOFOLLOW = 2
FSPICK_NO_AUTOMOUNT = 4
FSPICK_EMPTY_PATH = 8
FSCONFIG_SET_FLAG = 0
FSCONFIG_SET_STRING = 1
FSCONFIG_SET_BINARY = 2
FSCONFIG_SET_PATH = 3
FSCONFIG_SET_PATH_EMPTY = 4
FSCONFIG_SET_FD = 5
FSCONFIG_CMD_CREATE = 6
FSCONFIG_CMD_RECONFIGURE = 7
FSMOUNT_CLOEXEC = 1
MOUNT_ATTR_RDONLY = 0x00000001
MOUNT_ATTR_NOSUID = 0x00000002
MOUNT_ATTR_NODEV = 0x00000004
MOUNT_ATTR_NOEXEC = 0x00000008
MOUNT_ATTR__ATIME = 0x00000070
MOUNT_ATTR_RELATIME = 0x00000000
MOUNT_ATTR_NOATIME = 0x00000010
MOUNT_ATTR_STRICTATIME = 0x00000020
MOUNT_ATTR_NODIRATIME = 0x00000080
MOUNT_ATTR_IDMAP = 0x00100000
MOUNT_ATTR_NOSYMFOLLOW = 0x00200000

# linux/openat2.h
RESOLVE_NO_XDEV = 0x01
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08
RESOLVE_IN_ROOT = 0x10
RESOLVE_CACHED = 0x20

# linux/magic.h
PROC_SUPER_MAGIC = 0x9FA0
DEVPTS_SUPER_MAGIC = 0x1CD1
NSFS_MAGIC = 0x6E736673
TMPFS_MAGIC = 0x01021994
SYSFS_MAGIC = 0x62656572
OVERLAYFS_SUPER_MAGIC = 0x794C7630

# linux/prctl.h, linux/securebits.h
PR_SET_PDEATHSIG = 1
PR_GET_DUMPABLE = 3
PR_SET_DUMPABLE = 4
PR_GET_KEEPCAPS = 7
PR_SET_KEEPCAPS = 8
PR_SET_NAME = 15
PR_CAPBSET_READ = 23
PR_CAPBSET_DROP = 24
PR_GET_SECUREBITS = 27
PR_SET_SECUREBITS = 28
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_GET_NO_NEW_PRIVS = 39
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_IS_SET = 1
PR_CAP_AMBIENT_RAISE = 2
PR_CAP_AMBIENT_LOWER = 3
PR_CAP_AMBIENT_CLEAR_ALL = 4
SECBIT_KEEP_CAPS = 1 << 4

# linux/capability.h
CAPABILITY_VERSION_3 = 0x20080522

# linux/keyctl.h
KEYCTL_JOIN_SESSION_KEYRING = 1
KEYCTL_DESCRIBE = 6
KEYCTL_SETPERM = 5

# linux/close_range.h
CLOSE_RANGE_UNSHARE = 2
CLOSE_RANGE_CLOEXEC = 4

# linux/seccomp.h
SECCOMP_SET_MODE_FILTER = 1
SECCOMP_GET_ACTION_AVAIL = 2
SECCOMP_FILTER_FLAG_TSYNC = 1
SECCOMP_FILTER_FLAG_LOG = 2
SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4
SECCOMP_FILTER_FLAG_NEW_LISTENER = 8
SECCOMP_FILTER_FLAG_TSYNC_ESRCH = 16
SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV = 32

# linux/ioprio.h
IOPRIO_WHO_PROCESS = 1

# linux/if.h, linux/sockios.h
IFF_UP = 1
SIOCSIFFLAGS = 0x8914

# linux/nsfs.h
NS_GET_USERNS = 0xB701
NS_GET_NSTYPE = 0xB703

MACHINE = posix.uname().machine

# Calls numbered the same on every machine (all since 424), then those that differ.
_COMMON = {
    "pidfd_send_signal": 424, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432,
    "fspick": 433, "pidfd_open": 434, "clone3": 435, "close_range": 436, "openat2": 437, "pidfd_getfd": 438,
    "mount_setattr": 442,
}  # fmt: skip
_X86_64 = {
    "fstatfs": 138, "capget": 125, "capset": 126, "personality": 135, "pivot_root": 155, "prctl": 157, "mount": 165,
    "umount2": 166, "sethostname": 170, "setdomainname": 171, "set_mempolicy": 238, "keyctl": 250, "ioprio_set": 251,
    "ioprio_get": 252, "unshare": 272, "prlimit64": 302, "setns": 308, "sched_setattr": 314, "sched_getattr": 315,
    "seccomp": 317, "bpf": 321, "umask": 95, "execve": 59, "kcmp": 312, "get_mempolicy": 239, "vhangup": 153,
}  # fmt: skip
_AARCH64 = {
    "ioprio_set": 30, "ioprio_get": 31, "umount2": 39, "mount": 40, "pivot_root": 41, "fstatfs": 44, "vhangup": 58,
    "capget": 90, "capset": 91, "personality": 92, "unshare": 97, "sethostname": 161, "setdomainname": 162,
    "umask": 166, "prctl": 167, "keyctl": 219, "get_mempolicy": 236, "set_mempolicy": 237, "prlimit64": 261,
    "setns": 268, "kcmp": 272, "sched_setattr": 274, "sched_getattr": 275, "seccomp": 277, "bpf": 280, "execve": 221,
}  # fmt: skip
SYS = {**_COMMON, **(_AARCH64 if MACHINE == "aarch64" else _X86_64)}
