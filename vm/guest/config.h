/* What the host handed over through fw_cfg, and where its files lie in the guest. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct config {
  bool probe, repair;
  char data_uuid[37], data_format[37], hostname[64], host_address[16];
  int64_t epoch_ms; /* 0: not given */
  bool can_ssh, iptables_front;
};

#define DAEMON_JSON "/run/berth/daemon.json"

/* Reads `opt/berth/config`; a missing one leaves the defaults. */
void config_read(struct config *config);
/* Writes keys and daemon.json to /run/berth, with the rights that each needs. */
void config_write_files(struct config *config);
/* Canonical lower-case UUID text, or false. */
bool uuid_parse(const char *text, uint8_t out[16]);
void uuid_text(const uint8_t uuid[16], char out[37]);
