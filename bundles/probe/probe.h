/* What the probe's sources share. The probe reports raw facts of the container it runs in; it never reads config.json
   and never judges. It allocates with mmap only, uses no stdio, and writes every line with one write(2). */
#ifndef PROBE_H
#define PROBE_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* ---- text.c: growing text and JSON ---- */
struct text {
    char *at;
    size_t used, room;
    char fixed[16384]; /* the first part needs no memory from the kernel */
};

void text_clear(struct text *t);
void put(struct text *t, const char *bytes, size_t length); /* raw */
void puts_raw(struct text *t, const char *s);
/* JSON: commas are put by the next member or value, from the last character written. */
void begin(struct text *t, char bracket); /* '{' or '[' */
void end(struct text *t, char bracket);
void key(struct text *t, const char *name);
void value_bytes(struct text *t, const char *bytes, size_t length);
void value_string(struct text *t, const char *s); /* NULL -> null */
void value_int(struct text *t, long long n);
void value_uint(struct text *t, unsigned long long n);
void value_bool(struct text *t, int yes);
void value_null(struct text *t);
void member_string(struct text *t, const char *name, const char *s);
void member_int(struct text *t, const char *name, long long n);
void member_errno(struct text *t, const char *name, int number); /* 0 -> "OK" */
void emit(struct text *t); /* adds the newline, writes to stdout, clears */
int write_all(int fd, const char *bytes, size_t length);
int read_all(int fd, struct text *into, size_t most); /* 0 or errno */
int read_file(const char *path, struct text *into, size_t most);
void complain(const char *what, const char *of); /* one line on stderr */
int link_text(const char *path, char *into, size_t room); /* readlink with a final NUL; 0 or -1 */
long long parse_number(const char *s, int *bad); /* decimal, 0x, 0 octal, minus */
char *decimal(char *into, long long n); /* into: 24 bytes at least; returns into */
extern struct text line; /* the line being built; one at a time */

/* ---- names.c ---- */
const char *errno_name(int number, char spare[24]);
long syscall_number(const char *name); /* -1: unknown */
const char *signal_name(int number, char spare[24]);
int signal_number(const char *name); /* -1: unknown */
int open_flags(const char *names, int *bad);
const char *file_type(mode_t mode);

/* ---- verbs; each gets the words after its own and returns how many it used, or -1 with a complaint ---- */
typedef int verb(int count, char **words);
verb verb_dump, verb_net;
verb verb_try, verb_try_thread, verb_try_traced, verb_try_i386, verb_exec;
verb verb_read, verb_list, verb_stat, verb_lstat, verb_statfs, verb_write, verb_append, verb_open, verb_mkdir, verb_rmdir,
    verb_unlink, verb_mknod, verb_access, verb_readlink, verb_chown, verb_chmod, verb_symlink, verb_xattr;
verb verb_hook, verb_tick;
verb verb_exit, verb_raise, verb_pause, verb_hold, verb_catch, verb_ignore, verb_delay_ms;
verb verb_say, verb_err, verb_wait_line, verb_isatty, verb_winsize, verb_fd_read, verb_fd_write, verb_close;
verb verb_spawn_orphan, verb_fork_tree, verb_memory;

/* ---- facts shared by dump and hook (dump.c) ---- */
extern int all_count;
extern char **all_words, **all_env;
void member_namespaces(struct text *t);
void member_clock(struct text *t, const char *name, int clock);
long long clock_ns(int clock);
void member_vector(struct text *t, const char *name, char **words);
void member_scheduling(void); /* these two, of privileges.c, add to `line` */
void member_privileges(void);
int each_entry(const char *path, void (*each)(int folder, const char *name));
#endif
