/* The guest's relay as a program of this machine: orders as lines on its input, as the agent has them, answers as lines; it ends with its input. */
#include "../guest/relay.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void op_error(struct text *answer, const char *format, ...) {
  char words[512];
  va_list args;
  va_start(args, format);
  vsnprintf(words, sizeof words, format, args);
  va_end(args);
  text_addf(answer, "failed: %s", words);
}

int main(void) {
  static char line[4096];
  while (fgets(line, sizeof line, stdin)) {
    struct json_member members[8];
    struct request request = { members, 0, NULL };
    struct text answer = { 0 };
    if (strcmp(line, "end\n") == 0) relay_end();
    else if (json_object(line, strlen(line) - 1, members, 8, &request.count)) op_relay(&request, &answer);
    printf("%s\n", answer.data ? answer.data : "");
    fflush(stdout);
    text_free(&answer);
  }
  relay_end();
  return 0;
}
