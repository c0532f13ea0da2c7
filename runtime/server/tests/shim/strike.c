/* Ends a process before its n-th change to a file, so that a test can end it before every one.
 *
 * Preloaded into a process. A change is a write, a truncation, a sync, a rename or a removal of a file under
 * $STRIKE_ROOT whose name begins with one of $STRIKE_NAMES, which are separated by colons. Counting begins once a file
 * named "armed" was made there; the $STRIKE_AT-th change is not made: the process is gone, as by SIGKILL. How many
 * changes were counted is in no file: who is not struck has made fewer.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdarg.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long made;
static atomic_int armed;
static long strike_at;
static const char *root, *names;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);
static int (*real_open)(const char *, int, ...);

__attribute__((constructor)) static void start(void) {
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_rename = dlsym(RTLD_NEXT, "rename");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_open = dlsym(RTLD_NEXT, "open64");
    root = getenv("STRIKE_ROOT");
    names = getenv("STRIKE_NAMES");
    const char *at = getenv("STRIKE_AT");
    strike_at = at ? atol(at) : 0;
}

static int is_watched(const char *path) {
    if (!root || strncmp(path, root, strlen(root)) != 0) return 0;
    const char *slash = strrchr(path, '/');
    if (!slash) return 0;
    for (const char *name = names; name && *name;) {
        size_t length = strcspn(name, ":");
        if (strncmp(slash + 1, name, length) == 0) return 1;
        name += length + (name[length] == ':');
    }
    return 0;
}

static void before_change(const char *path) {
    if (!atomic_load(&armed) || !is_watched(path)) return;
    if (atomic_fetch_add(&made, 1) + 1 == strike_at) raise(SIGKILL);
}

static void before_change_of(int fd) {
    if (!atomic_load(&armed)) return;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return;
    path[length] = 0;
    before_change(path);
}

ssize_t write(int fd, const void *bytes, size_t size) { before_change_of(fd); return real_write(fd, bytes, size); }
ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at) { before_change_of(fd); return real_pwrite(fd, bytes, size, at); }
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { return pwrite64(fd, bytes, size, at); }
int ftruncate64(int fd, off_t size) { before_change_of(fd); return real_ftruncate(fd, size); }
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }
int fsync(int fd) { before_change_of(fd); return real_fsync(fd); }
int fdatasync(int fd) { before_change_of(fd); return real_fdatasync(fd); }
int rename(const char *from, const char *to) { before_change(to); return real_rename(from, to); }
int unlink(const char *path) { before_change(path); return real_unlink(path); }

int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    int mode = va_arg(more, int);
    va_end(more);
    const char *slash = strrchr(path, '/');
    if (root && slash && strcmp(slash, "/armed") == 0 && strncmp(path, root, strlen(root)) == 0) atomic_store(&armed, 1);
    return real_open(path, flags, mode);
}
int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    int mode = va_arg(more, int);
    va_end(more);
    return open64(path, flags, mode);
}
