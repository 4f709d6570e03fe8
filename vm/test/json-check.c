/* Drives guest/json.c from a test: lines in, for each a line out that says what the parser made of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../guest/json.h"

static void describe(const char *line, size_t len) {
  struct json_member members[64];
  size_t count;
  struct text out = { 0 };
  if (!json_object(line, len, members, 64, &count)) {
    puts("refused");
    return;
  }
  text_add(&out, "{", 1);
  for (size_t i = 0; i < count; i++) {
    size_t n = 0;
    int64_t number;
    struct json_member key = { .type = JSON_STRING, .value = members[i].key, .value_len = members[i].key_len };
    char *name = json_string(&key, &n);
    text_addf(&out, "%s", i ? "," : "");
    text_add_json(&out, name, n);
    free(name);
    text_addf(&out, ":");
    char *string = json_string(&members[i], &n);
    if (string) text_add_json(&out, string, n);
    else if (json_integer(&members[i], &number)) text_addf(&out, "%lld", (long long)number);
    else text_add(&out, members[i].value, members[i].value_len);
    free(string);
  }
  text_addf(&out, "}");
  char *edited = json_with_bool(line, len, "live-restore", false);
  printf("%s\x01", out.data);
  for (char *p = edited; p && *p; p++) putchar(*p == '\n' ? ' ' : *p);
  putchar('\n');
  text_free(&out);
  free(edited);
}

int main(void) {
  size_t size = 0;
  char *line = NULL;
  ssize_t len;
  while ((len = getline(&line, &size, stdin)) > 0) {
    /* A copy of the exact length, so that a sanitizer sees a read past its end. */
    size_t n = (size_t)len - (line[len - 1] == '\n');
    char *exact = malloc(n ? n : 1);
    memcpy(exact, line, n);
    describe(exact, n);
    free(exact);
  }
  free(line);
  return 0;
}
