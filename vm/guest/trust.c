/* Authorities go behind a mark at the end of the system's bundle, so that the host can tell its own from the system's and write them anew.
   All is in the root's layer, gone with the VM: the host's copy is the truth. Formats: AGREEMENT.md. */
#define _GNU_SOURCE
#include "trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys.h"

/* Other places in vm/test/trust-check.c. */
#ifndef TRUST_GIVEN
#define TRUST_GIVEN "/sys/firmware/qemu_fw_cfg/by_name/opt/berth/"
#define TRUST_BUNDLE "/etc/ssl/certs/ca-certificates.crt"
#define TRUST_DOCKER "/etc/docker"
#endif
#define MARK "# Given by the host\n"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

enum { LIMIT = 1024 * 1024 };

static bool line_is(const char *line, size_t len, const char *text) { return len == strlen(text) && memcmp(line, text, len) == 0; }

static bool only(const char *line, size_t len, const char *set) {
  for (size_t i = 0; i < len; i++)
    if (!line[i] || !strchr(set, line[i])) return false;
  return true;
}

/* One broken block would cost OpenSSL the whole bundle, and with it every authority of the system. */
static bool is_pem(const char *text) {
  bool inside = false;
  for (const char *line = text; *line;) {
    size_t len = strcspn(line, "\n");
    if (!inside && line_is(line, len, "-----BEGIN CERTIFICATE-----")) inside = true;
    else if (inside && line_is(line, len, "-----END CERTIFICATE-----")) inside = false;
    else if (inside ? len > 76 || !only(line, len, LETTERS "+/=") : len > 0) return false;
    line += len + (line[len] == '\n');
  }
  return !inside;
}

/* NULL: none given, or too much. */
static char *given(const char *name) {
  char path[256];
  size_t len;
  snprintf(path, sizeof path, TRUST_GIVEN "%s/raw", name);
  char *text = read_whole(path, LIMIT + 1, &len);
  if (!text) return NULL;
  if (len <= LIMIT && strlen(text) == len) return text;
  say("%s from the host is %s", name, len > LIMIT ? "too large" : "no text");
  free(text);
  return NULL;
}

static void write_authorities(void) {
  char *text = given("ca.pem");
  if (!text) return;
  size_t len = strlen(text), base_len = 0;
  char *base = read_whole(TRUST_BUNDLE, LIMIT, &base_len);
  char *whole = base ? malloc(base_len + sizeof MARK + len) : NULL;
  if (!is_pem(text)) say("ca.pem from the host holds something that is no certificate: none is taken");
  else if (whole) {
    memcpy(whole, base, base_len);
    memcpy(whole + base_len, MARK, sizeof MARK - 1);
    memcpy(whole + base_len + sizeof MARK - 1, text, len);
    if (!replace_file(TRUST_BUNDLE, whole, base_len + sizeof MARK - 1 + len, 0644)) say("%s: %s", TRUST_BUNDLE, strerror(errno));
  }
  free(whole);
  free(base);
  free(text);
}

/* `host[:port]/name`, with dockerd's three names only. */
static bool is_certs_path(const char *path) {
  const char *slash = strchr(path, '/');
  size_t host = slash ? (size_t)(slash - path) : 0;
  if (host == 0 || host > 255 || *path == '.' || strstr(path, "..") || !only(path, host, LETTERS ".-_:[]")) return false;
  return strcmp(slash, "/ca.crt") == 0 || strcmp(slash, "/client.cert") == 0 || strcmp(slash, "/client.key") == 0;
}

static int open_certs_file(const char *name) {
  char path[512];
  if (!is_certs_path(name)) {
    say("certs.d from the host names a file that dockerd has no use for");
    return -1;
  }
  int n = snprintf(path, sizeof path, TRUST_DOCKER "/certs.d/%s", name);
  char *slash = strrchr(path, '/');
  if (n < 0 || n >= (int)sizeof path || !slash) return -1;
  *slash = 0;
  mkdir(path, 0755);
  *slash = '/';
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) say("%s: %s", path, strerror(errno));
  return fd;
}

static void write_certs(void) {
  char *text = given("certs.d"), *rest = text, *line;
  int fd = -1;
  if (!text) return;
  mkdir(TRUST_DOCKER, 0755);
  mkdir(TRUST_DOCKER "/certs.d", 0755);
  while ((line = strsep(&rest, "\n"))) {
    if (strncmp(line, "file ", 5) == 0) {
      if (fd >= 0) close(fd);
      fd = open_certs_file(line + 5);
    } else if (fd >= 0 && *line && dprintf(fd, "%s\n", line) < 0) {
      say("certs.d: %s", strerror(errno));
      break;
    }
  }
  if (fd >= 0) close(fd);
  explicit_bzero(text, strlen(text));
  free(text);
}

void trust_write(void) {
  write_authorities();
  write_certs();
}
