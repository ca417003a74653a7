/* Verbs about descriptors, terminals and processes of the probe itself. */
#include "probe.h"
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

static struct text scratch;

static int speak(int fd, int count, char **words) {
    if (count < 1)
        return -1;
    text_clear(&scratch);
    puts_raw(&scratch, words[0]);
    put(&scratch, "\n", 1);
    write_all(fd, scratch.at, scratch.used);
    return 1;
}

int verb_say(int count, char **words) { return speak(STDOUT_FILENO, count, words); }
int verb_err(int count, char **words) { return speak(STDERR_FILENO, count, words); }

/* One byte at a time: what follows the line belongs to whoever reads next. */
int verb_wait_line(int count, char **words) {
    char byte = 0;
    ssize_t n;
    (void)count;
    (void)words;
    text_clear(&scratch);
    while ((n = read(STDIN_FILENO, &byte, 1)) == 1 || (n < 0 && errno == EINTR)) {
        if (n == 1 && byte == '\n')
            break;
        if (n == 1)
            put(&scratch, &byte, 1);
    }
    begin(&line, '{');
    member_string(&line, "kind", "line");
    key(&line, "text");
    value_bytes(&line, scratch.at, scratch.used);
    key(&line, "eof");
    value_bool(&line, n <= 0);
    end(&line, '}');
    emit(&line);
    return 0;
}

int verb_isatty(int count, char **words) {
    struct winsize size;
    (void)count;
    (void)words;
    begin(&line, '{');
    member_string(&line, "kind", "isatty");
    key(&line, "fds");
    begin(&line, '[');
    for (int fd = 0; fd < 3; fd++)
        value_bool(&line, ioctl(fd, TIOCGWINSZ, &size) == 0);
    end(&line, ']');
    end(&line, '}');
    emit(&line);
    return 0;
}

int verb_winsize(int count, char **words) {
    struct winsize size = {0, 0, 0, 0};
    int fd = 0;
    (void)count;
    (void)words;
    while (fd < 3 && ioctl(fd, TIOCGWINSZ, &size))
        fd++;
    begin(&line, '{');
    member_string(&line, "kind", "winsize");
    member_errno(&line, "errno", fd == 3 ? errno : 0);
    key(&line, "rows");
    if (fd < 3)
        value_int(&line, size.ws_row);
    else
        value_null(&line);
    key(&line, "cols");
    if (fd < 3)
        value_int(&line, size.ws_col);
    else
        value_null(&line);
    end(&line, '}');
    emit(&line);
    return 0;
}

static void descriptor_answer(const char *kind, int fd, int fault, int with_text) {
    begin(&line, '{');
    member_string(&line, "kind", kind);
    member_int(&line, "fd", fd);
    member_errno(&line, "errno", fault);
    if (with_text) {
        key(&line, "text");
        value_bytes(&line, scratch.at, scratch.used);
    }
    end(&line, '}');
    emit(&line);
}

int verb_fd_read(int count, char **words) {
    int bad = 0, fd = count < 1 ? -1 : (int)parse_number(words[0], &bad);
    if (count < 1 || bad)
        return -1;
    descriptor_answer("fd-read", fd, read_all(fd, &scratch, 1 << 16), 1);
    return 1;
}

int verb_fd_write(int count, char **words) {
    int bad = 0, fd = count < 2 ? -1 : (int)parse_number(words[0], &bad);
    if (count < 2 || bad)
        return -1;
    descriptor_answer("fd-write", fd, write_all(fd, words[1], strlen(words[1])), 0);
    return 2;
}

int verb_close(int count, char **words) {
    int bad = 0, fd = count < 1 ? -1 : (int)parse_number(words[0], &bad);
    if (count < 1 || bad)
        return -1;
    descriptor_answer("close", fd, close(fd) ? errno : 0, 0);
    return 1;
}

/* A grandchild that waits for ever and whose parent is gone. */
int verb_spawn_orphan(int count, char **words) {
    int link[2];
    pid_t orphan = -1;
    (void)count;
    (void)words;
    int fault = pipe(link) ? errno : 0;
    pid_t child = fault ? -1 : fork();
    if (child == 0) {
        pid_t own = fork();
        if (own == 0) {
            close(link[0]);
            close(link[1]);
            for (;;)
                pause();
        }
        write_all(link[1], (const char *)&own, sizeof own);
        _exit(0);
    }
    if (child > 0) {
        close(link[1]);
        if (read(link[0], &orphan, sizeof orphan) != sizeof orphan)
            orphan = -1;
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            ;
        close(link[0]);
    } else if (!fault) {
        fault = errno;
    }
    begin(&line, '{');
    member_string(&line, "kind", "orphan");
    member_int(&line, "pid", orphan);
    member_errno(&line, "errno", fault);
    end(&line, '}');
    emit(&line);
    return 0;
}

/* fork-tree N: N children that wait for ever; stops at the first refusal (pids limit, RLIMIT_NPROC) and tells it. */
int verb_fork_tree(int count, char **words) {
    int bad = 0, fault = 0;
    long long asked = count < 1 ? 0 : parse_number(words[0], &bad), made = 0;
    if (count < 1 || bad)
        return -1;
    begin(&line, '{');
    member_string(&line, "kind", "fork-tree");
    member_int(&line, "asked", asked);
    key(&line, "pids");
    begin(&line, '[');
    for (; made < asked; made++) {
        pid_t child = fork();
        if (child == 0)
            for (;;)
                pause();
        if (child < 0) {
            fault = errno;
            break;
        }
        value_int(&line, child);
    }
    end(&line, ']');
    member_int(&line, "made", made);
    member_errno(&line, "errno", fault);
    end(&line, '}');
    emit(&line);
    return 1;
}

/* memory BYTES: touches that much in a child, so that a kill by the memory limit is seen. */
int verb_memory(int count, char **words) {
    int bad = 0, status = 0, fault = 0;
    size_t size = count < 1 ? 0 : (size_t)parse_number(words[0], &bad);
    char spare[24];
    if (count < 1 || bad)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        volatile char *room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (room == MAP_FAILED)
            _exit(12);
        for (size_t i = 0; i < size; i += 4096)
            room[i] = 1;
        _exit(0);
    }
    if (child < 0)
        fault = errno;
    else
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
    if (child > 0 && WIFEXITED(status))
        fault = WEXITSTATUS(status);
    begin(&line, '{');
    member_string(&line, "kind", "memory");
    member_int(&line, "bytes", (long long)size);
    member_errno(&line, "errno", fault);
    member_string(&line, "signal", child > 0 && WIFSIGNALED(status) ? signal_name(WTERMSIG(status), spare) : NULL);
    end(&line, '}');
    emit(&line);
    return 1;
}
