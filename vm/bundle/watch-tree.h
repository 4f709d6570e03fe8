/* The folders that are watched, as a tree from `/` on. */
#pragma once
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/inotify.h>

enum {
  NAMES = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO,
  CONTENT = IN_MODIFY | IN_ATTRIB,
};

/* One watched folder. `deep`: everything below belongs to it; else it only leads to a root and tells of that root's name. */
struct node {
  struct node *parent, *first, *next, **link; /* tree */
  struct node *chain;                         /* table of descriptors */
  struct node *queued_next;
  int wd; /* -1: it cannot be watched, only gone through */
  uint32_t generation;
  bool deep, queued, tell, dead;
  char name[];
};

void tree_open(int watcher);
struct node *tree_top(void);
size_t tree_watches(void);
/* Never entered, and nothing is told of it. */
void tree_exclude(const char *path, size_t len);
bool is_excluded(const char *path);
/* `inner` is `path` itself or something below it. */
bool under(const char *inner, const char *path, size_t len);

/* The folder's node, watched; NULL where there is no folder, or no watch for it (`l` is told, once until tree_retry). */
struct node *enter(struct node *parent, const char *name, bool deep, uint32_t mask);
struct node *find(int wd);
struct node *child(struct node *parent, const char *name);
/* A folder with all below it. What is in the queue is freed when its turn comes. */
void drop(struct node *node);
bool path_of(const struct node *node, const char *name, char path[PATH_MAX]);

/* Watches may be had again; whether they could not be. */
void tree_retry(void);
bool tree_full(void);
/* From here on what is entered is of a new generation; what was not is dropped. */
void tree_new_generation(void);
void tree_drop_old(void);

/* Folders that are to be read. */
void enqueue(struct node *node, bool tell);
bool tree_waits(void);
struct node *dequeue(void);
