/* Names and numbers of the kernel's interface: errno, system calls, signals, flags of open(2). */
#include "probe.h"

struct name {
    const char *name;
    long number;
};

#define NAME(text, number) {text, number},
static const struct name errnos[] = {
#include "errnos.h"
};
static const struct name calls[] = {
#include "syscalls.h"
};
static const struct name signals[] = {
    {"SIGHUP", 1},   {"SIGINT", 2},     {"SIGQUIT", 3},  {"SIGILL", 4},   {"SIGTRAP", 5},  {"SIGABRT", 6},  {"SIGBUS", 7},
    {"SIGFPE", 8},   {"SIGKILL", 9},    {"SIGUSR1", 10}, {"SIGSEGV", 11}, {"SIGUSR2", 12}, {"SIGPIPE", 13}, {"SIGALRM", 14},
    {"SIGTERM", 15}, {"SIGSTKFLT", 16}, {"SIGCHLD", 17}, {"SIGCONT", 18}, {"SIGSTOP", 19}, {"SIGTSTP", 20}, {"SIGTTIN", 21},
    {"SIGTTOU", 22}, {"SIGURG", 23},    {"SIGXCPU", 24}, {"SIGXFSZ", 25}, {"SIGVTALRM", 26}, {"SIGPROF", 27},
    {"SIGWINCH", 28}, {"SIGIO", 29},    {"SIGPWR", 30},  {"SIGSYS", 31},
};
#undef NAME
#define NAME(flag) {#flag, flag},
static const struct name flags[] = {
    NAME(O_RDONLY) NAME(O_WRONLY) NAME(O_RDWR) NAME(O_CREAT) NAME(O_EXCL) NAME(O_TRUNC) NAME(O_APPEND) NAME(O_NONBLOCK)
    NAME(O_DIRECTORY) NAME(O_NOFOLLOW) NAME(O_CLOEXEC) NAME(O_NOCTTY) NAME(O_PATH) NAME(O_TMPFILE) NAME(O_SYNC)
};
#define COUNT(list) (sizeof(list) / sizeof *(list))

static const char *by_number(const struct name *list, size_t count, long number, char spare[24]) {
    for (size_t i = 0; i < count; i++)
        if (list[i].number == number)
            return list[i].name;
    return decimal(spare, number);
}

static long by_name(const struct name *list, size_t count, const char *name) {
    int bad = 0;
    for (size_t i = 0; i < count; i++)
        if (!strcmp(list[i].name, name))
            return list[i].number;
    if (*name < '0' || *name > '9')
        return -1;
    long number = (long)parse_number(name, &bad);
    return bad ? -1 : number;
}

const char *errno_name(int number, char spare[24]) { return number ? by_number(errnos, COUNT(errnos), number, spare) : "OK"; }

long syscall_number(const char *name) { return by_name(calls, COUNT(calls), name); }

/* Kernel numbers: 34 is SIGRTMIN of libc, but every signal from 32 to 64 is shown by its number. */
const char *signal_name(int number, char spare[24]) { return by_number(signals, COUNT(signals), number, spare); }

int signal_number(const char *name) {
    long number = by_name(signals, COUNT(signals), name);
    return number >= 1 && number <= 64 ? (int)number : -1;
}

int open_flags(const char *names, int *bad) {
    int value = 0;
    while (*names) {
        char one[32];
        size_t n = strcspn(names, "|,");
        if (n >= sizeof one) {
            *bad = 1;
            return 0;
        }
        memcpy(one, names, n);
        one[n] = 0;
        long flag = by_name(flags, COUNT(flags), one);
        if (flag < 0)
            *bad = 1;
        value |= (int)flag;
        names += n + (names[n] != 0);
    }
    return value;
}

const char *file_type(mode_t mode) {
    switch (mode & S_IFMT) {
    case S_IFDIR: return "dir";
    case S_IFREG: return "file";
    case S_IFCHR: return "char";
    case S_IFBLK: return "block";
    case S_IFIFO: return "fifo";
    case S_IFLNK: return "link";
    case S_IFSOCK: return "socket";
    default: return "unknown";
    }
}
