/* JSON parsing: bounds are checked before each byte is read, and nothing is copied while checking.
   Knows nothing of what the objects mean. */
#define _GNU_SOURCE
#include "json.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 32 };

struct cursor {
  const char *p, *end;
  int depth;
};

size_t utf8_char(const char *text, size_t left) {
  const unsigned char *p = (const unsigned char *)text;
  if (left < 1) return 0;
  if (p[0] < 0x80) return 1;
  size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
  if (p[0] < 0xc2 || p[0] > 0xf4 || left < len) return 0;
  for (size_t i = 1; i < len; i++)
    if ((p[i] & 0xc0) != 0x80) return 0;
  /* Overlong forms, surrogates, and what lies beyond U+10FFFF. */
  if (p[0] == 0xe0 && p[1] < 0xa0) return 0;
  if (p[0] == 0xed && p[1] > 0x9f) return 0;
  if (p[0] == 0xf0 && p[1] < 0x90) return 0;
  if (p[0] == 0xf4 && p[1] > 0x8f) return 0;
  return len;
}

static void skip_space(struct cursor *c) {
  while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\n' || *c->p == '\r')) c->p++;
}

static bool take(struct cursor *c, char wanted) {
  skip_space(c);
  if (c->p >= c->end || *c->p != wanted) return false;
  c->p++;
  return true;
}

static int hex4(const char *p, const char *end) {
  if (end - p < 4) return -1;
  int value = 0;
  for (int i = 0; i < 4; i++) {
    char c = p[i];
    int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/* At the opening quote; yields the slice between the quotes. */
static bool scan_string(struct cursor *c, const char **slice, size_t *len) {
  if (c->p >= c->end || *c->p != '"') return false;
  const char *start = ++c->p;
  while (c->p < c->end && *c->p != '"') {
    if ((unsigned char)*c->p < 0x20) return false;
    if (*c->p == '\\') {
      if (++c->p >= c->end) return false;
      if (*c->p == 'u') {
        if (hex4(c->p + 1, c->end) < 0) return false;
        c->p += 5;
      } else {
        if (*c->p == 0 || !strchr("\"\\/bfnrt", *c->p)) return false;
        c->p++;
      }
      continue;
    }
    size_t n = utf8_char(c->p, (size_t)(c->end - c->p));
    if (n == 0) return false;
    c->p += n;
  }
  if (c->p >= c->end) return false;
  *slice = start;
  *len = (size_t)(c->p - start);
  c->p++;
  return true;
}

static bool digits(struct cursor *c) {
  const char *start = c->p;
  while (c->p < c->end && *c->p >= '0' && *c->p <= '9') c->p++;
  return c->p > start;
}

static bool scan_number(struct cursor *c) {
  if (c->p < c->end && *c->p == '-') c->p++;
  if (c->p < c->end && *c->p == '0') c->p++;
  else if (!digits(c)) return false;
  if (c->p < c->end && *c->p == '.') {
    c->p++;
    if (!digits(c)) return false;
  }
  if (c->p < c->end && (*c->p == 'e' || *c->p == 'E')) {
    c->p++;
    if (c->p < c->end && (*c->p == '+' || *c->p == '-')) c->p++;
    if (!digits(c)) return false;
  }
  return true;
}

static bool scan_word(struct cursor *c, const char *word) {
  size_t n = strlen(word);
  if ((size_t)(c->end - c->p) < n || memcmp(c->p, word, n) != 0) return false;
  c->p += n;
  return true;
}

static bool scan_value(struct cursor *c, struct json_member *out);

static bool scan_array(struct cursor *c) {
  if (++c->depth > MAX_DEPTH || !take(c, '[')) return false;
  if (!take(c, ']')) {
    struct json_member ignored;
    do {
      if (!scan_value(c, &ignored)) return false;
    } while (take(c, ','));
    if (!take(c, ']')) return false;
  }
  c->depth--;
  return true;
}

static bool scan_object(struct cursor *c, struct json_member *members, size_t max, size_t *count) {
  if (++c->depth > MAX_DEPTH || !take(c, '{')) return false;
  size_t n = 0;
  if (!take(c, '}')) {
    do {
      struct json_member member;
      skip_space(c);
      if (!scan_string(c, &member.key, &member.key_len) || !take(c, ':') || !scan_value(c, &member)) return false;
      if (members) {
        if (n >= max) return false;
        members[n++] = member;
      }
    } while (take(c, ','));
    if (!take(c, '}')) return false;
  }
  if (count) *count = n;
  c->depth--;
  return true;
}

static bool scan_value(struct cursor *c, struct json_member *out) {
  skip_space(c);
  if (c->p >= c->end) return false;
  const char *start = c->p;
  bool ok;
  switch (*c->p) {
    case '"':
      out->type = JSON_STRING;
      return scan_string(c, &out->value, &out->value_len);
    case '{': out->type = JSON_OBJECT; ok = scan_object(c, NULL, 0, NULL); break;
    case '[': out->type = JSON_ARRAY; ok = scan_array(c); break;
    case 't': out->type = JSON_BOOL; ok = scan_word(c, "true"); break;
    case 'f': out->type = JSON_BOOL; ok = scan_word(c, "false"); break;
    case 'n': out->type = JSON_NULL; ok = scan_word(c, "null"); break;
    default: out->type = JSON_NUMBER; ok = scan_number(c);
  }
  out->value = start;
  out->value_len = (size_t)(c->p - start);
  return ok;
}

bool json_object(const char *text, size_t len, struct json_member *members, size_t max, size_t *count) {
  struct cursor c = { text, text + len, 0 };
  *count = 0;
  if (!scan_object(&c, members, max, count)) return false;
  skip_space(&c);
  return c.p == c.end;
}

static size_t put_utf8(char *out, uint32_t code) {
  if (code < 0x80) return out[0] = (char)code, 1;
  if (code < 0x800) return out[0] = (char)(0xc0 | code >> 6), out[1] = (char)(0x80 | (code & 63)), 2;
  if (code < 0x10000) {
    out[0] = (char)(0xe0 | code >> 12), out[1] = (char)(0x80 | (code >> 6 & 63)), out[2] = (char)(0x80 | (code & 63));
    return 3;
  }
  out[0] = (char)(0xf0 | code >> 18), out[1] = (char)(0x80 | (code >> 12 & 63));
  out[2] = (char)(0x80 | (code >> 6 & 63)), out[3] = (char)(0x80 | (code & 63));
  return 4;
}

/* The slice was checked by scan_string, so escapes are whole; decoding never makes a text longer. */
static size_t decode(const char *p, size_t len, char *out) {
  static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
  const char *end = p + len;
  size_t n = 0;
  while (p < end) {
    if (*p != '\\') {
      out[n++] = *p++;
      continue;
    }
    p++;
    if (*p != 'u') {
      out[n++] = values[strchr(names, *p) - names];
      p++;
      continue;
    }
    uint32_t code = (uint32_t)hex4(p + 1, end);
    p += 5;
    if (code >= 0xd800 && code < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
      uint32_t low = (uint32_t)hex4(p + 2, end);
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        p += 6;
      }
    }
    if (code >= 0xd800 && code < 0xe000) code = 0xfffd;
    n += put_utf8(out + n, code);
  }
  return n;
}

bool json_key_is(const struct json_member *member, const char *key) {
  char decoded[256];
  if (member->key_len > sizeof decoded) return false;
  size_t n = decode(member->key, member->key_len, decoded);
  return n == strlen(key) && memcmp(decoded, key, n) == 0;
}

const struct json_member *json_find(const struct json_member *members, size_t count, const char *key) {
  const struct json_member *found = NULL;
  for (size_t i = 0; i < count; i++)
    if (json_key_is(&members[i], key)) found = &members[i]; /* the last one counts, as everywhere */
  return found;
}

char *json_string(const struct json_member *member, size_t *len) {
  if (!member || member->type != JSON_STRING) return NULL;
  char *out = malloc(member->value_len + 1);
  if (!out) return NULL;
  size_t n = decode(member->value, member->value_len, out);
  out[n] = 0;
  if (len) *len = n;
  return out;
}

static size_t base64(const char *in, size_t len, unsigned char *out, size_t size) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint32_t bits = 0;
  int have = 0;
  size_t n = 0;
  for (size_t i = 0; i < len && in[i] != '='; i++) {
    const char *digit = in[i] ? strchr(digits, in[i]) : NULL;
    if (!digit) return 0;
    bits = bits << 6 | (uint32_t)(digit - digits);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    if (n == size) return 0;
    out[n++] = (unsigned char)(bits >> have);
  }
  return n;
}

size_t json_base64(const struct json_member *member, unsigned char *out, size_t size) {
  size_t len = 0;
  char *text = json_string(member, &len);
  size_t n = text ? base64(text, len, out, size) : 0;
  free(text);
  return n;
}

bool json_integer(const struct json_member *member, int64_t *value) {
  if (!member || member->type != JSON_NUMBER) return false;
  const char *p = member->value, *end = p + member->value_len;
  bool negative = p < end && *p == '-';
  if (negative) p++;
  if (end - p < 1 || end - p > 15) return false;
  int64_t n = 0;
  for (; p < end; p++) {
    if (*p < '0' || *p > '9') return false;
    n = n * 10 + (*p - '0');
  }
  *value = negative ? -n : n;
  return true;
}

char *json_with_bool(const char *text, size_t len, const char *key, bool value) {
  struct json_member members[128];
  size_t count;
  if (!json_object(text, len, members, 128, &count)) return NULL;
  struct text out = { 0 };
  text_add(&out, "{", 1);
  for (size_t i = 0; i < count; i++) {
    if (json_key_is(&members[i], key)) continue;
    size_t quote = members[i].type == JSON_STRING;
    text_addf(&out, "\"%.*s\":", (int)members[i].key_len, members[i].key);
    text_add(&out, members[i].value - quote, members[i].value_len + 2 * quote);
    text_add(&out, ",\n", 2);
  }
  text_addf(&out, "\"%s\":%s}\n", key, value ? "true" : "false");
  if (!out.failed) return out.data;
  text_free(&out);
  return NULL;
}
