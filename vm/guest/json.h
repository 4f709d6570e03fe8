/* JSON of the agent's port: a checking parser for one object, and a writer.
   Knows nothing of ports, services or files; every input is treated as hostile. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* Slices of the parsed text: a key or a string without its quotes, still escaped. */
struct json_member {
  const char *key, *value;
  size_t key_len, value_len;
  enum json_type type;
};

/* Checks that the text is one JSON object (UTF-8, at most 32 levels) and lists its members. */
bool json_object(const char *text, size_t len, struct json_member *members, size_t max, size_t *count);

bool json_key_is(const struct json_member *member, const char *key);
const struct json_member *json_find(const struct json_member *members, size_t count, const char *key);

/* The decoded bytes of a string member, allocated, with a NUL behind; NULL for another type. */
char *json_string(const struct json_member *member, size_t *len);
/* The bytes of a string member in base64; how many, 0 for what is none or does not fit. */
size_t json_base64(const struct json_member *member, unsigned char *out, size_t size);
/* False for what is not a whole number of at most 15 digits. */
bool json_integer(const struct json_member *member, int64_t *value);

/* The same object with one member set to a boolean; NULL when the text is not an object. Allocated. */
char *json_with_bool(const char *text, size_t len, const char *key, bool value);

/* A growing text. An allocation that fails marks it `failed` and the rest is dropped. */
struct text {
  char *data;
  size_t len, size;
  bool failed;
};

void text_add(struct text *t, const char *bytes, size_t len);
void text_addf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds the bytes as a JSON string with quotes; bytes that are not UTF-8 become U+FFFD. */
void text_add_json(struct text *t, const char *bytes, size_t len);
void text_add_json_z(struct text *t, const char *string);
void text_free(struct text *t);
/* The members of an answer that refuses, with its words. */
void op_error(struct text *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Bytes of the UTF-8 character at p (1 to 4), or 0 where there is none. */
size_t utf8_char(const char *p, size_t left);
