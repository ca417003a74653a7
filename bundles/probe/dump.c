/* `dump`: everything the kernel tells a process about itself. What cannot be read is null; nothing here is required. */
#include "probe.h"
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <time.h>

static struct text scratch;

/* Calls `each` for every entry of a folder but "." and "..". Returns 0 or errno. Needs no memory of libc. */
int each_entry(const char *path, void (*each)(int folder, const char *name)) {
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return errno;
    static char entries[8192] __attribute__((aligned(8)));
    long n;
    while ((n = syscall(SYS_getdents64, folder, entries, sizeof entries)) > 0)
        for (long at = 0; at < n;) {
            struct {
                uint64_t inode;
                int64_t offset;
                uint16_t length;
                uint8_t type;
                char name[];
            } *entry = (void *)(entries + at);
            if (strcmp(entry->name, ".") && strcmp(entry->name, ".."))
                each(folder, entry->name);
            at += entry->length;
        }
    int fault = n < 0 ? errno : 0;
    close(folder);
    return fault;
}

void member_vector(struct text *t, const char *name, char **words) {
    key(t, name);
    begin(t, '[');
    for (; *words; words++)
        value_string(t, *words);
    end(t, ']');
}

static void link_member(int folder, const char *name) {
    char target[4096];
    ssize_t n = readlinkat(folder, name, target, sizeof target);
    key(&line, name);
    if (n < 0)
        value_null(&line);
    else
        value_bytes(&line, target, (size_t)n);
}

void member_namespaces(struct text *t) {
    static const char *kinds[] = {"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "time_for_children", "user", "uts"};
    key(t, "ns");
    int folder = open("/proc/self/ns", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        value_null(t);
        return;
    }
    begin(t, '{');
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char target[64];
        ssize_t n = readlinkat(folder, kinds[i], target, sizeof target);
        if (n > 0) {
            key(t, kinds[i]);
            value_bytes(t, target, (size_t)n);
        }
    }
    end(t, '}');
    close(folder);
}

long long clock_ns(int clock) {
    struct timespec now;
    return clock_gettime(clock, &now) ? -1 : now.tv_sec * 1000000000LL + now.tv_nsec;
}

void member_clock(struct text *t, const char *name, int clock) { member_int(t, name, clock_ns(clock)); }

/* Descriptors as this program was given them: the folder's own one is left out. */
static void descriptor(int folder, const char *name) {
    int bad = 0;
    if (parse_number(name, &bad) != folder)
        link_member(folder, name);
}

static void device(int folder, const char *name) {
    struct stat s;
    key(&line, name);
    if (fstatat(folder, name, &s, AT_SYMLINK_NOFOLLOW)) {
        value_null(&line);
        return;
    }
    begin(&line, '{');
    member_string(&line, "type", file_type(s.st_mode));
    member_int(&line, "major", major(s.st_rdev));
    member_int(&line, "minor", minor(s.st_rdev));
    member_int(&line, "mode", s.st_mode & 07777);
    member_int(&line, "uid", s.st_uid);
    member_int(&line, "gid", s.st_gid);
    if (S_ISLNK(s.st_mode)) {
        char target[4096];
        ssize_t n = readlinkat(folder, name, target, sizeof target);
        key(&line, "link");
        value_bytes(&line, target, n > 0 ? (size_t)n : 0);
    } else {
        member_string(&line, "link", NULL);
    }
    end(&line, '}');
}

static void member_folder(const char *name, const char *path, void (*each)(int, const char *)) {
    size_t before = line.used;
    key(&line, name);
    begin(&line, '{');
    if (each_entry(path, each) == 0) {
        end(&line, '}');
        return;
    }
    line.used = before;
    key(&line, name);
    value_null(&line);
}

static void member_files(void) {
    static const char *names[] = {
        "status", "mountinfo", "cgroup", "uid_map", "gid_map", "setgroups", "limits", "attr/current", "attr/apparmor/current",
        "oom_score_adj", "timens_offsets", "loginuid", "comm", "stat",
    };
    key(&line, "files");
    begin(&line, '{');
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64] = "/proc/self/";
        strcat(path, names[i]);
        key(&line, names[i]);
        if (read_file(path, &scratch, 1 << 20) == 0)
            value_bytes(&line, scratch.at, scratch.used);
        else
            value_null(&line);
    }
    end(&line, '}');
}

static void member_ids(void) {
    uid_t u[3];
    gid_t g[3], groups[1024];
    member_int(&line, "pid", getpid());
    member_int(&line, "ppid", getppid());
    member_int(&line, "pgid", getpgid(0));
    member_int(&line, "sid", getsid(0));
    key(&line, "uid");
    begin(&line, '[');
    if (getresuid(&u[0], &u[1], &u[2]) == 0) {
        for (int i = 0; i < 3; i++)
            value_uint(&line, u[i]);
        value_uint(&line, (unsigned)syscall(SYS_setfsuid, -1));
    }
    end(&line, ']');
    key(&line, "gid");
    begin(&line, '[');
    if (getresgid(&g[0], &g[1], &g[2]) == 0) {
        for (int i = 0; i < 3; i++)
            value_uint(&line, g[i]);
        value_uint(&line, (unsigned)syscall(SYS_setfsgid, -1));
    }
    end(&line, ']');
    int n = getgroups(1024, groups);
    key(&line, "groups");
    begin(&line, '[');
    for (int i = 0; i < n; i++)
        value_uint(&line, groups[i]);
    end(&line, ']');
    mode_t mask = umask(0);
    umask(mask);
    member_int(&line, "umask", mask);
}

static void member_terminal(void) {
    struct winsize size;
    struct stat s;
    int fd = 0;
    while (fd < 3 && ioctl(fd, TIOCGWINSZ, &size))
        fd++;
    key(&line, "tty");
    if (fd == 3) {
        value_null(&line);
        return;
    }
    char path[32] = "/proc/self/fd/0", target[4096];
    path[14] = (char)('0' + fd);
    begin(&line, '{');
    member_int(&line, "fd", fd);
    member_int(&line, "rows", size.ws_row);
    member_int(&line, "cols", size.ws_col);
    member_string(&line, "name", link_text(path, target, sizeof target) ? NULL : target);
    key(&line, "device");
    if (fstat(fd, &s)) {
        value_null(&line);
    } else {
        begin(&line, '[');
        value_int(&line, major(s.st_rdev));
        value_int(&line, minor(s.st_rdev));
        end(&line, ']');
        member_int(&line, "mode", s.st_mode & 07777);
        member_int(&line, "uid", s.st_uid);
        member_int(&line, "gid", s.st_gid);
    }
    int control = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    key(&line, "controlling");
    value_bool(&line, control >= 0);
    if (control >= 0)
        close(control);
    end(&line, '}');
}

int verb_dump(int count, char **words) {
    char target[4096];
    struct utsname names;
    (void)count;
    (void)words;
    begin(&line, '{');
    member_string(&line, "kind", "dump");
    member_folder("fds", "/proc/self/fd", descriptor); /* first: nothing of ours is open yet */
    member_vector(&line, "argv", all_words);
    member_vector(&line, "env", all_env);
    member_string(&line, "cwd", syscall(SYS_getcwd, target, sizeof target) > 0 ? target : NULL);
    member_string(&line, "exe", link_text("/proc/self/exe", target, sizeof target) ? NULL : target);
    member_string(&line, "root", link_text("/proc/self/root", target, sizeof target) ? NULL : target);
    member_ids();
    int known = uname(&names) == 0;
    member_string(&line, "hostname", known ? names.nodename : NULL);
    member_string(&line, "domainname", known ? names.domainname : NULL);
    member_string(&line, "release", known ? names.release : NULL);
    member_string(&line, "machine", known ? names.machine : NULL);
    member_int(&line, "personality", personality(0xffffffff));
    member_namespaces(&line);
    member_files();
    member_scheduling();
    member_folder("dev", "/dev", device);
    member_terminal();
    key(&line, "clock");
    begin(&line, '{');
    member_clock(&line, "realtime", CLOCK_REALTIME);
    member_clock(&line, "monotonic", CLOCK_MONOTONIC);
    member_clock(&line, "boottime", CLOCK_BOOTTIME);
    end(&line, '}');
    member_privileges();
    end(&line, '}');
    emit(&line);
    return 0;
}
