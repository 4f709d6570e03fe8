/* The record of this boot. Events go to the agent's process, see control.c. */
#define _GNU_SOURCE
#include "boot.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "control.h"
#include "service.h"
#include "sys.h"

static struct {
  char name[16];
  int64_t ms;
} phases[16];
static size_t phase_count;
static struct text failed;

void boot_emit(const struct text *event) {
  if (!event->failed) control_emit(event->data, event->len);
}

void boot_phase_at(const char *name, int64_t ms) {
  if (phase_count == sizeof phases / sizeof *phases || boot_reached(name)) return;
  snprintf(phases[phase_count].name, sizeof phases->name, "%s", name);
  phases[phase_count++].ms = ms;
  say("%s %.3f", name, (double)ms / 1000);
  struct text event = { 0 };
  text_addf(&event, "{\"event\":\"phase\",\"name\":\"%s\",\"at\":%.3f}", name, (double)ms / 1000);
  boot_emit(&event);
  text_free(&event);
}

void boot_phase(const char *name) { boot_phase_at(name, boot_ms()); }

bool boot_reached(const char *name) {
  for (size_t i = 0; i < phase_count; i++)
    if (strcmp(phases[i].name, name) == 0) return true;
  return false;
}

void boot_failed(const char *code, const char *detail) {
  size_t len = strlen(detail);
  while (len > 0 && (detail[len - 1] == '\n' || detail[len - 1] == ' ')) len--;
  say("data disk refused (%s): %.*s", code, (int)len, detail);
  text_free(&failed);
  text_addf(&failed, "{\"event\":\"failed\",\"phase\":\"data\",\"code\":\"%s\",\"detail\":", code);
  text_add_json(&failed, detail, len);
  text_add(&failed, "}", 1);
  boot_emit(&failed);
}

void boot_status(struct text *out) {
  text_addf(out, "\"phases\":[");
  for (size_t i = 0; i < phase_count; i++)
    text_addf(out, "%s{\"name\":\"%s\",\"at\":%.3f}", i ? "," : "", phases[i].name, (double)phases[i].ms / 1000);
  text_addf(out, "],");
  if (failed.len) text_addf(out, "\"failed\":%s,", failed.data);
  text_addf(out, "\"services\":");
  service_list(out);
  struct utsname name = { 0 };
  struct timespec now;
  uname(&name);
  clock_gettime(CLOCK_REALTIME, &now);
  text_addf(out, ",\"uptime\":%.3f,\"kernel\":", boot_seconds());
  text_add_json_z(out, name.release);
  text_addf(out, ",\"clockMs\":%lld", (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
}
