/* Runs guest/trust.c in a folder of a test's: what is given is in given/, the bundle and docker's folder beside it. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TRUST_GIVEN "given/"
#define TRUST_BUNDLE "bundle.crt"
#define TRUST_DOCKER "docker"
#include "../guest/trust.c"

int main(int argc, char **argv) {
  if (argc != 2 || chdir(argv[1]) != 0) return 2;
  trust_write();
  return 0;
}
