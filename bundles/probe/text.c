/* Growing text, JSON, and whole-line output. Knows nothing of what is reported. */
#include "probe.h"
#include <poll.h>
#include <sys/mman.h>

struct text line;

void text_clear(struct text *t) {
    if (!t->at) {
        t->at = t->fixed;
        t->room = sizeof t->fixed;
    }
    t->used = 0;
}

static int grow(struct text *t, size_t more) {
    if (!t->at)
        text_clear(t);
    if (t->used + more <= t->room)
        return 0;
    size_t room = t->room * 2;
    while (room < t->used + more)
        room *= 2;
    char *at = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return -1;
    memcpy(at, t->at, t->used);
    if (t->at != t->fixed)
        munmap(t->at, t->room);
    t->at = at;
    t->room = room;
    return 0;
}

void put(struct text *t, const char *bytes, size_t length) {
    if (grow(t, length) < 0) {
        complain("no memory for a line of output", NULL);
        _exit(71);
    }
    memcpy(t->at + t->used, bytes, length);
    t->used += length;
}

void puts_raw(struct text *t, const char *s) { put(t, s, strlen(s)); }

static void comma(struct text *t) {
    if (t->used && !strchr("{[:", t->at[t->used - 1]))
        put(t, ",", 1);
}

void begin(struct text *t, char bracket) {
    comma(t);
    put(t, &bracket, 1);
}

void end(struct text *t, char bracket) { put(t, &bracket, 1); }

/* Length of the well-formed UTF-8 sequence at `s`, or 0: then the byte is shown as latin-1. */
static size_t sequence(const unsigned char *s, size_t left) {
    size_t n = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

void value_bytes(struct text *t, const char *bytes, size_t length) {
    static const char hex[] = "0123456789abcdef";
    const unsigned char *s = (const unsigned char *)bytes;
    comma(t);
    put(t, "\"", 1);
    for (size_t i = 0; i < length;) {
        size_t plain = i, n;
        while (plain < length && s[plain] >= 0x20 && s[plain] < 0x7f && s[plain] != '"' && s[plain] != '\\')
            plain++;
        if (plain > i) {
            put(t, bytes + i, plain - i);
            i = plain;
        } else if (s[i] == '"' || s[i] == '\\') {
            char two[2] = {'\\', (char)s[i++]};
            put(t, two, 2);
        } else if (s[i] == '\n') {
            put(t, "\\n", 2);
            i++;
        } else if (s[i] == '\t') {
            put(t, "\\t", 2);
            i++;
        } else if ((n = sequence(s + i, length - i)) > 0) {
            put(t, bytes + i, n);
            i += n;
        } else {
            char six[6] = {'\\', 'u', '0', '0', hex[s[i] >> 4], hex[s[i] & 15]};
            put(t, six, 6);
            i++;
        }
    }
    put(t, "\"", 1);
}

void value_null(struct text *t) {
    comma(t);
    put(t, "null", 4);
}

void value_string(struct text *t, const char *s) {
    if (s)
        value_bytes(t, s, strlen(s));
    else
        value_null(t);
}

void value_uint(struct text *t, unsigned long long n) {
    char digits[24];
    int at = sizeof digits;
    do
        digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    comma(t);
    put(t, digits + at, sizeof digits - (size_t)at);
}

char *decimal(char *into, long long n) {
    char digits[24];
    int at = sizeof digits, out = 0;
    unsigned long long left = n < 0 ? 0ULL - (unsigned long long)n : (unsigned long long)n;
    do
        digits[--at] = (char)('0' + left % 10);
    while (left /= 10);
    if (n < 0)
        into[out++] = '-';
    while (at < (int)sizeof digits)
        into[out++] = digits[at++];
    into[out] = 0;
    return into;
}

void value_int(struct text *t, long long n) {
    char digits[24];
    comma(t);
    puts_raw(t, decimal(digits, n));
}

void value_bool(struct text *t, int yes) {
    comma(t);
    puts_raw(t, yes ? "true" : "false");
}

void key(struct text *t, const char *name) {
    value_string(t, name);
    put(t, ":", 1);
}

void member_string(struct text *t, const char *name, const char *s) {
    key(t, name);
    value_string(t, s);
}

void member_int(struct text *t, const char *name, long long n) {
    key(t, name);
    value_int(t, n);
}

void member_errno(struct text *t, const char *name, int number) {
    char spare[24];
    member_string(t, name, errno_name(number, spare));
}

int write_all(int fd, const char *bytes, size_t length) {
    while (length) {
        ssize_t n = write(fd, bytes, length);
        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            poll(&wait, 1, -1);
        } else if (n < 0 && errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

/* Signals wait while a line goes out, so that a line of a signal handler never lands inside another. */
void emit(struct text *t) {
    sigset_t every, before;
    put(t, "\n", 1);
    sigfillset(&every);
    sigprocmask(SIG_BLOCK, &every, &before);
    write_all(STDOUT_FILENO, t->at, t->used);
    sigprocmask(SIG_SETMASK, &before, NULL);
    text_clear(t);
}

int read_all(int fd, struct text *into, size_t most) {
    text_clear(into);
    while (into->used < most) {
        if (grow(into, 4096) < 0)
            return ENOMEM;
        size_t room = into->room - into->used;
        ssize_t n = read(fd, into->at + into->used, room < most - into->used ? room : most - into->used);
        if (n == 0)
            break;
        if (n > 0)
            into->used += (size_t)n;
        else if (errno != EINTR)
            return errno;
    }
    return 0;
}

int read_file(const char *path, struct text *into, size_t most) {
    text_clear(into);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int fault = read_all(fd, into, most);
    close(fd);
    return fault;
}

void complain(const char *what, const char *of) {
    static struct text t; /* not `line`: that one may be half built */
    static const char fallback[] = "probe: no memory for a message\n";
    text_clear(&t);
    if (strlen(what) + (of ? strlen(of) : 0) > sizeof t.fixed - 64) {
        write_all(STDERR_FILENO, fallback, sizeof fallback - 1);
        return;
    }
    puts_raw(&t, "probe: ");
    puts_raw(&t, what);
    if (of) {
        puts_raw(&t, ": ");
        puts_raw(&t, of);
    }
    put(&t, "\n", 1);
    write_all(STDERR_FILENO, t.at, t.used);
}

int link_text(const char *path, char *into, size_t room) {
    ssize_t n = readlink(path, into, room - 1);
    into[n > 0 ? n : 0] = 0;
    return n < 0 ? -1 : 0;
}

long long parse_number(const char *s, int *bad) {
    unsigned long long n = 0;
    int minus = *s == '-', base = 10;
    s += minus;
    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
        base = 16;
        s += 2;
    } else if (s[0] == '0' && s[1]) {
        base = 8;
        s++;
    }
    if (!*s)
        *bad = 1;
    for (; *s; s++) {
        int d = *s >= '0' && *s <= '9' ? *s - '0' : *s >= 'a' && *s <= 'f' ? *s - 'a' + 10 : *s >= 'A' && *s <= 'F' ? *s - 'A' + 10 : 99;
        if (d >= base) {
            *bad = 1;
            return 0;
        }
        n = n * (unsigned)base + (unsigned)d;
    }
    return minus ? (long long)(0 - n) : (long long)n;
}
