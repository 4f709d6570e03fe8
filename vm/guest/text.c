/* The writing half of json.h: a growing text and JSON strings made of arbitrary bytes. */
#define _GNU_SOURCE
#include "json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct text *t, size_t more) {
  if (t->failed) return false;
  if (t->size - t->len > more) return true;
  size_t size = t->size ? t->size : 256;
  while (size - t->len <= more) {
    if (size > ((size_t)64 << 20)) return t->failed = true, false;
    size *= 2;
  }
  char *data = realloc(t->data, size);
  if (!data) return t->failed = true, false;
  t->data = data;
  t->size = size;
  return true;
}

void text_add(struct text *t, const char *bytes, size_t len) {
  if (!reserve(t, len)) return;
  memcpy(t->data + t->len, bytes, len);
  t->len += len;
  t->data[t->len] = 0;
}

void text_addf(struct text *t, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *made = NULL;
  int n = vasprintf(&made, format, args);
  va_end(args);
  if (n < 0) {
    t->failed = true;
    return;
  }
  text_add(t, made, (size_t)n);
  free(made);
}

void text_add_json(struct text *t, const char *p, size_t len) {
  const char *end = p + len;
  text_add(t, "\"", 1);
  while (p < end) {
    unsigned char c = (unsigned char)*p;
    if (c == '"' || c == '\\') text_addf(t, "\\%c", c);
    else if (c < 0x20 || c == 0x7f) text_addf(t, "\\u%04x", c);
    else {
      size_t n = utf8_char(p, (size_t)(end - p));
      if (n == 0) text_add(t, "\xef\xbf\xbd", 3), n = 1;
      else text_add(t, p, n);
      p += n;
      continue;
    }
    p++;
  }
  text_add(t, "\"", 1);
}

void text_add_json_z(struct text *t, const char *string) { text_add_json(t, string, strlen(string)); }

void text_free(struct text *t) {
  free(t->data);
  *t = (struct text){ 0 };
}

void op_error(struct text *answer, const char *format, ...) {
  char words[512];
  va_list args;
  va_start(args, format);
  vsnprintf(words, sizeof words, format, args);
  va_end(args);
  text_addf(answer, "\"ok\":false,\"error\":");
  text_add_json_z(answer, words);
}
