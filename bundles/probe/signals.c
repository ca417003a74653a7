/* Ending, waiting and signals. Handlers are installed by the raw call, because libc keeps 32 and 33 for itself. */
#include "probe.h"
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

static volatile sig_atomic_t caught;

struct kernel_action {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

#if defined(__x86_64__)
void probe_restore(void);
asm(".text\n.type probe_restore,@function\nprobe_restore:\n\tmov $15, %eax\n\tsyscall\n");
#define RESTORER 0x04000000UL, probe_restore
#else
#define RESTORER 0UL, NULL
#endif

typedef void signal_action(int, siginfo_t *, void *);
#define BY_DEFAULT ((signal_action *)0) /* what libc calls SIG_DFL and SIG_IGN */
#define IGNORED ((signal_action *)1)

static int install(int number, signal_action *handler) {
    struct kernel_action action = {handler, RESTORER, ~0ULL};
    action.flags |= 4UL; /* SA_SIGINFO */
    return syscall(SYS_rt_sigaction, number, &action, NULL, 8) ? -1 : 0;
}

static char *append(char *at, const char *s) {
    while (*s)
        *at++ = *s++;
    return at;
}

static void on_signal(int number, siginfo_t *info, void *context) {
    char spare[24], text[160], *at = text;
    int before = errno;
    (void)context;
    caught++;
    at = append(at, "{\"kind\":\"caught\",\"signal\":\"");
    at = append(at, signal_name(number, spare));
    at = append(at, "\",\"number\":");
    at = append(at, decimal(spare, number));
    at = append(at, ",\"code\":");
    at = append(at, decimal(spare, info->si_code));
    at = append(at, ",\"from\":");
    at = append(at, decimal(spare, info->si_code <= 0 ? info->si_pid : 0));
    at = append(at, "}\n");
    write_all(STDOUT_FILENO, text, (size_t)(at - text));
    errno = before;
}

int verb_exit(int count, char **words) {
    int bad = 0;
    if (count < 1)
        return -1;
    int status = (int)parse_number(words[0], &bad);
    if (bad)
        return -1;
    _exit(status);
}

static void fault(int number) {
    volatile int zero = 0, one = 1;
    if (number == SIGSEGV)
        *(volatile int *)(uintptr_t)zero = 1;
    if (number == SIGILL)
        __builtin_trap();
#if defined(__x86_64__)
    if (number == SIGFPE)
        one = one / zero;
    if (number == SIGTRAP)
        asm volatile("int3");
#elif defined(__aarch64__)
    if (number == SIGTRAP)
        asm volatile("brk #0");
#endif
    if (number == SIGBUS) { /* a page behind the end of a file */
        int file = (int)syscall(SYS_memfd_create, "bus", 0);
        volatile int *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
        if (page != MAP_FAILED)
            one = *page;
    }
    if (number == SIGSYS) { /* a filter that kills at the next call */
        const struct { /* linux/filter.h is not there with every compiler */
            uint16_t code;
            uint8_t if_true, if_false;
            uint32_t value;
        } kill = {0x06 /* BPF_RET */, 0, 0, 0x80000000U /* SECCOMP_RET_KILL_PROCESS */};
        const struct {
            unsigned short length;
            const void *first;
        } program = {1, &kill};
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, &program, 0, 0) == 0)
            getpid();
    }
    (void)one;
}

/* raise SIG: with its default action. The first process of a pid namespace survives most: the kernel protects it from its
   own signals, so faults are then made for real; what still survives is told. */
int verb_raise(int count, char **words) {
    char spare[24];
    int number = count < 1 ? -1 : signal_number(words[0]);
    uint64_t mask = 0;
    if (number < 0)
        return -1;
    install(number, BY_DEFAULT);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
    syscall(SYS_kill, getpid(), number);
    fault(number);
    begin(&line, '{');
    member_string(&line, "kind", "raised");
    member_string(&line, "signal", signal_name(number, spare));
    end(&line, '}');
    emit(&line);
    return 1;
}

/* Waits until one more signal was caught than pauses have used up: one that came early is not lost. */
static void wait_signal(void) {
    static int used;
    uint64_t every = ~0ULL, before;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &every, &before, 8);
    while (caught == used)
        syscall(SYS_rt_sigsuspend, &before, 8);
    used++;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, 8);
}

int verb_pause(int count, char **words) {
    (void)count;
    (void)words;
    begin(&line, '{');
    member_string(&line, "kind", "pause");
    member_int(&line, "pid", getpid());
    end(&line, '}');
    emit(&line);
    wait_signal();
    return 0;
}

int verb_hold(int count, char **words) {
    (void)count;
    (void)words;
    for (;;)
        wait_signal();
}

static int each_signal(const char *kind, int count, char **words, signal_action *handler) {
    char spare[24];
    int used = 0;
    begin(&line, '{');
    member_string(&line, "kind", kind);
    key(&line, "signals");
    begin(&line, '[');
    for (; used < count; used++) {
        int all = !strcmp(words[used], "ALL"), number = signal_number(words[used]);
        if (!all && number < 0)
            break;
        for (int n = all ? 1 : number; n <= (all ? 64 : number); n++)
            if (install(n, handler) == 0)
                value_string(&line, signal_name(n, spare));
    }
    end(&line, ']');
    end(&line, '}');
    if (used)
        emit(&line);
    return used ? used : -1;
}

/* catch SIG...: the names that follow, or ALL. The line tells that the handlers are in place. */
int verb_catch(int count, char **words) { return each_signal("catching", count, words, on_signal); }

int verb_ignore(int count, char **words) {
    return each_signal("ignoring", count, words, IGNORED);
}

/* Only to outlast a hook's timeout; the deadline is the monotonic clock's. */
int verb_delay_ms(int count, char **words) {
    int bad = 0;
    long long until, left;
    if (count < 1)
        return -1;
    until = clock_ns(CLOCK_MONOTONIC) + parse_number(words[0], &bad) * 1000000;
    if (bad)
        return -1;
    while ((left = until - clock_ns(CLOCK_MONOTONIC)) > 0)
        poll(NULL, 0, (int)((left + 999999) / 1000000));
    return 1;
}
