/* Starts a program of the bundle through the bundle's own loader and libraries, wherever the folder lies and whatever its
   name contains. Installed once per program; which one follows from the name of this very file. Makes no shell, no PATH
   look-up, no environment but what the program itself reads. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "orders.h"

/* The build replaces a fixed plug-in folder in docker's programs by /proc/self/fd/63 (see ../build/bundle.mjs):
   so the plug-ins are found beside the program, and the user's ~/.docker stays the user's. */
enum { PLUGIN_FD = 63, ROOT_FD = 62 };

/* The guest's memory, as a file of its own that is there as long as QEMU is: `mem-path=/proc/self/fd/61`. QEMU believes of a file with a name that it
   outlives it, and leaves it out of a migration; what it makes by itself (memory-backend-memfd) has none. Empty until QEMU gives it its size. */
enum { MEMORY_FD = 61 };

static const struct {
  const char *name, *program;
  int firmware;
} programs[] = {
  { QEMU_PROGRAM, "usr/bin/" QEMU_PROGRAM, 1 },
  { "qemu-img", "usr/bin/qemu-img", 0 },
  { "virtiofsd", "usr/libexec/virtiofsd", 0 },
  { "passt", "usr/bin/passt", 0 },
  { "docker", "usr/bin/docker", 0 },
  { "docker-buildx", "usr/libexec/docker/cli-plugins/docker-buildx", 0 },
  { "docker-compose", "usr/libexec/docker/cli-plugins/docker-compose", 0 },
};

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vfprintf(stderr, format, args);
  fprintf(stderr, "\n");
  exit(127);
}

__attribute__((format(printf, 1, 2))) static char *join(const char *format, ...) {
  char *made;
  va_list args;
  va_start(args, format);
  if (vasprintf(&made, format, args) < 0) fail("out of memory");
  va_end(args);
  return made;
}

/* Keeps it open in the program under a fixed number. */
static void keep(int fd, int number) {
  if (fd < 0 || fd == number) return;
  dup2(fd, number);
  close(fd);
}

static void keep_open(const char *folder, int number) { keep(open(folder, O_PATH | O_DIRECTORY), number); }

int main(int argc, char **argv) {
  char self[PATH_MAX];
  ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
  if (len <= 0) fail("/proc/self/exe: %s", strerror(errno));
  self[len] = 0;
  char *folder = strdup(self), *name = strrchr(folder, '/');
  *name++ = 0;
  char *home = strdup(folder);
  *strrchr(home, '/') = 0;

  size_t which = 0, count = sizeof programs / sizeof *programs;
  while (which < count && strcmp(name, programs[which].name) != 0) which++;
  if (which == count) fail("%s: no program of this bundle has that name", name);

  char *root = join("%s/root", home);
  keep_open(join("%s/cli-plugins", home), PLUGIN_FD);
  /* The loader splits its list of folders at these; the same folder has a plain name through the descriptor. */
  if (strpbrk(home, ":;$")) {
    keep_open(root, ROOT_FD);
    root = join("/proc/self/fd/%d", ROOT_FD);
  }
  char *libraries = join("%s/usr/lib/" TRIPLET, root);
  /* owners.c: what host folders look like from containers. */
  int preload = strcmp(name, "virtiofsd") == 0 && getenv("BERTH_OWNERS");
  if (programs[which].firmware) {
    keep(memfd_create("berth-memory", 0), MEMORY_FD);
    setenv("QEMU_MODULE_DIR", join("%s/qemu", libraries), 1);
  }

  char **args = calloc((size_t)argc + 14, sizeof *args);
  if (!args) fail("out of memory");
  int n = 0;
  args[n++] = join("%s/" LOADER, libraries);
  args[n++] = "--library-path";
  args[n++] = join("%s:%s/pulseaudio", libraries, libraries);
  if (preload) {
    /* A name without a slash is looked for in the libraries: a path could hold the spaces and colons that split the list. */
    args[n++] = "--preload";
    args[n++] = "berth-owners.so";
  }
  args[n++] = "--argv0";
  args[n++] = self;
  args[n++] = join("%s/%s", root, programs[which].program);
  if (programs[which].firmware) {
    args[n++] = "-L", args[n++] = join("%s/usr/share/qemu", root);
    args[n++] = "-L", args[n++] = join("%s/usr/share/seabios", root);
  }
  for (int i = 1; i < argc; i++) args[n++] = argv[i];
  if (programs[which].firmware) ignore_orders();
  execv(args[0], args);
  fail("%s: %s", args[0], strerror(errno));
}
