/* fw_cfg: the host's settings for this boot. Each value is checked here, once;
   nothing read from it is ever used as a path or a command. */
#define _GNU_SOURCE
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "net.h"
#include "sys.h"

#define FW_CFG "/sys/firmware/qemu_fw_cfg/by_name/opt/berth/"
#define DAEMON_DEFAULT "{ \"live-restore\": true }\n"

enum { LIMIT = 256 * 1024 };

bool uuid_parse(const char *text, uint8_t out[16]) {
  if (strlen(text) != 36) return false;
  for (int i = 0, n = 0; i < 36; i++) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return false;
      continue;
    }
    char pair[3] = { text[i], text[i + 1], 0 }, *end;
    if (strspn(pair, "0123456789abcdefABCDEF") != 2) return false;
    out[n++] = (uint8_t)strtoul(pair, &end, 16);
    i++;
  }
  return true;
}

void uuid_text(const uint8_t u[16], char out[37]) {
  snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8],
           u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

static void take_uuid(const char *key, const char *value, char out[37]) {
  uint8_t uuid[16];
  if (uuid_parse(value, uuid)) uuid_text(uuid, out);
  else say("%s is not a UUID: %s", key, value);
}

static bool host_name(const char *value) {
  size_t n = strlen(value);
  return n > 0 && n < 64 && value[0] != '-' && strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == n;
}

static bool address(const char *value) {
  struct in_addr parsed;
  return strlen(value) < 16 && inet_pton(AF_INET, value, &parsed) == 1;
}

void config_read(struct config *config) {
  static char text[4096];
  snprintf(config->hostname, sizeof config->hostname, "berth");
  snprintf(config->host_address, sizeof config->host_address, NET_HOST);
  config->iptables_front = true;
  if (read_file(FW_CFG "config/raw", text, sizeof text) < 0) {
    say("no settings from the host (opt/berth/config): %s", strerror(errno));
    return;
  }
  char *rest = text, *line;
  while ((line = strsep(&rest, "\n"))) {
    char *value = strchr(line, ' ');
    if (!value) continue;
    *value++ = 0;
    if (strcmp(line, "mode") == 0) {
      config->probe = strcmp(value, "probe") == 0;
      config->repair = strcmp(value, "repair") == 0;
    }
    else if (strcmp(line, "data-uuid") == 0) take_uuid(line, value, config->data_uuid);
    else if (strcmp(line, "data-format") == 0) take_uuid(line, value, config->data_format);
    else if (strcmp(line, "epoch-ms") == 0) config->epoch_ms = strtoll(value, NULL, 10);
    else if (strcmp(line, "iptables-front") == 0) config->iptables_front = strcmp(value, "off") != 0;
    else if (strcmp(line, "hostname") == 0 && host_name(value)) snprintf(config->hostname, sizeof config->hostname, "%s", value);
    else if (strcmp(line, "host-address") == 0 && address(value)) snprintf(config->host_address, sizeof config->host_address, "%s", value);
  }
}

/* A key may come without its last newline; OpenSSH refuses a private key like that. */
static bool copy(const char *name, const char *path, mode_t mode) {
  char from[256];
  size_t len;
  snprintf(from, sizeof from, FW_CFG "%s/raw", name);
  char *data = read_whole(from, LIMIT, &len);
  if (!data) return false;
  if (len > 0 && len < LIMIT && data[len - 1] != '\n') data[len++] = '\n';
  bool ok = len > 0 && replace_file(path, data, len, mode);
  explicit_bzero(data, len);
  free(data);
  return ok;
}

void config_write_files(struct config *config) {
  mkdir("/run/berth", 0700);
  bool user = copy("authorized-key", "/run/berth/authorized_keys", 0600);
  bool host = copy("host-key", "/run/berth/ssh_host_ed25519_key", 0600);
  config->can_ssh = user && host;
  if (!config->can_ssh) say("no SSH: the host gave %s", user ? "no host key" : "no authorized key");
  if (!copy("daemon.json", DAEMON_JSON, 0600)) replace_file(DAEMON_JSON, DAEMON_DEFAULT, strlen(DAEMON_DEFAULT), 0600);
}
