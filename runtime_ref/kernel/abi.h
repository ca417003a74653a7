/* What the runtime asks of C: one door for system calls, and the structures that some take.
 *
 * build_abi.py turns this into _abi.py, which is loaded without a compiler. syscall(2) is declared with a fixed number of
 * register-wide arguments: on the machines supported here a variadic call passes integers in the same registers.
 */

long syscall(long number, long a, long b, long c, long d, long e, long f);

/* clone(2) */
struct clone_args {
    uint64_t flags;
    uint64_t pidfd;
    uint64_t child_tid;
    uint64_t parent_tid;
    uint64_t exit_signal;
    uint64_t stack;
    uint64_t stack_size;
    uint64_t tls;
    uint64_t set_tid;
    uint64_t set_tid_size;
    uint64_t cgroup;
};

/* openat2(2) */
struct open_how {
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
};

/* mount_setattr(2) */
struct mount_attr {
    uint64_t attr_set;
    uint64_t attr_clr;
    uint64_t propagation;
    uint64_t userns_fd;
};

/* capset(2) */
struct cap_header {
    uint32_t version;
    int32_t pid;
};

struct cap_data {
    uint32_t effective;
    uint32_t permitted;
    uint32_t inheritable;
};

/* seccomp(2): `filter` is the address of `len` instructions of 8 bytes. */
struct sock_fprog {
    unsigned short len;
    uint64_t filter;
};

/* prlimit(2) */
struct rlimit64 {
    uint64_t soft;
    uint64_t hard;
};
