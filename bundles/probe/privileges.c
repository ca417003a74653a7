/* The part of `dump` about what the process may do and how much of it: scheduling, capabilities, prctl flags, limits. */
#include "probe.h"
#include <sys/prctl.h>

void member_scheduling(void) {
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
        uint32_t util_min, util_max;
    } attr = {0};
    key(&line, "sched");
    if (syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0) == 0) {
        begin(&line, '{');
        member_int(&line, "policy", attr.policy);
        member_int(&line, "nice", attr.nice);
        member_int(&line, "priority", attr.priority);
        member_int(&line, "flags", (long long)attr.flags);
        member_int(&line, "runtime", (long long)attr.runtime);
        member_int(&line, "deadline", (long long)attr.deadline);
        member_int(&line, "period", (long long)attr.period);
        end(&line, '}');
    } else {
        value_null(&line);
    }
    member_int(&line, "ioprio", syscall(SYS_ioprio_get, 1, 0));
    unsigned long cpus[128] = {0};
    long n = syscall(SYS_sched_getaffinity, 0, sizeof cpus, cpus);
    key(&line, "affinity");
    begin(&line, '[');
    for (long i = 0; i < n * 8; i++)
        if (cpus[i / (8 * (long)sizeof *cpus)] >> (i % (8 * (long)sizeof *cpus)) & 1)
            value_int(&line, i);
    end(&line, ']');
    int mode = -1;
    unsigned long nodes[128] = {0}; /* the kernel wants room for every node it could have */
    key(&line, "mempolicy");
    if (syscall(SYS_get_mempolicy, &mode, nodes, sizeof nodes * 8, 0, 0) == 0) {
        begin(&line, '{');
        member_int(&line, "mode", mode);
        key(&line, "nodes");
        begin(&line, '[');
        for (size_t i = 0; i < sizeof nodes * 8; i++)
            if (nodes[i / 64] >> (i % 64) & 1)
                value_int(&line, (long long)i);
        end(&line, ']');
        end(&line, '}');
    } else {
        value_null(&line);
    }
}

/* Capabilities from capget(2) and prctl(2): there also where /proc is not. Hexadecimal, as in /proc/PID/status. */
static void member_hex(const char *name, unsigned long long n) {
    char digits[17];
    for (int i = 15; i >= 0; i--, n >>= 4)
        digits[i] = "0123456789abcdef"[n & 15];
    digits[16] = 0;
    member_string(&line, name, digits);
}

static void member_capabilities(void) {
    struct {
        uint32_t version;
        int pid;
    } header = {0x20080522, 0};
    struct {
        uint32_t effective, permitted, inheritable;
    } sets[2] = {{0, 0, 0}, {0, 0, 0}};
    unsigned long long bounding = 0, ambient = 0;
    int last = -1;
    key(&line, "caps");
    if (syscall(SYS_capget, &header, sets)) {
        value_null(&line);
        return;
    }
    for (int i = 0; i < 64; i++) {
        int held = prctl(PR_CAPBSET_READ, i, 0, 0, 0);
        if (held < 0)
            break;
        last = i;
        bounding |= (unsigned long long)held << i;
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1)
            ambient |= 1ULL << i;
    }
    begin(&line, '{');
    member_hex("effective", sets[0].effective | (unsigned long long)sets[1].effective << 32);
    member_hex("permitted", sets[0].permitted | (unsigned long long)sets[1].permitted << 32);
    member_hex("inheritable", sets[0].inheritable | (unsigned long long)sets[1].inheritable << 32);
    member_hex("bounding", bounding);
    member_hex("ambient", ambient);
    member_int(&line, "last", last);
    end(&line, '}');
}

static void member_prctl(const char *name, int option) {
    int value = prctl(option, 0, 0, 0, 0);
    key(&line, name);
    if (value < 0)
        value_null(&line);
    else
        value_int(&line, value);
}

static void member_prctl_stored(const char *name, int option) {
    int value = 0;
    key(&line, name);
    if (prctl(option, &value, 0, 0, 0))
        value_null(&line);
    else
        value_int(&line, value);
}

static void member_keyring(void) {
    long id = syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3L /* session */, 0L);
    char text[256] = "";
    long n = id < 0 ? -1 : syscall(SYS_keyctl, 6 /* KEYCTL_DESCRIBE */, id, text, sizeof text - 1);
    key(&line, "keyring");
    if (id < 0) {
        value_null(&line);
        return;
    }
    begin(&line, '{');
    member_int(&line, "id", id);
    member_string(&line, "description", n < 0 ? NULL : text);
    end(&line, '}');
}

static void member_rlimits(void) {
    static const char *names[] = {
        "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC", "RLIMIT_NOFILE",
        "RLIMIT_MEMLOCK", "RLIMIT_AS", "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
    };
    key(&line, "rlimits");
    begin(&line, '{');
    for (int i = 0; i < 16; i++) {
        uint64_t pair[2];
        if (syscall(SYS_prlimit64, 0, i, NULL, pair))
            continue;
        key(&line, names[i]);
        begin(&line, '[');
        value_uint(&line, pair[0]);
        value_uint(&line, pair[1]);
        end(&line, ']');
    }
    end(&line, '}');
}

/* "caps", the flags of prctl(2), "keyring" and "rlimits". */
void member_privileges(void) {
    member_capabilities();
    member_prctl("no_new_privs", PR_GET_NO_NEW_PRIVS);
    member_prctl("securebits", PR_GET_SECUREBITS);
    member_prctl("dumpable", PR_GET_DUMPABLE);
    member_prctl("thp_disable", PR_GET_THP_DISABLE);
    member_prctl_stored("pdeathsig", PR_GET_PDEATHSIG);
    member_prctl_stored("child_subreaper", PR_GET_CHILD_SUBREAPER);
    member_keyring();
    member_rlimits();
}
