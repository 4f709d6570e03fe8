/* The guest's role `notify` as a program of this machine. */
#include "../guest/notify.h"

int main(void) { return notify_main(); }
