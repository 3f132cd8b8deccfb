/* Preloaded into hens: kills the process (SIGKILL) at call number HENS_KILL_AT among the calls that change files below
 * HENS_KILL_BELOW: open for creation, write, fsync, rename, unlink, mkdir. The call itself is not made; for a write, half
 * of it is. With HENS_KILL_COUNT the calls are counted and the total is written to that file at exit. With
 * HENS_NO_RENAME renames to there fail with ENOSYS, as mounts of object stores have it; with HENS_NO_FOLDER_FSYNC the
 * fsync of folders does, anywhere. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls;

static int below(const char* path) {
  const char* root = getenv("HENS_KILL_BELOW");
  char absolute[PATH_MAX];
  if (root == NULL || path == NULL) return 0;
  if (path[0] != '/') {
    char folder[PATH_MAX];
    if (getcwd(folder, sizeof folder) == NULL) return 0;
    if (snprintf(absolute, sizeof absolute, "%s/%s", folder, path) >= (int)sizeof absolute) return 0;
    path = absolute;
  }
  return strncmp(path, root, strlen(root)) == 0;
}

static int fd_below(int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n <= 0) return 0;
  path[n] = 0;
  return below(path);
}

/* Whether this call is the one to die at. */
static int last_call(void) {
  const char* at = getenv("HENS_KILL_AT");
  long number = atomic_fetch_add(&calls, 1) + 1;
  return at != NULL && number == atol(at);
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

__attribute__((destructor)) static void report(void) {
  const char* path = getenv("HENS_KILL_COUNT");
  if (path == NULL) return;
  FILE* file = fopen(path, "w");
  if (file != NULL) {
    fprintf(file, "%ld\n", atomic_load(&calls));
    fclose(file);
  }
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void* data, size_t size) {
  REAL(write);
  if (fd > 2 && fd_below(fd) && last_call()) {
    ssize_t half = real(fd, data, size / 2);
    (void)half;
    die();
  }
  return real(fd, data, size);
}

int fsync(int fd) {
  REAL(fsync);
  if (fd_below(fd) && last_call()) die();
  struct stat status;
  if (getenv("HENS_NO_FOLDER_FSYNC") != NULL && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
    errno = ENOSYS;
    return -1;
  }
  return real(fd);
}

int rename(const char* from, const char* to) {
  REAL(rename);
  if (below(to) && last_call()) die();
  if (below(to) && getenv("HENS_NO_RENAME") != NULL) {
    errno = ENOSYS;
    return -1;
  }
  return real(from, to);
}

int unlink(const char* path) {
  REAL(unlink);
  if (below(path) && last_call()) die();
  return real(path);
}

int mkdir(const char* path, mode_t mode) {
  REAL(mkdir);
  if (below(path) && last_call()) die();
  return real(path, mode);
}

static int create_dies(const char* path, int flags) { return (flags & O_CREAT) && below(path) && last_call(); }

int open(const char* path, int flags, ...) {
  REAL(open);
  va_list list;
  va_start(list, flags);
  mode_t mode = (flags & O_CREAT) ? va_arg(list, mode_t) : 0;
  va_end(list);
  if (create_dies(path, flags)) die();
  return real(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  REAL(open64);
  va_list list;
  va_start(list, flags);
  mode_t mode = (flags & O_CREAT) ? va_arg(list, mode_t) : 0;
  va_end(list);
  if (create_dies(path, flags)) die();
  return real(path, flags, mode);
}
