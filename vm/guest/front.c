/* dockerd runs iptables 180 times as it starts, for rules that a kernel just started cannot have: half the time that the engine takes.
   At its first start in a guest, and only then, this program stands in front: it answers from a model (rules.c) and gives the kernel all
   rules in one restore a family. That is done before anybody could need them: when dockerd has set its networks up, when the first container's
   network namespace is made, at the first command that the model does not know or from another namespace, and at the latest before `ready`.
   From then on the real programs answer, as they do at any other start of dockerd. If the restore fails, dockerd is started again without. */
#define _GNU_SOURCE
#include "front.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "rules.h"
#include "sys.h"

#define FOLDER "/run/berth/front"
#define OVER FOLDER "/over"
#define FAILED FOLDER "/failed"
#define REAL "/usr/sbin/"

enum { LIMIT = 1 << 20 };

static const struct family {
  const char *name, *restore, *model;
} families[] = { { "iptables", REAL "iptables-restore", FOLDER "/model4" }, { "ip6tables", REAL "ip6tables-restore", FOLDER "/model6" } };

static const struct family *family_of(const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  for (size_t i = 0; i < sizeof families / sizeof *families; i++)
    if (strcmp(families[i].name, name) == 0) return &families[i];
  return NULL;
}

bool front_role(const char *name) { return family_of(name) != NULL; }

static bool load(const struct family *family, struct text *model) {
  size_t len = 0;
  char *data = read_whole(family->model, LIMIT, &len);
  if (data) text_add(model, data, len);
  free(data);
  return !model->failed && (data || errno == ENOENT);
}

static bool over(void) { return access(OVER, F_OK) == 0; }

/* Of whoever knows the path: dockerd has looked it up once. */
static void lead_to_real(const struct family *family) {
  char path[64], made[80], real[64];
  snprintf(path, sizeof path, FOLDER "/%s", family->name);
  snprintf(made, sizeof made, "%s.real", path);
  snprintf(real, sizeof real, REAL "%s", family->name);
  if (symlink(real, made) != 0 || rename(made, path) != 0) say("%s: %s", path, strerror(errno));
}

/* `words` are for the log: what this process says may be taken for iptables' own answer. */
static void end(const char *words) {
  write_text(OVER, words);
  for (size_t i = 0; i < sizeof families / sizeof *families; i++) lead_to_real(&families[i]);
}

static bool restore(const struct family *family, char *words, size_t size) {
  struct text model = { 0 }, rules = { 0 };
  char path[64];
  bool ok = load(family, &model);
  if (ok) rules_restore(&model, &rules);
  snprintf(path, sizeof path, "%s.rules", family->model);
  if (ok && rules.len)
    ok = !rules.failed && write_text(path, rules.data) && run_program((char *const[]){ (char *)family->restore, "--noflush", path, NULL }, words, size) == 0;
  text_free(&model);
  text_free(&rules);
  return ok;
}

/* With the lock held. */
static bool flush(const char *why) {
  if (over()) return access(FAILED, F_OK) != 0;
  double began = boot_seconds();
  char output[512] = "", words[2048];
  /* Who ends the front may be in a container's network, where these rules are not wanted. */
  int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), guests = open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);
  bool ok = setns(guests, CLONE_NEWNET) == 0;
  for (size_t i = 0; ok && i < sizeof families / sizeof *families; i++) ok = restore(&families[i], output, sizeof output);
  ok = setns(own, CLONE_NEWNET) == 0 && ok;
  close(own);
  close(guests);
  if (!ok) write_text(FAILED, "");
  snprintf(words, sizeof words, "dockerd's rules %s in %.2f s, at %.2f: %s%s", ok ? "loaded" : "not taken", boot_seconds() - began, began, why, output);
  end(words);
  return ok;
}

static bool lock(void) {
  int fd = open(FOLDER "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  return fd >= 0 && flock(fd, LOCK_EX) == 0;
}

static bool of_the_guest(void) {
  struct stat mine, guests;
  return stat("/proc/self/ns/net", &mine) == 0 && stat("/proc/1/ns/net", &guests) == 0 && mine.st_ino == guests.st_ino;
}

/* The model's answer, or -1. */
static int answer(const struct family *family, int argc, char **argv) {
  struct text model = { 0 };
  const char *words;
  if (!of_the_guest() || !load(family, &model)) return RULES_UNKNOWN;
  size_t before = model.len;
  int status = rules_answer(&model, argc, argv, &words);
  bool changed = status == 0 && (model.len != before);
  if (changed && (model.failed || !replace_file(family->model, model.len ? model.data : "", model.len, 0600))) return RULES_UNKNOWN;
  if (*words) fprintf(stderr, "%s: %s\n", family->name, words);
  return status;
}

static void flush_at(int argc, char **argv) {
  char why[1024];
  size_t len = 0;
  for (int i = 0; i < argc && len < sizeof why; i++) len += (size_t)snprintf(why + len, sizeof why - len, "%s ", argv[i]);
  flush(why);
}

int front_main(int argc, char **argv) {
  const struct family *family = family_of(argv[0]);
  char real[64];
  snprintf(real, sizeof real, REAL "%s", family->name);
  /* The lock goes with the exec: the real program has its own. */
  if (lock() && !over()) {
    int status = answer(family, argc, argv);
    if (status != RULES_UNKNOWN) return status;
    flush_at(argc, argv);
  }
  argv[0] = real;
  execv(real, argv);
  fprintf(stderr, "%s: %s\n", real, strerror(errno));
  return 127;
}

static enum { UNUSED, STANDS, ENDING, ENDED } state;
static bool wanted;
static pid_t loader;

void front_want(bool want) { wanted = want; }

const char *front_open(void) {
  bool first = state == UNUSED;
  /* Rules that an earlier start left are no empty set, and a model of a start that died is nobody's. */
  if (state == STANDS || state == ENDING) end("dockerd ended before its rules were loaded");
  state = ENDED;
  if (!first || !wanted || (mkdir(FOLDER, 0700) != 0 && errno != EEXIST)) return NULL;
  for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
    char path[64];
    snprintf(path, sizeof path, FOLDER "/%s", families[i].name);
    if (symlink("/proc/1/exe", path) != 0) return say("%s: %s", path, strerror(errno)), NULL;
  }
  state = STANDS;
  return FOLDER;
}

void front_close(const char *why) {
  if (state != STANDS) return;
  state = ENDING;
  loader = fork();
  if (loader == 0) {
    become_child("front", true);
    dup2(log_pipe_write(LOG_INIT), 2);
    _exit(lock() && flush(why) ? 0 : 1);
  }
  if (loader < 0) state = STANDS;
}

bool front_settled(void) { return state == UNUSED || state == ENDED; }

bool front_exited(pid_t pid, int status, bool *failed) {
  if (pid != loader || loader <= 0) return false;
  char words[2048];
  if (read_file(OVER, words, sizeof words) > 0) say("%s", words);
  *failed = state == ENDING && status != 0;
  state = ENDED;
  loader = 0;
  return true;
}
