/* The probe: `/probe VERB [WORD]... [VERB [WORD]...]...`, in order; what each finds is one JSON object a line on stdout.
   Exit: 0 after the last verb, 64 for a verb or word it does not know, 65 when a journal cannot be written,
   71 when the kernel refuses memory. */
#include "probe.h"

int all_count;
char **all_words, **all_env;

static const struct {
    const char *name;
    verb *run;
} verbs[] = {
    {"dump", verb_dump}, {"net", verb_net},
    {"try", verb_try}, {"try-thread", verb_try_thread}, {"try-traced", verb_try_traced}, {"try-i386", verb_try_i386},
    {"exec", verb_exec},
    {"read", verb_read}, {"list", verb_list}, {"stat", verb_stat}, {"lstat", verb_lstat}, {"statfs", verb_statfs},
    {"write", verb_write}, {"append", verb_append}, {"open", verb_open}, {"mkdir", verb_mkdir}, {"rmdir", verb_rmdir},
    {"unlink", verb_unlink}, {"mknod", verb_mknod}, {"access", verb_access}, {"readlink", verb_readlink},
    {"chown", verb_chown}, {"chmod", verb_chmod}, {"symlink", verb_symlink}, {"xattr", verb_xattr},
    {"hook", verb_hook}, {"tick", verb_tick},
    {"exit", verb_exit}, {"raise", verb_raise}, {"pause", verb_pause}, {"hold", verb_hold}, {"catch", verb_catch},
    {"ignore", verb_ignore}, {"delay-ms", verb_delay_ms},
    {"say", verb_say}, {"err", verb_err}, {"wait-line", verb_wait_line}, {"isatty", verb_isatty}, {"winsize", verb_winsize},
    {"fd-read", verb_fd_read}, {"fd-write", verb_fd_write}, {"close", verb_close},
    {"spawn-orphan", verb_spawn_orphan}, {"fork-tree", verb_fork_tree}, {"memory", verb_memory},
};

int main(int count, char **words, char **env) {
    all_count = count;
    all_words = words;
    all_env = env;
    text_clear(&line);
    for (int i = 1; i < count;) {
        size_t v = 0, known = sizeof verbs / sizeof *verbs;
        while (v < known && strcmp(verbs[v].name, words[i]))
            v++;
        if (v == known) {
            complain("unknown verb", words[i]);
            return 64;
        }
        i++;
        int used = verbs[v].run(count - i, words + i);
        if (used < 0) {
            complain("too few or wrong words after", verbs[v].name);
            return 64;
        }
        i += used;
    }
    return 0;
}
