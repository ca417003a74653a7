/* `try`, `try-thread`, `try-traced`, `try-i386`, `exec`: one system call in a child of its own, so that a kill by seccomp is seen and not suffered.
   The child leaves what it saw on a shared page; what it could not leave there, the parent knows from wait4(2). */
#include "probe.h"
#include <pthread.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

enum { MOST = 6 };
enum way { PLAIN, THREADED, TRACED, I386 };

struct attempt {
    long number;
    enum way way;
    long word[MOST];
    volatile int done, joined, no_thread;
    volatile long result;
};

/* Not libc's syscall(): a child of vfork(2) may not return from a function the parent still needs. */
static inline __attribute__((always_inline)) long raw(long n, const long *w) {
#if defined(__x86_64__)
    long result;
    register long d asm("r10") = w[3];
    register long e asm("r8") = w[4];
    register long f asm("r9") = w[5];
    asm volatile("syscall" : "=a"(result) : "a"(n), "D"(w[0]), "S"(w[1]), "d"(w[2]), "r"(d), "r"(e), "r"(f) : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long number asm("x8") = n;
    register long a asm("x0") = w[0];
    register long b asm("x1") = w[1];
    register long c asm("x2") = w[2];
    register long d asm("x3") = w[3];
    register long e asm("x4") = w[4];
    register long f asm("x5") = w[5];
    asm volatile("svc #0" : "+r"(a) : "r"(number), "r"(b), "r"(c), "r"(d), "r"(e), "r"(f) : "memory");
    return a;
#else
#error "the probe knows x86-64 and arm64"
#endif
}

/* The number is one of i386's, the words are cut to 32 bits; rbp, the sixth word, stays as it is. */
static long raw_i386(long n, const long *w) {
#if defined(__x86_64__)
    long result;
    asm volatile("int $0x80" : "=a"(result) : "a"(n), "b"(w[0]), "c"(w[1]), "d"(w[2]), "S"(w[3]), "D"(w[4]) : "memory", "r8", "r9", "r10", "r11");
    return (int)result;
#else
    (void)n;
    (void)w;
    return -ENOSYS;
#endif
}

/* 0 from a call that makes a process means: this is the new one. It ends at once and reports nothing. */
static int forks(long n) {
#ifdef SYS_fork
    if (n == SYS_fork || n == SYS_vfork)
        return 1;
#endif
    return n == SYS_clone || n == 435 /* clone3 */;
}

static void *perform(void *argument) {
    struct attempt *a = argument;
    static const long nothing[MOST] = {0};
    long result = a->way == I386 ? raw_i386(a->number, a->word) : raw(a->number, a->word);
    if (result == 0 && a->way != I386 && forks(a->number))
        raw(SYS_exit_group, nothing);
    a->result = result;
    a->done = 1;
    return NULL;
}

/* NAME[,WORD]...; a word is a number, @text (a pointer to it) or &N (a pointer to N zero bytes). */
static int parse(char *text, struct attempt *a, const char **name, char **words, int *count) {
    int bad = 0;
    *count = 0;
    *name = text;
    for (char *at = text; (at = strchr(at, ','));) {
        *at++ = 0;
        if (*count == MOST)
            return -1;
        words[(*count)++] = at;
    }
    a->number = syscall_number(*name);
    for (int i = 0; i < *count; i++) {
        if (words[i][0] == '@') {
            a->word[i] = (long)(words[i] + 1);
        } else if (words[i][0] == '&') {
            size_t size = (size_t)parse_number(words[i] + 1, &bad);
            void *room = bad ? MAP_FAILED : mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            a->word[i] = room == MAP_FAILED ? 0 : (long)room;
        } else {
            a->word[i] = (long)parse_number(words[i], &bad);
        }
    }
    return bad ? -1 : 0;
}

static void member_status(const char *name, int ended, int status) {
    char spare[24];
    member_string(&line, name, ended && WIFSIGNALED(status) ? signal_name(WTERMSIG(status), spare) : NULL);
}

/* The child stops itself; from then on each stop that a filter asks for (SCMP_ACT_TRACE) gives its number, and the call goes on.
   -1: there was none. */
static long trace(pid_t child, int *status) {
    long message = -1;
    unsigned long got;
    int ready = 0;
    while (waitpid(child, status, 0) == child || errno == EINTR) {
        int signal = 0;
        if (!WIFSTOPPED(*status))
            break;
        if (!ready++)
            ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL);
        else if (*status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
            message = ptrace(PTRACE_GETEVENTMSG, child, 0, &got) ? -1 : (long)got;
        else
            signal = WSTOPSIG(*status);
        ptrace(PTRACE_CONT, child, 0, signal);
    }
    return message;
}

static int attempt(const char *kind, int count, char **words, enum way way) {
    struct attempt *a = mmap(NULL, sizeof *a, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), plain = {0};
    char *parts[MOST], copy[4096], spare[24];
    const char *name;
    int parts_count, status = 0, ended = 0, threaded = way == THREADED;
    long message = -1;
    if (count < 1 || strlen(words[0]) >= sizeof copy)
        return -1;
    strcpy(copy, words[0]);
    if (a == MAP_FAILED)
        a = &plain;
    a->way = way;
    if (parse(copy, a, &name, parts, &parts_count))
        return -1;
    begin(&line, '{');
    member_string(&line, "kind", kind);
    member_string(&line, "name", name);
    key(&line, "args");
    begin(&line, '[');
    for (int i = 0; i < parts_count; i++)
        value_string(&line, parts[i]);
    end(&line, ']');
    if (a->number < 0) { /* a name this architecture or these headers do not have */
        member_string(&line, "ret", NULL);
        member_string(&line, "errno", NULL);
        member_string(&line, "signal", NULL);
        member_string(&line, "unknown", name);
        end(&line, '}');
        emit(&line);
        return 1;
    }
    pid_t child = a == &plain ? -1 : fork();
    if (child == 0) {
        pthread_t thread;
        if (way == TRACED && (ptrace(PTRACE_TRACEME, 0, 0, 0) || raise(SIGSTOP)))
            _exit(1);
        if (!threaded) {
            perform(a);
        } else if (pthread_create(&thread, NULL, perform, a)) {
            a->no_thread = 1;
        } else {
            pthread_join(thread, NULL);
            a->joined = 1;
        }
        _exit(0);
    }
    if (child > 0 && way == TRACED) {
        message = trace(child, &status);
        ended = 1;
    } else if (child > 0) {
        pid_t got;
        while ((got = waitpid(child, &status, 0)) < 0 && errno == EINTR)
            ;
        ended = got == child;
    } else if (!threaded) {
        perform(a); /* no child to be had: in this process, for better or worse */
    }
    int fault = a->done && a->result < 0 && a->result >= -4095 ? (int)-a->result : 0;
    key(&line, "ret");
    if (a->done)
        value_int(&line, fault ? -1 : a->result);
    else
        value_null(&line);
    member_string(&line, "errno", a->done ? errno_name(fault, spare) : NULL);
    member_status("signal", ended, status);
    if (threaded) {
        int killed = ended && WIFSIGNALED(status);
        member_string(&line, "thread", a->no_thread || child < 0 ? NULL : a->done ? "returned" : "died");
        member_string(&line, "process", killed ? "died" : "lived");
    } else if (child < 0) {
        member_string(&line, "in", "self");
    }
    if (way == TRACED) {
        key(&line, "traced");
        if (message < 0)
            value_null(&line);
        else
            value_int(&line, message);
    }
    end(&line, '}');
    emit(&line);
    if (a != &plain)
        munmap(a, sizeof *a);
    return 1;
}

int verb_try(int count, char **words) { return attempt("try", count, words, PLAIN); }
int verb_try_thread(int count, char **words) { return attempt("try-thread", count, words, THREADED); }
int verb_try_traced(int count, char **words) { return attempt("try-traced", count, words, TRACED); }
int verb_try_i386(int count, char **words) { return attempt("try-i386", count, words, I386); }

/* `exec PATH`: whether a child can become it (run as `PATH exit 0`, all output dropped), and how that ended. */
int verb_exec(int count, char **words) {
    int *fault = mmap(NULL, sizeof *fault, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = 0;
    if (count < 1 || fault == MAP_FAILED)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        char *argv[] = {words[0], "exit", "0", NULL};
        int out[2];
        if (pipe(out) == 0) {
            dup2(out[1], 1);
            dup2(out[1], 2);
        }
        execve(words[0], argv, all_env);
        *fault = errno;
        _exit(127);
    }
    if (child < 0)
        *fault = errno;
    else
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
    begin(&line, '{');
    member_string(&line, "kind", "exec");
    member_string(&line, "path", words[0]);
    member_errno(&line, "errno", *fault);
    key(&line, "status");
    if (child > 0 && WIFEXITED(status) && !*fault)
        value_int(&line, WEXITSTATUS(status));
    else
        value_null(&line);
    member_status("signal", child > 0, status);
    end(&line, '}');
    emit(&line);
    munmap(fault, sizeof *fault);
    return 1;
}
