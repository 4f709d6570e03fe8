/* Drives guest/rules.c from a test: commands in, a line each; their statuses out, and then what would be restored. */
#include <stdio.h>
#include <string.h>

#include "../guest/rules.h"

int main(void) {
  char line[4096];
  struct text model = { 0 }, rules = { 0 };
  while (fgets(line, sizeof line, stdin)) {
    char *argv[1024], *rest = line, *word;
    const char *said;
    int argc = 0;
    line[strcspn(line, "\n")] = 0;
    while ((word = strsep(&rest, " "))) argv[argc++] = word;
    int status = rules_answer(&model, argc, argv, &said);
    printf("%d %s\n", status, said);
  }
  rules_restore(&model, &rules);
  printf("--\n%s", rules.len ? rules.data : "");
  text_free(&model);
  text_free(&rules);
  return 0;
}
