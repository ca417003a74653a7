/* Names of the system calls the probe can be asked to try. Numbers come from the compiler's own headers; the ones
   below, newer than many headers, have the same number on every architecture. */
#ifndef __NR_cachestat
#define __NR_cachestat 451
#endif
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif
#ifndef __NR_map_shadow_stack
#define __NR_map_shadow_stack 453
#endif
#ifndef __NR_futex_wake
#define __NR_futex_wake 454
#endif
#ifndef __NR_futex_wait
#define __NR_futex_wait 455
#endif
#ifndef __NR_futex_requeue
#define __NR_futex_requeue 456
#endif
#ifndef __NR_statmount
#define __NR_statmount 457
#endif
#ifndef __NR_listmount
#define __NR_listmount 458
#endif
#ifndef __NR_lsm_get_self_attr
#define __NR_lsm_get_self_attr 459
#endif
#ifndef __NR_lsm_set_self_attr
#define __NR_lsm_set_self_attr 460
#endif
#ifndef __NR_lsm_list_modules
#define __NR_lsm_list_modules 461
#endif
#ifndef __NR_mseal
#define __NR_mseal 462
#endif
#ifndef __NR_setxattrat
#define __NR_setxattrat 463
#endif
#ifndef __NR_getxattrat
#define __NR_getxattrat 464
#endif
#ifndef __NR_listxattrat
#define __NR_listxattrat 465
#endif
#ifndef __NR_removexattrat
#define __NR_removexattrat 466
#endif
#ifndef __NR_open_tree_attr
#define __NR_open_tree_attr 467
#endif
#ifndef __NR_file_getattr
#define __NR_file_getattr 468
#endif
#ifndef __NR_file_setattr
#define __NR_file_setattr 469
#endif

#ifdef __NR__sysctl
NAME("_sysctl", __NR__sysctl)
#endif
#ifdef __NR_accept
NAME("accept", __NR_accept)
#endif
#ifdef __NR_accept4
NAME("accept4", __NR_accept4)
#endif
#ifdef __NR_access
NAME("access", __NR_access)
#endif
#ifdef __NR_acct
NAME("acct", __NR_acct)
#endif
#ifdef __NR_add_key
NAME("add_key", __NR_add_key)
#endif
#ifdef __NR_adjtimex
NAME("adjtimex", __NR_adjtimex)
#endif
#ifdef __NR_afs_syscall
NAME("afs_syscall", __NR_afs_syscall)
#endif
#ifdef __NR_alarm
NAME("alarm", __NR_alarm)
#endif
#ifdef __NR_arch_prctl
NAME("arch_prctl", __NR_arch_prctl)
#endif
#ifdef __NR_bind
NAME("bind", __NR_bind)
#endif
#ifdef __NR_bpf
NAME("bpf", __NR_bpf)
#endif
#ifdef __NR_brk
NAME("brk", __NR_brk)
#endif
#ifdef __NR_cachestat
NAME("cachestat", __NR_cachestat)
#endif
#ifdef __NR_capget
NAME("capget", __NR_capget)
#endif
#ifdef __NR_capset
NAME("capset", __NR_capset)
#endif
#ifdef __NR_chdir
NAME("chdir", __NR_chdir)
#endif
#ifdef __NR_chmod
NAME("chmod", __NR_chmod)
#endif
#ifdef __NR_chown
NAME("chown", __NR_chown)
#endif
#ifdef __NR_chroot
NAME("chroot", __NR_chroot)
#endif
#ifdef __NR_clock_adjtime
NAME("clock_adjtime", __NR_clock_adjtime)
#endif
#ifdef __NR_clock_adjtime64
NAME("clock_adjtime64", __NR_clock_adjtime64)
#endif
#ifdef __NR_clock_getres
NAME("clock_getres", __NR_clock_getres)
#endif
#ifdef __NR_clock_getres_time64
NAME("clock_getres_time64", __NR_clock_getres_time64)
#endif
#ifdef __NR_clock_gettime
NAME("clock_gettime", __NR_clock_gettime)
#endif
#ifdef __NR_clock_gettime64
NAME("clock_gettime64", __NR_clock_gettime64)
#endif
#ifdef __NR_clock_nanosleep
NAME("clock_nanosleep", __NR_clock_nanosleep)
#endif
#ifdef __NR_clock_nanosleep_time64
NAME("clock_nanosleep_time64", __NR_clock_nanosleep_time64)
#endif
#ifdef __NR_clock_settime
NAME("clock_settime", __NR_clock_settime)
#endif
#ifdef __NR_clock_settime64
NAME("clock_settime64", __NR_clock_settime64)
#endif
#ifdef __NR_clone
NAME("clone", __NR_clone)
#endif
#ifdef __NR_clone3
NAME("clone3", __NR_clone3)
#endif
#ifdef __NR_close
NAME("close", __NR_close)
#endif
#ifdef __NR_close_range
NAME("close_range", __NR_close_range)
#endif
#ifdef __NR_connect
NAME("connect", __NR_connect)
#endif
#ifdef __NR_copy_file_range
NAME("copy_file_range", __NR_copy_file_range)
#endif
#ifdef __NR_creat
NAME("creat", __NR_creat)
#endif
#ifdef __NR_create_module
NAME("create_module", __NR_create_module)
#endif
#ifdef __NR_delete_module
NAME("delete_module", __NR_delete_module)
#endif
#ifdef __NR_dup
NAME("dup", __NR_dup)
#endif
#ifdef __NR_dup2
NAME("dup2", __NR_dup2)
#endif
#ifdef __NR_dup3
NAME("dup3", __NR_dup3)
#endif
#ifdef __NR_epoll_create
NAME("epoll_create", __NR_epoll_create)
#endif
#ifdef __NR_epoll_create1
NAME("epoll_create1", __NR_epoll_create1)
#endif
#ifdef __NR_epoll_ctl
NAME("epoll_ctl", __NR_epoll_ctl)
#endif
#ifdef __NR_epoll_ctl_old
NAME("epoll_ctl_old", __NR_epoll_ctl_old)
#endif
#ifdef __NR_epoll_pwait
NAME("epoll_pwait", __NR_epoll_pwait)
#endif
#ifdef __NR_epoll_pwait2
NAME("epoll_pwait2", __NR_epoll_pwait2)
#endif
#ifdef __NR_epoll_wait
NAME("epoll_wait", __NR_epoll_wait)
#endif
#ifdef __NR_epoll_wait_old
NAME("epoll_wait_old", __NR_epoll_wait_old)
#endif
#ifdef __NR_eventfd
NAME("eventfd", __NR_eventfd)
#endif
#ifdef __NR_eventfd2
NAME("eventfd2", __NR_eventfd2)
#endif
#ifdef __NR_execve
NAME("execve", __NR_execve)
#endif
#ifdef __NR_execveat
NAME("execveat", __NR_execveat)
#endif
#ifdef __NR_exit
NAME("exit", __NR_exit)
#endif
#ifdef __NR_exit_group
NAME("exit_group", __NR_exit_group)
#endif
#ifdef __NR_faccessat
NAME("faccessat", __NR_faccessat)
#endif
#ifdef __NR_faccessat2
NAME("faccessat2", __NR_faccessat2)
#endif
#ifdef __NR_fadvise64
NAME("fadvise64", __NR_fadvise64)
#endif
#ifdef __NR_fadvise64_64
NAME("fadvise64_64", __NR_fadvise64_64)
#endif
#ifdef __NR_fallocate
NAME("fallocate", __NR_fallocate)
#endif
#ifdef __NR_fanotify_init
NAME("fanotify_init", __NR_fanotify_init)
#endif
#ifdef __NR_fanotify_mark
NAME("fanotify_mark", __NR_fanotify_mark)
#endif
#ifdef __NR_fchdir
NAME("fchdir", __NR_fchdir)
#endif
#ifdef __NR_fchmod
NAME("fchmod", __NR_fchmod)
#endif
#ifdef __NR_fchmodat
NAME("fchmodat", __NR_fchmodat)
#endif
#ifdef __NR_fchmodat2
NAME("fchmodat2", __NR_fchmodat2)
#endif
#ifdef __NR_fchown
NAME("fchown", __NR_fchown)
#endif
#ifdef __NR_fchownat
NAME("fchownat", __NR_fchownat)
#endif
#ifdef __NR_fcntl
NAME("fcntl", __NR_fcntl)
#endif
#ifdef __NR_fcntl64
NAME("fcntl64", __NR_fcntl64)
#endif
#ifdef __NR_fdatasync
NAME("fdatasync", __NR_fdatasync)
#endif
#ifdef __NR_fgetxattr
NAME("fgetxattr", __NR_fgetxattr)
#endif
#ifdef __NR_file_getattr
NAME("file_getattr", __NR_file_getattr)
#endif
#ifdef __NR_file_setattr
NAME("file_setattr", __NR_file_setattr)
#endif
#ifdef __NR_finit_module
NAME("finit_module", __NR_finit_module)
#endif
#ifdef __NR_flistxattr
NAME("flistxattr", __NR_flistxattr)
#endif
#ifdef __NR_flock
NAME("flock", __NR_flock)
#endif
#ifdef __NR_fork
NAME("fork", __NR_fork)
#endif
#ifdef __NR_fremovexattr
NAME("fremovexattr", __NR_fremovexattr)
#endif
#ifdef __NR_fsconfig
NAME("fsconfig", __NR_fsconfig)
#endif
#ifdef __NR_fsetxattr
NAME("fsetxattr", __NR_fsetxattr)
#endif
#ifdef __NR_fsmount
NAME("fsmount", __NR_fsmount)
#endif
#ifdef __NR_fsopen
NAME("fsopen", __NR_fsopen)
#endif
#ifdef __NR_fspick
NAME("fspick", __NR_fspick)
#endif
#ifdef __NR_fstat
NAME("fstat", __NR_fstat)
#endif
#ifdef __NR_fstat64
NAME("fstat64", __NR_fstat64)
#endif
#ifdef __NR_fstatat
NAME("fstatat", __NR_fstatat)
#endif
#ifdef __NR_fstatat64
NAME("fstatat64", __NR_fstatat64)
#endif
#ifdef __NR_fstatfs
NAME("fstatfs", __NR_fstatfs)
#endif
#ifdef __NR_fstatfs64
NAME("fstatfs64", __NR_fstatfs64)
#endif
#ifdef __NR_fsync
NAME("fsync", __NR_fsync)
#endif
#ifdef __NR_ftruncate
NAME("ftruncate", __NR_ftruncate)
#endif
#ifdef __NR_ftruncate64
NAME("ftruncate64", __NR_ftruncate64)
#endif
#ifdef __NR_futex
NAME("futex", __NR_futex)
#endif
#ifdef __NR_futex_requeue
NAME("futex_requeue", __NR_futex_requeue)
#endif
#ifdef __NR_futex_time64
NAME("futex_time64", __NR_futex_time64)
#endif
#ifdef __NR_futex_wait
NAME("futex_wait", __NR_futex_wait)
#endif
#ifdef __NR_futex_waitv
NAME("futex_waitv", __NR_futex_waitv)
#endif
#ifdef __NR_futex_wake
NAME("futex_wake", __NR_futex_wake)
#endif
#ifdef __NR_futimesat
NAME("futimesat", __NR_futimesat)
#endif
#ifdef __NR_get_kernel_syms
NAME("get_kernel_syms", __NR_get_kernel_syms)
#endif
#ifdef __NR_get_mempolicy
NAME("get_mempolicy", __NR_get_mempolicy)
#endif
#ifdef __NR_get_robust_list
NAME("get_robust_list", __NR_get_robust_list)
#endif
#ifdef __NR_get_thread_area
NAME("get_thread_area", __NR_get_thread_area)
#endif
#ifdef __NR_getcpu
NAME("getcpu", __NR_getcpu)
#endif
#ifdef __NR_getcwd
NAME("getcwd", __NR_getcwd)
#endif
#ifdef __NR_getdents
NAME("getdents", __NR_getdents)
#endif
#ifdef __NR_getdents64
NAME("getdents64", __NR_getdents64)
#endif
#ifdef __NR_getegid
NAME("getegid", __NR_getegid)
#endif
#ifdef __NR_geteuid
NAME("geteuid", __NR_geteuid)
#endif
#ifdef __NR_getgid
NAME("getgid", __NR_getgid)
#endif
#ifdef __NR_getgroups
NAME("getgroups", __NR_getgroups)
#endif
#ifdef __NR_getitimer
NAME("getitimer", __NR_getitimer)
#endif
#ifdef __NR_getpeername
NAME("getpeername", __NR_getpeername)
#endif
#ifdef __NR_getpgid
NAME("getpgid", __NR_getpgid)
#endif
#ifdef __NR_getpgrp
NAME("getpgrp", __NR_getpgrp)
#endif
#ifdef __NR_getpid
NAME("getpid", __NR_getpid)
#endif
#ifdef __NR_getpmsg
NAME("getpmsg", __NR_getpmsg)
#endif
#ifdef __NR_getppid
NAME("getppid", __NR_getppid)
#endif
#ifdef __NR_getpriority
NAME("getpriority", __NR_getpriority)
#endif
#ifdef __NR_getrandom
NAME("getrandom", __NR_getrandom)
#endif
#ifdef __NR_getresgid
NAME("getresgid", __NR_getresgid)
#endif
#ifdef __NR_getresuid
NAME("getresuid", __NR_getresuid)
#endif
#ifdef __NR_getrlimit
NAME("getrlimit", __NR_getrlimit)
#endif
#ifdef __NR_getrusage
NAME("getrusage", __NR_getrusage)
#endif
#ifdef __NR_getsid
NAME("getsid", __NR_getsid)
#endif
#ifdef __NR_getsockname
NAME("getsockname", __NR_getsockname)
#endif
#ifdef __NR_getsockopt
NAME("getsockopt", __NR_getsockopt)
#endif
#ifdef __NR_gettid
NAME("gettid", __NR_gettid)
#endif
#ifdef __NR_gettimeofday
NAME("gettimeofday", __NR_gettimeofday)
#endif
#ifdef __NR_getuid
NAME("getuid", __NR_getuid)
#endif
#ifdef __NR_getxattr
NAME("getxattr", __NR_getxattr)
#endif
#ifdef __NR_getxattrat
NAME("getxattrat", __NR_getxattrat)
#endif
#ifdef __NR_init_module
NAME("init_module", __NR_init_module)
#endif
#ifdef __NR_inotify_add_watch
NAME("inotify_add_watch", __NR_inotify_add_watch)
#endif
#ifdef __NR_inotify_init
NAME("inotify_init", __NR_inotify_init)
#endif
#ifdef __NR_inotify_init1
NAME("inotify_init1", __NR_inotify_init1)
#endif
#ifdef __NR_inotify_rm_watch
NAME("inotify_rm_watch", __NR_inotify_rm_watch)
#endif
#ifdef __NR_io_cancel
NAME("io_cancel", __NR_io_cancel)
#endif
#ifdef __NR_io_destroy
NAME("io_destroy", __NR_io_destroy)
#endif
#ifdef __NR_io_getevents
NAME("io_getevents", __NR_io_getevents)
#endif
#ifdef __NR_io_pgetevents
NAME("io_pgetevents", __NR_io_pgetevents)
#endif
#ifdef __NR_io_pgetevents_time64
NAME("io_pgetevents_time64", __NR_io_pgetevents_time64)
#endif
#ifdef __NR_io_setup
NAME("io_setup", __NR_io_setup)
#endif
#ifdef __NR_io_submit
NAME("io_submit", __NR_io_submit)
#endif
#ifdef __NR_io_uring_enter
NAME("io_uring_enter", __NR_io_uring_enter)
#endif
#ifdef __NR_io_uring_register
NAME("io_uring_register", __NR_io_uring_register)
#endif
#ifdef __NR_io_uring_setup
NAME("io_uring_setup", __NR_io_uring_setup)
#endif
#ifdef __NR_ioctl
NAME("ioctl", __NR_ioctl)
#endif
#ifdef __NR_ioperm
NAME("ioperm", __NR_ioperm)
#endif
#ifdef __NR_iopl
NAME("iopl", __NR_iopl)
#endif
#ifdef __NR_ioprio_get
NAME("ioprio_get", __NR_ioprio_get)
#endif
#ifdef __NR_ioprio_set
NAME("ioprio_set", __NR_ioprio_set)
#endif
#ifdef __NR_kcmp
NAME("kcmp", __NR_kcmp)
#endif
#ifdef __NR_kexec_file_load
NAME("kexec_file_load", __NR_kexec_file_load)
#endif
#ifdef __NR_kexec_load
NAME("kexec_load", __NR_kexec_load)
#endif
#ifdef __NR_keyctl
NAME("keyctl", __NR_keyctl)
#endif
#ifdef __NR_kill
NAME("kill", __NR_kill)
#endif
#ifdef __NR_landlock_add_rule
NAME("landlock_add_rule", __NR_landlock_add_rule)
#endif
#ifdef __NR_landlock_create_ruleset
NAME("landlock_create_ruleset", __NR_landlock_create_ruleset)
#endif
#ifdef __NR_landlock_restrict_self
NAME("landlock_restrict_self", __NR_landlock_restrict_self)
#endif
#ifdef __NR_lchown
NAME("lchown", __NR_lchown)
#endif
#ifdef __NR_lgetxattr
NAME("lgetxattr", __NR_lgetxattr)
#endif
#ifdef __NR_link
NAME("link", __NR_link)
#endif
#ifdef __NR_linkat
NAME("linkat", __NR_linkat)
#endif
#ifdef __NR_listen
NAME("listen", __NR_listen)
#endif
#ifdef __NR_listmount
NAME("listmount", __NR_listmount)
#endif
#ifdef __NR_listxattr
NAME("listxattr", __NR_listxattr)
#endif
#ifdef __NR_listxattrat
NAME("listxattrat", __NR_listxattrat)
#endif
#ifdef __NR_llistxattr
NAME("llistxattr", __NR_llistxattr)
#endif
#ifdef __NR_llseek
NAME("llseek", __NR_llseek)
#endif
#ifdef __NR_lookup_dcookie
NAME("lookup_dcookie", __NR_lookup_dcookie)
#endif
#ifdef __NR_lremovexattr
NAME("lremovexattr", __NR_lremovexattr)
#endif
#ifdef __NR_lseek
NAME("lseek", __NR_lseek)
#endif
#ifdef __NR_lsetxattr
NAME("lsetxattr", __NR_lsetxattr)
#endif
#ifdef __NR_lsm_get_self_attr
NAME("lsm_get_self_attr", __NR_lsm_get_self_attr)
#endif
#ifdef __NR_lsm_list_modules
NAME("lsm_list_modules", __NR_lsm_list_modules)
#endif
#ifdef __NR_lsm_set_self_attr
NAME("lsm_set_self_attr", __NR_lsm_set_self_attr)
#endif
#ifdef __NR_lstat
NAME("lstat", __NR_lstat)
#endif
#ifdef __NR_lstat64
NAME("lstat64", __NR_lstat64)
#endif
#ifdef __NR_madvise
NAME("madvise", __NR_madvise)
#endif
#ifdef __NR_map_shadow_stack
NAME("map_shadow_stack", __NR_map_shadow_stack)
#endif
#ifdef __NR_mbind
NAME("mbind", __NR_mbind)
#endif
#ifdef __NR_membarrier
NAME("membarrier", __NR_membarrier)
#endif
#ifdef __NR_memfd_create
NAME("memfd_create", __NR_memfd_create)
#endif
#ifdef __NR_memfd_secret
NAME("memfd_secret", __NR_memfd_secret)
#endif
#ifdef __NR_migrate_pages
NAME("migrate_pages", __NR_migrate_pages)
#endif
#ifdef __NR_mincore
NAME("mincore", __NR_mincore)
#endif
#ifdef __NR_mkdir
NAME("mkdir", __NR_mkdir)
#endif
#ifdef __NR_mkdirat
NAME("mkdirat", __NR_mkdirat)
#endif
#ifdef __NR_mknod
NAME("mknod", __NR_mknod)
#endif
#ifdef __NR_mknodat
NAME("mknodat", __NR_mknodat)
#endif
#ifdef __NR_mlock
NAME("mlock", __NR_mlock)
#endif
#ifdef __NR_mlock2
NAME("mlock2", __NR_mlock2)
#endif
#ifdef __NR_mlockall
NAME("mlockall", __NR_mlockall)
#endif
#ifdef __NR_mmap
NAME("mmap", __NR_mmap)
#endif
#ifdef __NR_mmap2
NAME("mmap2", __NR_mmap2)
#endif
#ifdef __NR_modify_ldt
NAME("modify_ldt", __NR_modify_ldt)
#endif
#ifdef __NR_mount
NAME("mount", __NR_mount)
#endif
#ifdef __NR_mount_setattr
NAME("mount_setattr", __NR_mount_setattr)
#endif
#ifdef __NR_move_mount
NAME("move_mount", __NR_move_mount)
#endif
#ifdef __NR_move_pages
NAME("move_pages", __NR_move_pages)
#endif
#ifdef __NR_mprotect
NAME("mprotect", __NR_mprotect)
#endif
#ifdef __NR_mq_getsetattr
NAME("mq_getsetattr", __NR_mq_getsetattr)
#endif
#ifdef __NR_mq_notify
NAME("mq_notify", __NR_mq_notify)
#endif
#ifdef __NR_mq_open
NAME("mq_open", __NR_mq_open)
#endif
#ifdef __NR_mq_timedreceive
NAME("mq_timedreceive", __NR_mq_timedreceive)
#endif
#ifdef __NR_mq_timedreceive_time64
NAME("mq_timedreceive_time64", __NR_mq_timedreceive_time64)
#endif
#ifdef __NR_mq_timedsend
NAME("mq_timedsend", __NR_mq_timedsend)
#endif
#ifdef __NR_mq_timedsend_time64
NAME("mq_timedsend_time64", __NR_mq_timedsend_time64)
#endif
#ifdef __NR_mq_unlink
NAME("mq_unlink", __NR_mq_unlink)
#endif
#ifdef __NR_mremap
NAME("mremap", __NR_mremap)
#endif
#ifdef __NR_mseal
NAME("mseal", __NR_mseal)
#endif
#ifdef __NR_msgctl
NAME("msgctl", __NR_msgctl)
#endif
#ifdef __NR_msgget
NAME("msgget", __NR_msgget)
#endif
#ifdef __NR_msgrcv
NAME("msgrcv", __NR_msgrcv)
#endif
#ifdef __NR_msgsnd
NAME("msgsnd", __NR_msgsnd)
#endif
#ifdef __NR_msync
NAME("msync", __NR_msync)
#endif
#ifdef __NR_munlock
NAME("munlock", __NR_munlock)
#endif
#ifdef __NR_munlockall
NAME("munlockall", __NR_munlockall)
#endif
#ifdef __NR_munmap
NAME("munmap", __NR_munmap)
#endif
#ifdef __NR_name_to_handle_at
NAME("name_to_handle_at", __NR_name_to_handle_at)
#endif
#ifdef __NR_nanosleep
NAME("nanosleep", __NR_nanosleep)
#endif
#ifdef __NR_newfstatat
NAME("newfstatat", __NR_newfstatat)
#endif
#ifdef __NR_nfsservctl
NAME("nfsservctl", __NR_nfsservctl)
#endif
#ifdef __NR_open
NAME("open", __NR_open)
#endif
#ifdef __NR_open_by_handle_at
NAME("open_by_handle_at", __NR_open_by_handle_at)
#endif
#ifdef __NR_open_tree
NAME("open_tree", __NR_open_tree)
#endif
#ifdef __NR_open_tree_attr
NAME("open_tree_attr", __NR_open_tree_attr)
#endif
#ifdef __NR_openat
NAME("openat", __NR_openat)
#endif
#ifdef __NR_openat2
NAME("openat2", __NR_openat2)
#endif
#ifdef __NR_pause
NAME("pause", __NR_pause)
#endif
#ifdef __NR_perf_event_open
NAME("perf_event_open", __NR_perf_event_open)
#endif
#ifdef __NR_personality
NAME("personality", __NR_personality)
#endif
#ifdef __NR_pidfd_getfd
NAME("pidfd_getfd", __NR_pidfd_getfd)
#endif
#ifdef __NR_pidfd_open
NAME("pidfd_open", __NR_pidfd_open)
#endif
#ifdef __NR_pidfd_send_signal
NAME("pidfd_send_signal", __NR_pidfd_send_signal)
#endif
#ifdef __NR_pipe
NAME("pipe", __NR_pipe)
#endif
#ifdef __NR_pipe2
NAME("pipe2", __NR_pipe2)
#endif
#ifdef __NR_pivot_root
NAME("pivot_root", __NR_pivot_root)
#endif
#ifdef __NR_pkey_alloc
NAME("pkey_alloc", __NR_pkey_alloc)
#endif
#ifdef __NR_pkey_free
NAME("pkey_free", __NR_pkey_free)
#endif
#ifdef __NR_pkey_mprotect
NAME("pkey_mprotect", __NR_pkey_mprotect)
#endif
#ifdef __NR_poll
NAME("poll", __NR_poll)
#endif
#ifdef __NR_ppoll
NAME("ppoll", __NR_ppoll)
#endif
#ifdef __NR_ppoll_time64
NAME("ppoll_time64", __NR_ppoll_time64)
#endif
#ifdef __NR_prctl
NAME("prctl", __NR_prctl)
#endif
#ifdef __NR_pread64
NAME("pread64", __NR_pread64)
#endif
#ifdef __NR_preadv
NAME("preadv", __NR_preadv)
#endif
#ifdef __NR_preadv2
NAME("preadv2", __NR_preadv2)
#endif
#ifdef __NR_prlimit64
NAME("prlimit64", __NR_prlimit64)
#endif
#ifdef __NR_process_madvise
NAME("process_madvise", __NR_process_madvise)
#endif
#ifdef __NR_process_mrelease
NAME("process_mrelease", __NR_process_mrelease)
#endif
#ifdef __NR_process_vm_readv
NAME("process_vm_readv", __NR_process_vm_readv)
#endif
#ifdef __NR_process_vm_writev
NAME("process_vm_writev", __NR_process_vm_writev)
#endif
#ifdef __NR_pselect6
NAME("pselect6", __NR_pselect6)
#endif
#ifdef __NR_pselect6_time64
NAME("pselect6_time64", __NR_pselect6_time64)
#endif
#ifdef __NR_ptrace
NAME("ptrace", __NR_ptrace)
#endif
#ifdef __NR_putpmsg
NAME("putpmsg", __NR_putpmsg)
#endif
#ifdef __NR_pwrite64
NAME("pwrite64", __NR_pwrite64)
#endif
#ifdef __NR_pwritev
NAME("pwritev", __NR_pwritev)
#endif
#ifdef __NR_pwritev2
NAME("pwritev2", __NR_pwritev2)
#endif
#ifdef __NR_query_module
NAME("query_module", __NR_query_module)
#endif
#ifdef __NR_quotactl
NAME("quotactl", __NR_quotactl)
#endif
#ifdef __NR_quotactl_fd
NAME("quotactl_fd", __NR_quotactl_fd)
#endif
#ifdef __NR_read
NAME("read", __NR_read)
#endif
#ifdef __NR_readahead
NAME("readahead", __NR_readahead)
#endif
#ifdef __NR_readlink
NAME("readlink", __NR_readlink)
#endif
#ifdef __NR_readlinkat
NAME("readlinkat", __NR_readlinkat)
#endif
#ifdef __NR_readv
NAME("readv", __NR_readv)
#endif
#ifdef __NR_reboot
NAME("reboot", __NR_reboot)
#endif
#ifdef __NR_recvfrom
NAME("recvfrom", __NR_recvfrom)
#endif
#ifdef __NR_recvmmsg
NAME("recvmmsg", __NR_recvmmsg)
#endif
#ifdef __NR_recvmmsg_time64
NAME("recvmmsg_time64", __NR_recvmmsg_time64)
#endif
#ifdef __NR_recvmsg
NAME("recvmsg", __NR_recvmsg)
#endif
#ifdef __NR_remap_file_pages
NAME("remap_file_pages", __NR_remap_file_pages)
#endif
#ifdef __NR_removexattr
NAME("removexattr", __NR_removexattr)
#endif
#ifdef __NR_removexattrat
NAME("removexattrat", __NR_removexattrat)
#endif
#ifdef __NR_rename
NAME("rename", __NR_rename)
#endif
#ifdef __NR_renameat
NAME("renameat", __NR_renameat)
#endif
#ifdef __NR_renameat2
NAME("renameat2", __NR_renameat2)
#endif
#ifdef __NR_request_key
NAME("request_key", __NR_request_key)
#endif
#ifdef __NR_restart_syscall
NAME("restart_syscall", __NR_restart_syscall)
#endif
#ifdef __NR_rmdir
NAME("rmdir", __NR_rmdir)
#endif
#ifdef __NR_rseq
NAME("rseq", __NR_rseq)
#endif
#ifdef __NR_rt_sigaction
NAME("rt_sigaction", __NR_rt_sigaction)
#endif
#ifdef __NR_rt_sigpending
NAME("rt_sigpending", __NR_rt_sigpending)
#endif
#ifdef __NR_rt_sigprocmask
NAME("rt_sigprocmask", __NR_rt_sigprocmask)
#endif
#ifdef __NR_rt_sigqueueinfo
NAME("rt_sigqueueinfo", __NR_rt_sigqueueinfo)
#endif
#ifdef __NR_rt_sigreturn
NAME("rt_sigreturn", __NR_rt_sigreturn)
#endif
#ifdef __NR_rt_sigsuspend
NAME("rt_sigsuspend", __NR_rt_sigsuspend)
#endif
#ifdef __NR_rt_sigtimedwait
NAME("rt_sigtimedwait", __NR_rt_sigtimedwait)
#endif
#ifdef __NR_rt_sigtimedwait_time64
NAME("rt_sigtimedwait_time64", __NR_rt_sigtimedwait_time64)
#endif
#ifdef __NR_rt_tgsigqueueinfo
NAME("rt_tgsigqueueinfo", __NR_rt_tgsigqueueinfo)
#endif
#ifdef __NR_sched_get_priority_max
NAME("sched_get_priority_max", __NR_sched_get_priority_max)
#endif
#ifdef __NR_sched_get_priority_min
NAME("sched_get_priority_min", __NR_sched_get_priority_min)
#endif
#ifdef __NR_sched_getaffinity
NAME("sched_getaffinity", __NR_sched_getaffinity)
#endif
#ifdef __NR_sched_getattr
NAME("sched_getattr", __NR_sched_getattr)
#endif
#ifdef __NR_sched_getparam
NAME("sched_getparam", __NR_sched_getparam)
#endif
#ifdef __NR_sched_getscheduler
NAME("sched_getscheduler", __NR_sched_getscheduler)
#endif
#ifdef __NR_sched_rr_get_interval
NAME("sched_rr_get_interval", __NR_sched_rr_get_interval)
#endif
#ifdef __NR_sched_rr_get_interval_time64
NAME("sched_rr_get_interval_time64", __NR_sched_rr_get_interval_time64)
#endif
#ifdef __NR_sched_setaffinity
NAME("sched_setaffinity", __NR_sched_setaffinity)
#endif
#ifdef __NR_sched_setattr
NAME("sched_setattr", __NR_sched_setattr)
#endif
#ifdef __NR_sched_setparam
NAME("sched_setparam", __NR_sched_setparam)
#endif
#ifdef __NR_sched_setscheduler
NAME("sched_setscheduler", __NR_sched_setscheduler)
#endif
#ifdef __NR_sched_yield
NAME("sched_yield", __NR_sched_yield)
#endif
#ifdef __NR_seccomp
NAME("seccomp", __NR_seccomp)
#endif
#ifdef __NR_security
NAME("security", __NR_security)
#endif
#ifdef __NR_select
NAME("select", __NR_select)
#endif
#ifdef __NR_semctl
NAME("semctl", __NR_semctl)
#endif
#ifdef __NR_semget
NAME("semget", __NR_semget)
#endif
#ifdef __NR_semop
NAME("semop", __NR_semop)
#endif
#ifdef __NR_semtimedop
NAME("semtimedop", __NR_semtimedop)
#endif
#ifdef __NR_semtimedop_time64
NAME("semtimedop_time64", __NR_semtimedop_time64)
#endif
#ifdef __NR_sendfile
NAME("sendfile", __NR_sendfile)
#endif
#ifdef __NR_sendfile64
NAME("sendfile64", __NR_sendfile64)
#endif
#ifdef __NR_sendmmsg
NAME("sendmmsg", __NR_sendmmsg)
#endif
#ifdef __NR_sendmsg
NAME("sendmsg", __NR_sendmsg)
#endif
#ifdef __NR_sendto
NAME("sendto", __NR_sendto)
#endif
#ifdef __NR_set_mempolicy
NAME("set_mempolicy", __NR_set_mempolicy)
#endif
#ifdef __NR_set_mempolicy_home_node
NAME("set_mempolicy_home_node", __NR_set_mempolicy_home_node)
#endif
#ifdef __NR_set_robust_list
NAME("set_robust_list", __NR_set_robust_list)
#endif
#ifdef __NR_set_thread_area
NAME("set_thread_area", __NR_set_thread_area)
#endif
#ifdef __NR_set_tid_address
NAME("set_tid_address", __NR_set_tid_address)
#endif
#ifdef __NR_setdomainname
NAME("setdomainname", __NR_setdomainname)
#endif
#ifdef __NR_setfsgid
NAME("setfsgid", __NR_setfsgid)
#endif
#ifdef __NR_setfsuid
NAME("setfsuid", __NR_setfsuid)
#endif
#ifdef __NR_setgid
NAME("setgid", __NR_setgid)
#endif
#ifdef __NR_setgroups
NAME("setgroups", __NR_setgroups)
#endif
#ifdef __NR_sethostname
NAME("sethostname", __NR_sethostname)
#endif
#ifdef __NR_setitimer
NAME("setitimer", __NR_setitimer)
#endif
#ifdef __NR_setns
NAME("setns", __NR_setns)
#endif
#ifdef __NR_setpgid
NAME("setpgid", __NR_setpgid)
#endif
#ifdef __NR_setpriority
NAME("setpriority", __NR_setpriority)
#endif
#ifdef __NR_setregid
NAME("setregid", __NR_setregid)
#endif
#ifdef __NR_setresgid
NAME("setresgid", __NR_setresgid)
#endif
#ifdef __NR_setresuid
NAME("setresuid", __NR_setresuid)
#endif
#ifdef __NR_setreuid
NAME("setreuid", __NR_setreuid)
#endif
#ifdef __NR_setrlimit
NAME("setrlimit", __NR_setrlimit)
#endif
#ifdef __NR_setsid
NAME("setsid", __NR_setsid)
#endif
#ifdef __NR_setsockopt
NAME("setsockopt", __NR_setsockopt)
#endif
#ifdef __NR_settimeofday
NAME("settimeofday", __NR_settimeofday)
#endif
#ifdef __NR_setuid
NAME("setuid", __NR_setuid)
#endif
#ifdef __NR_setxattr
NAME("setxattr", __NR_setxattr)
#endif
#ifdef __NR_setxattrat
NAME("setxattrat", __NR_setxattrat)
#endif
#ifdef __NR_shmat
NAME("shmat", __NR_shmat)
#endif
#ifdef __NR_shmctl
NAME("shmctl", __NR_shmctl)
#endif
#ifdef __NR_shmdt
NAME("shmdt", __NR_shmdt)
#endif
#ifdef __NR_shmget
NAME("shmget", __NR_shmget)
#endif
#ifdef __NR_shutdown
NAME("shutdown", __NR_shutdown)
#endif
#ifdef __NR_sigaltstack
NAME("sigaltstack", __NR_sigaltstack)
#endif
#ifdef __NR_signalfd
NAME("signalfd", __NR_signalfd)
#endif
#ifdef __NR_signalfd4
NAME("signalfd4", __NR_signalfd4)
#endif
#ifdef __NR_socket
NAME("socket", __NR_socket)
#endif
#ifdef __NR_socketpair
NAME("socketpair", __NR_socketpair)
#endif
#ifdef __NR_splice
NAME("splice", __NR_splice)
#endif
#ifdef __NR_stat
NAME("stat", __NR_stat)
#endif
#ifdef __NR_stat64
NAME("stat64", __NR_stat64)
#endif
#ifdef __NR_statfs
NAME("statfs", __NR_statfs)
#endif
#ifdef __NR_statfs64
NAME("statfs64", __NR_statfs64)
#endif
#ifdef __NR_statmount
NAME("statmount", __NR_statmount)
#endif
#ifdef __NR_statx
NAME("statx", __NR_statx)
#endif
#ifdef __NR_swapoff
NAME("swapoff", __NR_swapoff)
#endif
#ifdef __NR_swapon
NAME("swapon", __NR_swapon)
#endif
#ifdef __NR_symlink
NAME("symlink", __NR_symlink)
#endif
#ifdef __NR_symlinkat
NAME("symlinkat", __NR_symlinkat)
#endif
#ifdef __NR_sync
NAME("sync", __NR_sync)
#endif
#ifdef __NR_sync_file_range
NAME("sync_file_range", __NR_sync_file_range)
#endif
#ifdef __NR_sync_file_range2
NAME("sync_file_range2", __NR_sync_file_range2)
#endif
#ifdef __NR_syncfs
NAME("syncfs", __NR_syncfs)
#endif
#ifdef __NR_sysfs
NAME("sysfs", __NR_sysfs)
#endif
#ifdef __NR_sysinfo
NAME("sysinfo", __NR_sysinfo)
#endif
#ifdef __NR_syslog
NAME("syslog", __NR_syslog)
#endif
#ifdef __NR_tee
NAME("tee", __NR_tee)
#endif
#ifdef __NR_tgkill
NAME("tgkill", __NR_tgkill)
#endif
#ifdef __NR_time
NAME("time", __NR_time)
#endif
#ifdef __NR_timer_create
NAME("timer_create", __NR_timer_create)
#endif
#ifdef __NR_timer_delete
NAME("timer_delete", __NR_timer_delete)
#endif
#ifdef __NR_timer_getoverrun
NAME("timer_getoverrun", __NR_timer_getoverrun)
#endif
#ifdef __NR_timer_gettime
NAME("timer_gettime", __NR_timer_gettime)
#endif
#ifdef __NR_timer_gettime64
NAME("timer_gettime64", __NR_timer_gettime64)
#endif
#ifdef __NR_timer_settime
NAME("timer_settime", __NR_timer_settime)
#endif
#ifdef __NR_timer_settime64
NAME("timer_settime64", __NR_timer_settime64)
#endif
#ifdef __NR_timerfd_create
NAME("timerfd_create", __NR_timerfd_create)
#endif
#ifdef __NR_timerfd_gettime
NAME("timerfd_gettime", __NR_timerfd_gettime)
#endif
#ifdef __NR_timerfd_gettime64
NAME("timerfd_gettime64", __NR_timerfd_gettime64)
#endif
#ifdef __NR_timerfd_settime
NAME("timerfd_settime", __NR_timerfd_settime)
#endif
#ifdef __NR_timerfd_settime64
NAME("timerfd_settime64", __NR_timerfd_settime64)
#endif
#ifdef __NR_times
NAME("times", __NR_times)
#endif
#ifdef __NR_tkill
NAME("tkill", __NR_tkill)
#endif
#ifdef __NR_truncate
NAME("truncate", __NR_truncate)
#endif
#ifdef __NR_truncate64
NAME("truncate64", __NR_truncate64)
#endif
#ifdef __NR_tuxcall
NAME("tuxcall", __NR_tuxcall)
#endif
#ifdef __NR_umask
NAME("umask", __NR_umask)
#endif
#ifdef __NR_umount2
NAME("umount2", __NR_umount2)
#endif
#ifdef __NR_uname
NAME("uname", __NR_uname)
#endif
#ifdef __NR_unlink
NAME("unlink", __NR_unlink)
#endif
#ifdef __NR_unlinkat
NAME("unlinkat", __NR_unlinkat)
#endif
#ifdef __NR_unshare
NAME("unshare", __NR_unshare)
#endif
#ifdef __NR_uselib
NAME("uselib", __NR_uselib)
#endif
#ifdef __NR_userfaultfd
NAME("userfaultfd", __NR_userfaultfd)
#endif
#ifdef __NR_ustat
NAME("ustat", __NR_ustat)
#endif
#ifdef __NR_utime
NAME("utime", __NR_utime)
#endif
#ifdef __NR_utimensat
NAME("utimensat", __NR_utimensat)
#endif
#ifdef __NR_utimensat_time64
NAME("utimensat_time64", __NR_utimensat_time64)
#endif
#ifdef __NR_utimes
NAME("utimes", __NR_utimes)
#endif
#ifdef __NR_vfork
NAME("vfork", __NR_vfork)
#endif
#ifdef __NR_vhangup
NAME("vhangup", __NR_vhangup)
#endif
#ifdef __NR_vmsplice
NAME("vmsplice", __NR_vmsplice)
#endif
#ifdef __NR_vserver
NAME("vserver", __NR_vserver)
#endif
#ifdef __NR_wait4
NAME("wait4", __NR_wait4)
#endif
#ifdef __NR_waitid
NAME("waitid", __NR_waitid)
#endif
#ifdef __NR_write
NAME("write", __NR_write)
#endif
#ifdef __NR_writev
NAME("writev", __NR_writev)
#endif
