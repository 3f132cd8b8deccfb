/* Preloaded into hens: flock and the locks of fcntl fail as on a file system without locks, with the errno in
 * HENS_LOCK_ERRNO. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/file.h>

static int refused(void) {
  const char* text = getenv("HENS_LOCK_ERRNO");
  errno = text != NULL ? atoi(text) : ENOLCK;
  return -1;
}

int flock(int fd, int operation) {
  (void)fd;
  (void)operation;
  return refused();
}

static int is_lock(int command) {
  return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK || command == F_OFD_SETLKW;
}

int fcntl(int fd, int command, ...) {
  static int (*real)(int, int, ...);
  va_list list;
  if (is_lock(command)) return refused();
  if (!real) real = (int (*)(int, int, ...))dlsym(RTLD_NEXT, "fcntl");
  va_start(list, command);
  void* argument = va_arg(list, void*);
  va_end(list);
  return real(fd, command, argument);
}
