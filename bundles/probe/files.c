/* Verbs about one path each: what the kernel answers, as {"kind": verb, "path": ..., "errno": "OK" | name, ...}. */
#include "probe.h"
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static struct text scratch;

static void answer(const char *kind, const char *path, int fault) {
    begin(&line, '{');
    member_string(&line, "kind", kind);
    member_string(&line, "path", path);
    member_errno(&line, "errno", fault);
}

static void finish(void) {
    end(&line, '}');
    emit(&line);
}

static int simple(const char *kind, const char *path, int result) {
    answer(kind, path, result < 0 ? errno : 0);
    finish();
    return 0;
}

int verb_read(int count, char **words) {
    if (count < 1)
        return -1;
    int fault = read_file(words[0], &scratch, 1 << 18);
    answer("read", words[0], fault);
    key(&line, "text");
    if (fault)
        value_null(&line);
    else
        value_bytes(&line, scratch.at, scratch.used);
    finish();
    return 1;
}

static void entry(int folder, const char *name) {
    (void)folder;
    value_string(&line, name);
}

int verb_list(int count, char **words) {
    if (count < 1)
        return -1;
    begin(&line, '{');
    member_string(&line, "kind", "list");
    member_string(&line, "path", words[0]);
    key(&line, "entries");
    begin(&line, '[');
    int fault = each_entry(words[0], entry);
    end(&line, ']');
    member_errno(&line, "errno", fault);
    finish();
    return 1;
}

static int look(const char *kind, int count, char **words, int flags) {
    struct stat s;
    if (count < 1)
        return -1;
    int fault = fstatat(AT_FDCWD, words[0], &s, flags) ? errno : 0;
    answer(kind, words[0], fault);
    if (!fault) {
        member_string(&line, "type", file_type(s.st_mode));
        member_int(&line, "mode", s.st_mode & 07777);
        member_int(&line, "uid", s.st_uid);
        member_int(&line, "gid", s.st_gid);
        member_int(&line, "size", s.st_size);
        member_int(&line, "inode", (long long)s.st_ino);
        member_int(&line, "links", (long long)s.st_nlink);
        key(&line, "dev");
        begin(&line, '[');
        value_int(&line, major(s.st_dev));
        value_int(&line, minor(s.st_dev));
        end(&line, ']');
        key(&line, "rdev");
        begin(&line, '[');
        value_int(&line, major(s.st_rdev));
        value_int(&line, minor(s.st_rdev));
        end(&line, ']');
    }
    finish();
    return 1;
}

int verb_stat(int count, char **words) { return look("stat", count, words, 0); }
int verb_lstat(int count, char **words) { return look("lstat", count, words, AT_SYMLINK_NOFOLLOW); }

int verb_statfs(int count, char **words) {
    struct statfs s;
    if (count < 1)
        return -1;
    int fault = statfs(words[0], &s) ? errno : 0;
    answer("statfs", words[0], fault);
    if (!fault) {
        member_int(&line, "type", (long long)(unsigned long)s.f_type);
        member_int(&line, "flags", (long long)s.f_flags);
        member_int(&line, "block", (long long)s.f_bsize);
        member_int(&line, "blocks", (long long)s.f_blocks);
        member_int(&line, "files", (long long)s.f_files);
    }
    finish();
    return 1;
}

static int store(const char *kind, int count, char **words, int flags) {
    if (count < 2)
        return -1;
    int fd = open(words[0], O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
    int fault = fd < 0 ? errno : write_all(fd, words[1], strlen(words[1]));
    if (fd >= 0 && close(fd) && !fault)
        fault = errno;
    answer(kind, words[0], fault);
    finish();
    return 2;
}

int verb_write(int count, char **words) { return store("write", count, words, O_TRUNC); }
int verb_append(int count, char **words) { return store("append", count, words, O_APPEND); }

/* FLAGS: names joined by | or , as in open(2). */
int verb_open(int count, char **words) {
    int bad = 0;
    if (count < 2)
        return -1;
    int flags = open_flags(words[1], &bad);
    if (bad)
        return -1;
    int fd = open(words[0], flags | O_CLOEXEC, 0644);
    simple("open", words[0], fd);
    if (fd >= 0)
        close(fd);
    return 2;
}

int verb_mkdir(int count, char **words) { return count < 1 ? -1 : 1 + simple("mkdir", words[0], mkdir(words[0], 0755)); }
int verb_rmdir(int count, char **words) { return count < 1 ? -1 : 1 + simple("rmdir", words[0], rmdir(words[0])); }
int verb_unlink(int count, char **words) { return count < 1 ? -1 : 1 + simple("unlink", words[0], unlink(words[0])); }

/* mknod PATH c|b|p MAJOR MINOR */
int verb_mknod(int count, char **words) {
    int bad = 0;
    if (count < 4)
        return -1;
    mode_t type = words[1][0] == 'b' ? S_IFBLK : words[1][0] == 'p' ? S_IFIFO : S_IFCHR;
    dev_t device = makedev((unsigned)parse_number(words[2], &bad), (unsigned)parse_number(words[3], &bad));
    return bad ? -1 : 4 + simple("mknod", words[0], mknod(words[0], type | 0600, device));
}

/* access(2) with the real ids, one answer for each of existing, reading, writing, executing. */
int verb_access(int count, char **words) {
    static const struct {
        const char *name;
        int mode;
    } ways[] = {{"read", R_OK}, {"write", W_OK}, {"execute", X_OK}};
    if (count < 1)
        return -1;
    answer("access", words[0], access(words[0], F_OK) ? errno : 0);
    for (int i = 0; i < 3; i++)
        member_errno(&line, ways[i].name, access(words[0], ways[i].mode) ? errno : 0);
    finish();
    return 1;
}

int verb_readlink(int count, char **words) {
    char target[4096];
    if (count < 1)
        return -1;
    ssize_t n = readlink(words[0], target, sizeof target);
    answer("readlink", words[0], n < 0 ? errno : 0);
    key(&line, "text");
    if (n < 0)
        value_null(&line);
    else
        value_bytes(&line, target, (size_t)n);
    finish();
    return 1;
}

int verb_chown(int count, char **words) {
    int bad = 0;
    if (count < 3)
        return -1;
    uid_t uid = (uid_t)parse_number(words[1], &bad);
    gid_t gid = (gid_t)parse_number(words[2], &bad);
    return bad ? -1 : 3 + simple("chown", words[0], lchown(words[0], uid, gid));
}

int verb_chmod(int count, char **words) {
    int bad = 0;
    if (count < 2)
        return -1;
    mode_t mode = (mode_t)parse_number(words[1], &bad);
    return bad ? -1 : 2 + simple("chmod", words[0], chmod(words[0], mode));
}

/* symlink TARGET PATH */
int verb_symlink(int count, char **words) { return count < 2 ? -1 : 2 + simple("symlink", words[1], symlink(words[0], words[1])); }

/* xattr PATH NAME, of a link itself; a final NUL byte is left out. */
int verb_xattr(int count, char **words) {
    char value[4096];
    if (count < 2)
        return -1;
    ssize_t n = lgetxattr(words[0], words[1], value, sizeof value);
    answer("xattr", words[0], n < 0 ? errno : 0);
    member_string(&line, "name", words[1]);
    key(&line, "text");
    if (n < 0)
        value_null(&line);
    else
        value_bytes(&line, value, (size_t)(n && !value[n - 1] ? n - 1 : n));
    finish();
    return 2;
}
