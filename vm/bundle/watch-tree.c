/* Knows descriptors, names and limits of inotify; what an event means is share-watch.c's. */
#define _GNU_SOURCE
#include "watch-tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "watch-out.h"

enum { HOW = IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_ADD };

struct place {
  struct place *next;
  size_t len;
  char path[];
};

static int watcher;
static struct node **table, *top, *queue, **queue_end = &queue;
static size_t table_size, watches;
static struct place *excluded;
static uint32_t generation;
static bool full;

void tree_open(int opened) { watcher = opened; }

struct node *tree_top(void) { return top; }

size_t tree_watches(void) { return watches; }

bool tree_full(void) { return full; }

void tree_retry(void) { full = false; }

void tree_new_generation(void) { generation++; }

bool under(const char *inner, const char *path, size_t len) {
  return strncmp(inner, path, len) == 0 && (inner[len] == 0 || inner[len] == '/' || len == 1);
}

void tree_exclude(const char *path, size_t len) {
  struct place *made = alloc(sizeof *made + len + 1);
  memcpy(made->path, path, len);
  made->len = len;
  made->next = excluded;
  excluded = made;
}

bool is_excluded(const char *path) {
  for (struct place *each = excluded; each; each = each->next)
    if (under(path, each->path, each->len)) return true;
  return false;
}

bool path_of(const struct node *node, const char *name, char path[PATH_MAX]) {
  char *at = path + PATH_MAX - 1;
  *at = 0;
  for (;;) {
    size_t len = strlen(name);
    if (len > 0) {
      if ((size_t)(at - path) < len + 1) return false;
      memcpy(at -= len, name, len);
      *--at = '/';
    }
    if (!node) break;
    name = node->name;
    node = node->parent;
  }
  if (!*at) *--at = '/';
  memmove(path, at, (size_t)(path + PATH_MAX - at));
  return true;
}

struct node *find(int wd) {
  struct node *node = table_size ? table[(size_t)wd & (table_size - 1)] : NULL;
  while (node && node->wd != wd) node = node->chain;
  return node;
}

static void table_add(struct node *node) {
  if (watches >= table_size) {
    size_t size = table_size ? table_size * 2 : 256;
    struct node **bigger = alloc(size * sizeof *bigger);
    for (size_t i = 0; i < table_size; i++)
      for (struct node *each = table[i], *next; each; each = next) {
        next = each->chain;
        each->chain = bigger[(size_t)each->wd & (size - 1)];
        bigger[(size_t)each->wd & (size - 1)] = each;
      }
    free(table);
    table = bigger;
    table_size = size;
  }
  struct node **slot = &table[(size_t)node->wd & (table_size - 1)];
  node->chain = *slot;
  *slot = node;
  watches++;
}

void drop(struct node *node) {
  while (node->first) drop(node->first);
  if (node->wd >= 0) {
    struct node **slot = &table[(size_t)node->wd & (table_size - 1)];
    while (*slot != node) slot = &(*slot)->chain;
    *slot = node->chain;
    watches--;
    inotify_rm_watch(watcher, node->wd);
  }
  *node->link = node->next;
  if (node->next) node->next->link = node->link;
  if (node == top) top = NULL;
  node->dead = true;
  if (!node->queued) free(node);
}

/* Ends of folders may be among what was lost. */
void tree_drop_old(void) {
  for (size_t i = 0; i < table_size && !full; i++)
    for (struct node *each = table[i]; each;)
      if (each->generation == generation) each = each->chain;
      else drop(each), each = table[i];
}

void enqueue(struct node *node, bool tell) {
  node->tell = (node->queued && node->tell) || tell;
  if (node->queued) return;
  node->queued = true;
  node->queued_next = NULL;
  *queue_end = node;
  queue_end = &node->queued_next;
}

bool tree_waits(void) { return queue; }

struct node *dequeue(void) {
  struct node *node = queue;
  queue = node->queued_next;
  if (!queue) queue_end = &queue;
  node->queued = false;
  return node;
}

struct node *child(struct node *parent, const char *name) {
  struct node *each = parent->first;
  while (each && strcmp(each->name, name) != 0) each = each->next;
  return each;
}

static struct node *add(struct node *parent, const char *name, int wd) {
  struct node *node = alloc(sizeof *node + strlen(name) + 1);
  strcpy(node->name, name);
  node->wd = wd;
  node->parent = parent;
  node->link = parent ? &parent->first : &top;
  node->next = *node->link;
  if (node->next) node->next->link = &node->next;
  *node->link = node;
  if (wd >= 0) table_add(node);
  return node;
}

struct node *enter(struct node *parent, const char *name, bool deep, uint32_t mask) {
  char path[PATH_MAX];
  if (!path_of(parent, name, path) || is_excluded(path)) return NULL;
  int wd = inotify_add_watch(watcher, path, mask | HOW);
  if (wd < 0 && (errno == ENOSPC || errno == ENOMEM)) {
    if (!full) emit('l', path);
    full = true;
    return NULL;
  }
  /* A folder above, often that of all homes, may let this user through and not be read: what it leads to is watched all the same. */
  if (wd < 0 && (errno != EACCES || deep)) return NULL;
  struct node *node = wd < 0 ? NULL : find(wd);
  /* What was moved meanwhile can stand upside down here until its events are read. */
  for (struct node *above = parent; node && above; above = above->parent)
    if (above == node) return NULL;
  if (node && (node->parent != parent || strcmp(node->name, name) != 0)) {
    /* It was moved here, and the event of its leaving is still to come. */
    drop(node);
    wd = inotify_add_watch(watcher, path, mask | HOW);
    node = NULL;
    if (wd < 0) return NULL;
  }
  if (!node) {
    /* Folders that lead to a root are few; another one under the same name means that a file system was mounted over it, or taken away. */
    struct node *other = parent && !parent->deep ? child(parent, name) : NULL;
    if (other && wd < 0 && other->wd < 0) node = other;
    else if (other) drop(other);
    if (!node) node = add(parent, name, wd);
  }
  node->deep |= deep;
  node->generation = generation;
  return node;
}
