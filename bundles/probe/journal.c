/* `hook` and `tick`: one line to the journal the harness reads, so that events of many processes stand in one order. */
#include "probe.h"
#include <time.h>

enum { LONGEST = 4096 }; /* PIPE_BUF: a line this long is written as a whole or not at all */

static int open_journal(const char *path) {
    int fd = open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC); /* a FIFO nobody reads: ENXIO, no hanging */
    if (fd >= 0)
        fcntl(fd, F_SETFL, O_APPEND); /* but a full one is waited for */
    return fd;
}

static int beside(const char *program) {
    char path[4160];
    const char *slash = strrchr(program, '/');
    if (!slash || slash - program > 4096)
        return -1;
    memcpy(path, program, (size_t)(slash - program));
    strcpy(path + (slash - program), "/journal");
    return open_journal(path);
}

/* $PROCTOR_JOURNAL; else `journal` beside the program file, beside argv[0], in the root. */
static int find_journal(void) {
    char program[4096];
    for (char **e = all_env; *e; e++)
        if (!strncmp(*e, "PROCTOR_JOURNAL=", 16))
            return open_journal(*e + 16);
    int fd = -1;
    if (link_text("/proc/self/exe", program, sizeof program) == 0)
        fd = beside(program);
    if (fd < 0 && all_count > 0)
        fd = beside(all_words[0]);
    return fd < 0 ? open_journal("/journal") : fd;
}

/* What does not fit is left out, the last of the environment first, then the state; the line then says "cut": true. */
static void build(const char *kind, const char *name, long long clock, const struct text *state, int variables, int with_state) {
    char target[4096];
    text_clear(&line);
    begin(&line, '{');
    member_string(&line, "kind", kind);
    member_string(&line, "name", name);
    member_int(&line, "pid", getpid());
    member_int(&line, "ppid", getppid());
    member_int(&line, "uid", geteuid());
    member_int(&line, "clock", clock);
    member_namespaces(&line);
    member_string(&line, "cwd", syscall(SYS_getcwd, target, sizeof target) > 0 ? target : NULL);
    member_string(&line, "root", link_text("/proc/self/root", target, sizeof target) ? NULL : target);
    member_vector(&line, "argv", all_words);
    key(&line, "env");
    begin(&line, '[');
    int shown = 0;
    for (; shown < variables && all_env[shown]; shown++)
        value_string(&line, all_env[shown]);
    end(&line, ']');
    key(&line, "state");
    if (state && with_state)
        value_bytes(&line, state->at, state->used);
    else
        value_null(&line);
    key(&line, "cut");
    value_bool(&line, all_env[shown] || (state && !with_state));
    end(&line, '}');
    put(&line, "\n", 1);
}

static int note(const char *kind, const char *name, int with_state) {
    static struct text state;
    long long clock = clock_ns(CLOCK_REALTIME); /* of the beginning: reading the state may wait */
    struct text *given = NULL;
    if (with_state && read_all(STDIN_FILENO, &state, 1 << 20) == 0)
        given = &state;
    int fd = find_journal();
    if (fd < 0) {
        complain("no journal to write to for", name);
        _exit(65);
    }
    int variables = 1024;
    build(kind, name, clock, given, variables, 1);
    while (line.used > LONGEST && variables)
        build(kind, name, clock, given, variables /= 2, 1);
    if (line.used > LONGEST)
        build(kind, name, clock, given, 0, 0);
    if (line.used > LONGEST || write_all(fd, line.at, line.used)) {
        complain("the journal took no line of", name);
        _exit(65);
    }
    close(fd);
    text_clear(&line);
    return 1;
}

int verb_hook(int count, char **words) { return count < 1 ? -1 : note("hook", words[0], 1); }
int verb_tick(int count, char **words) { return count < 1 ? -1 : note("tick", words[0], 0); }
