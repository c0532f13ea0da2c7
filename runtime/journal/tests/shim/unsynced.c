/* Remembers what has not been synced, so that a test can take it away as a power cut would.
 *
 * Preloaded into a process. For files under $UNSYNCED_ROOT it appends to $UNSYNCED_LOG, before each
 * write and truncation, what was there before, and after each sync, what that made durable. Names
 * are remembered too: a file made, renamed or removed is durable once its directory is synced.
 * A removed file is kept under $UNSYNCED_KEPT, so that it can come back.
 *
 * The log is written with plain appends. It survives a kill, because the system survives it.
 * Not followed: mapped memory (only SQLite's "-shm" is mapped, which it rebuilds), writev, and
 * copying inside the kernel; the journal uses none of these.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { WRITTEN = 1, TRUNCATED, SYNCED, MADE, RENAMED, REMOVED, NAMES_SYNCED };

/* One record; `length` bytes follow. Read by lost_writes.rs. */
struct record {
    uint64_t kind, inode, offset, size, before, length;
};

static int log_fd = -1;
static const char *root, *kept;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_open)(const char *, int, ...);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);

static void die(const char *why) {
    perror(why);
    abort();
}

__attribute__((constructor)) static void start(void) {
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_open = dlsym(RTLD_NEXT, "open64");
    real_rename = dlsym(RTLD_NEXT, "rename");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    root = getenv("UNSYNCED_ROOT");
    kept = getenv("UNSYNCED_KEPT");
    const char *path = getenv("UNSYNCED_LOG");
    if (!root || !kept || !path) return;
    log_fd = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0) die("unsynced: log");
}

static int under_root(const char *path) {
    size_t length = strlen(path);
    if (log_fd < 0 || strncmp(path, root, strlen(root)) != 0) return 0;
    return length < 4 || strcmp(path + length - 4, "-shm") != 0;
}

/* Whether the descriptor is a file or directory under the root; then `path` is its name. */
static int followed(int fd, char path[PATH_MAX], struct stat *status) {
    char link[64];
    if (log_fd < 0 || fd == log_fd) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return under_root(path) && fstat(fd, status) == 0;
}

/* One append a record, so that threads do not mix theirs. */
static void remember(struct record record, const void *bytes) {
    char *whole = malloc(sizeof record + record.length);
    if (!whole) die("unsynced: memory");
    memcpy(whole, &record, sizeof record);
    memcpy(whole + sizeof record, bytes, record.length);
    size_t length = sizeof record + record.length;
    if (real_write(log_fd, whole, length) != (ssize_t)length) die("unsynced: remember");
    free(whole);
}

/* Remembers `length` bytes at `offset`, or as many as there are, before they change. */
static void remember_bytes(int fd, enum kind kind, struct stat *status, off_t offset, size_t length) {
    size_t there = offset < status->st_size ? (size_t)(status->st_size - offset) : 0;
    if (length > there) length = there;
    char *bytes = malloc(length + 1), link[64];
    if (!bytes) die("unsynced: memory");
    ssize_t got = pread(fd, bytes, length, offset);
    if (got < 0 && errno == EBADF) { /* open for writing alone */
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        int again = real_open(link, O_RDONLY | O_CLOEXEC);
        got = pread(again, bytes, length, offset);
        close(again);
    }
    if (got != (ssize_t)length) die("unsynced: read");
    remember((struct record){kind, status->st_ino, offset, status->st_size, 0, length}, bytes);
    free(bytes);
}

static void remember_names(enum kind kind, const char *first, const char *second) {
    char names[2 * PATH_MAX];
    int length = snprintf(names, sizeof names, "%s%c%s", first, '\n', second);
    remember((struct record){kind, 0, 0, 0, 0, length}, names);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    char path[PATH_MAX];
    struct stat status;
    if (!real_write) start();
    if (followed(fd, path, &status)) {
        int appends = fcntl(fd, F_GETFL) & O_APPEND;
        off_t offset = appends ? status.st_size : lseek(fd, 0, SEEK_CUR);
        remember_bytes(fd, WRITTEN, &status, offset, length);
    }
    return real_write(fd, bytes, length);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) {
    char path[PATH_MAX];
    struct stat status;
    if (followed(fd, path, &status)) remember_bytes(fd, WRITTEN, &status, offset, length);
    return real_pwrite(fd, bytes, length, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    return pwrite64(fd, bytes, length, offset);
}

int ftruncate64(int fd, off_t size) {
    char path[PATH_MAX];
    struct stat status;
    if (followed(fd, path, &status)) remember_bytes(fd, TRUNCATED, &status, size, SIZE_MAX);
    return real_ftruncate(fd, size);
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

/* Only what was in the log before the sync began is surely durable after it. */
static int sync_with(int (*sync)(int), int fd) {
    char path[PATH_MAX];
    struct stat status, log;
    if (!followed(fd, path, &status)) return sync(fd);
    fstat(log_fd, &log);
    int result = sync(fd);
    if (result != 0) return result;
    enum kind kind = S_ISDIR(status.st_mode) ? NAMES_SYNCED : SYNCED;
    remember((struct record){kind, status.st_ino, 0, 0, log.st_size, strlen(path)}, path);
    return 0;
}

int fsync(int fd) { return sync_with(real_fsync, fd); }
int fdatasync(int fd) { return sync_with(real_fdatasync, fd); }

int open64(const char *path, int flags, ...) {
    struct stat status;
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    if (!real_open) start();
    int makes = (flags & O_CREAT) && under_root(path) && stat(path, &status) != 0;
    if (makes) remember_names(MADE, path, "");
    int fd = real_open(path, flags & ~O_TRUNC, mode);
    if (fd >= 0 && (flags & O_TRUNC) && !makes) ftruncate64(fd, 0);
    return fd;
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return open64(path, flags, mode);
}

int rename(const char *from, const char *to) {
    if (under_root(to)) remember_names(RENAMED, from, to);
    return real_rename(from, to);
}

int unlink(const char *path) {
    static int count;
    char place[PATH_MAX];
    struct stat status;
    if (under_root(path) && stat(path, &status) == 0) {
        snprintf(place, sizeof place, "%s/%d-%d", kept, getpid(), __sync_add_and_fetch(&count, 1));
        if (link(path, place) != 0) die("unsynced: keep");
        remember_names(REMOVED, path, place);
    }
    return real_unlink(path);
}
