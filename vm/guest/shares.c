/* Shares are mounted over covers: empty read-only file systems that nobody may enter, so that a container whose folder is away never binds an empty
   folder that looks right. Init does what fw_cfg lists, the role `shares` what the host asks for later; the lines are the same. */
#define _GNU_SOURCE
#include "shares.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "mountinfo.h"
#include "sys.h"

#define GIVEN "/sys/firmware/qemu_fw_cfg/by_name/opt/berth/shares/raw"
#define RELEASED "/run/berth/shares-mounted"
#define COVER "berth-cover"
#define FUSE_MAGIC 0x65735546

/* Inodes of fuse that the guest's kernel has: virtiofs' and, where there are, sshfs'. */
#define KNOWN "/sys/kernel/slab/fuse_inode/objects"

enum { LOOK_MS = 1000, LOOK_MOST_MS = 10000, FILES_A_MS = 20 };
enum { LIMIT = 1024 * 1024, DEPTH = 64, FINDS = 250, FIND_US = 20000 };

static char words[512];

static bool fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool fail(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(words, sizeof words, format, args);
  va_end(args);
  return false;
}

/* What is mounted at this very path and can be seen there. */
static bool top(const char *path, struct mounted *found) {
  struct statx seen;
  if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_MNT_ID, &seen) != 0) return false;
  return mountinfo_find(seen.stx_mnt_id, found) && strcmp(found->place, path) == 0;
}

static bool is_cover(const struct mounted *found) { return strcmp(found->type, "tmpfs") == 0 && strcmp(found->source, COVER) == 0; }

static bool take_off(const char *path) {
  return umount2(path, UMOUNT_NOFOLLOW) == 0 || umount2(path, UMOUNT_NOFOLLOW | MNT_DETACH) == 0 || fail("unmounting: %s", strerror(errno));
}

/* Folders are made in the guest's own file systems only: in a share it would be one of the host's. */
static bool make_folders(const char *path) {
  char part[PATH_MAX];
  struct stat seen;
  struct statfs fs;
  for (const char *slash = path; slash; slash = strchr(slash + 1, '/')) {
    const char *end = strchr(slash + 1, '/');
    snprintf(part, sizeof part, "%.*s", (int)(end ? end - path : (ptrdiff_t)strlen(path)), path);
    if (stat(part, &seen) == 0) {
      if (!S_ISDIR(seen.st_mode)) return fail("%s is no folder in the guest", part);
      continue;
    }
    char above[PATH_MAX];
    snprintf(above, sizeof above, "%.*s", (int)(slash == path ? 1 : slash - path), path);
    if (statfs(above, &fs) == 0 && fs.f_type == FUSE_MAGIC) return fail("%s is not in the shared folder above it", part);
    if (mkdir(part, 0755) != 0 && errno != EEXIST) return fail("%s: %s", part, strerror(errno));
  }
  return true;
}

static bool cover(const char *path) {
  struct mounted found;
  for (int i = 0; i < DEPTH && top(path, &found) && mountinfo_is_share(&found); i++)
    if (!take_off(path)) return false;
  if (top(path, &found) && is_cover(&found)) return true;
  if (!make_folders(path)) return false;
  if (mount(COVER, path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,mode=0000") == 0) return true;
  return fail("covering: %s", strerror(errno));
}

static bool mount_share(const char *tag, bool read_only, const char *path) {
  struct mounted found;
  if (top(path, &found) && strcmp(found.type, "virtiofs") == 0 && strcmp(found.source, tag) == 0) return true;
  if (!cover(path)) return false;
  /* Devices of the host's are not the guest's. EINVAL: there is no such tag, or not yet; one that was plugged in just now takes its time to be found. */
  for (int left = FINDS; mount(tag, path, "virtiofs", MS_NODEV | (read_only ? MS_RDONLY : 0), NULL) != 0; left--) {
    if (errno != EINVAL || left == 0) return fail("%s", strerror(errno));
    usleep(FIND_US);
  }
  return true;
}

static bool uncover(const char *path) {
  struct mounted found;
  for (int i = 0; i < DEPTH && top(path, &found) && (mountinfo_is_share(&found) || is_cover(&found)); i++)
    if (!take_off(path)) return false;
  return true;
}

/* `TAG ro|rw PATH`, `- cover|none PATH`, `- release /`; `- hold SECONDS` and `- files COUNT` are init's. */
static bool run_line(char *line) {
  char *what = strchr(line, ' '), *path = what ? strchr(what + 1, ' ') : NULL;
  if (!path) return fail("not a line of shares");
  *what++ = 0, *path++ = 0;
  if (strcmp(what, "hold") == 0 || strcmp(what, "files") == 0) return true;
  mountinfo_unescape(path);
  if (*path != '/' || strlen(path) >= PATH_MAX) return fail("not an absolute path");
  if (strcmp(what, "ro") == 0 || strcmp(what, "rw") == 0) return mount_share(line, what[1] == 'o', path);
  if (strcmp(what, "cover") == 0) return cover(path);
  if (strcmp(what, "none") == 0) return uncover(path);
  if (strcmp(what, "release") == 0) return write_text(RELEASED, "") || fail(RELEASED ": %s", strerror(errno));
  return fail("unknown: %s", what);
}

static char *given(void) {
  size_t len;
  return read_whole(GIVEN, LIMIT, &len);
}

void shares_boot(void) {
  char *text = given(), *rest = text, *line;
  while ((line = strsep(&rest, "\n"))) {
    if (!*line) continue;
    const char *path = strchr(line, '/');
    if (!run_line(line)) say("share %s: %s", path ? path : "", words);
  }
  free(text);
}

/* Behind the word of a line of init's; 0: there is no such line. */
static long number_given(const char *word) {
  char *text = given();
  const char *line = text ? strstr(text, word) : NULL;
  long number = line && (line == text || line[-1] == '\n') ? atol(line + strlen(word)) : 0;
  free(text);
  return number;
}

int shares_hold(void) {
  long seconds = number_given("- hold ");
  return seconds > 0 && seconds <= 600 ? (int)seconds : 0;
}

/* A server holds every file open that the guest's kernel knows, and may hold so many: past half of them the kernel is told to forget what nobody
   uses. What is in use stays; then it is told again when half of the rest is known too. */
int shares_forget(void) {
  static long limit = -1, threshold;
  static bool told;
  char text[64];
  if (limit < 0) threshold = (limit = number_given("- files ")) / 2;
  if (limit <= 0) return -1;
  long known = read_file(KNOWN, text, sizeof text) > 0 ? atol(text) : 0;
  if (told) threshold = known < limit / 4 ? limit / 2 : known + (limit - known) / 2;
  told = known > threshold;
  if (told) {
    say("shares: %ld files are known, of %ld that a server may hold open: forgetting what is not in use", known, limit);
    /* It may take a second, and init has others to serve. */
    pid_t child = fork();
    if (child == 0) {
      become_child("forget", false);
      _exit(write_text("/proc/sys/vm/drop_caches", "2") ? 0 : 1);
    }
  }
  long pause = (threshold - known) / FILES_A_MS;
  return pause < LOOK_MS ? LOOK_MS : pause > LOOK_MOST_MS ? LOOK_MOST_MS : (int)pause;
}

bool shares_released(void) { return access(RELEASED, F_OK) == 0; }

int shares_main(void) {
  char *line = NULL;
  size_t size = 0;
  ssize_t n;
  while ((n = getline(&line, &size, stdin)) > 0) {
    if (line[n - 1] == '\n') line[n - 1] = 0;
    if (run_line(line)) printf("ok\n");
    else printf("failed %s\n", words);
    fflush(stdout);
  }
  free(line);
  return 0;
}
