/* The model is lines: ":TABLE CHAIN" for a chain of dockerd's, "ATABLE CHAIN RULE" for a rule behind, "ITABLE CHAIN RULE" for one
   before what a chain of the kernel's own holds already. The lines of a chain are in its order.
   Rules are compared as words: dockerd asks for a rule in the words that it made it with. What is not certain is unknown. */
#define _GNU_SOURCE
#include "rules.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 1024 };

static const char no_chain[] = "No chain/target/match by that name.", no_rule[] = "Bad rule (does a matching rule exist in that chain?).",
                  is_there[] = "Chain already exists.";

static const char *const tables[] = { "filter", "nat" };
static const char *const own_chains[] = { "filter INPUT", "filter FORWARD", "filter OUTPUT",
                                          "nat PREROUTING", "nat INPUT", "nat OUTPUT", "nat POSTROUTING" };
static const char *const targets[] = { "ACCEPT", "DROP", "RETURN", "MASQUERADE", "DNAT" };

#define HAS(list, word) has(list, sizeof list / sizeof *list, word)

static bool has(const char *const *list, size_t count, const char *word) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(list[i], word) == 0) return true;
  return false;
}

struct command {
  char verb;
  const char *table, *target; /* target: of -j, or NULL */
  char chain[128];            /* "TABLE CHAIN" */
  char rule[LINE];            /* "TABLE CHAIN RULE" */
  bool has_rule;
};

/* Only words that need no quoting, and that stand for themselves. */
static bool plain(const char *word) { return *word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:/[]!+=") == strlen(word); }

static bool parse(struct command *c, int argc, char *const *argv) {
  *c = (struct command){ .table = "filter" };
  int i = 1;
  for (; i < argc && !c->verb; i++) {
    const char *word = argv[i];
    if (strcmp(word, "--wait") == 0 || strcmp(word, "-n") == 0) continue;
    if (strcmp(word, "-t") == 0 && i + 1 < argc) c->table = argv[++i];
    else if (strlen(word) == 2 && word[0] == '-' && strchr("CDAINXFL", word[1])) c->verb = word[1];
    else return false;
  }
  if (!c->verb || i == argc || !isalnum((unsigned char)argv[i][0]) || !plain(argv[i]) || !HAS(tables, c->table)) return false;
  int n = snprintf(c->chain, sizeof c->chain, "%s %s", c->table, argv[i++]);
  if (n >= (int)sizeof c->chain) return false;
  strcpy(c->rule, c->chain);
  /* A number here is a place in the chain. */
  if (i < argc && argv[i][0] != '-' && argv[i][0] != '!') return false;
  for (; i < argc; i++) {
    int more = snprintf(c->rule + n, sizeof c->rule - (size_t)n, " %s", argv[i]);
    if (!plain(argv[i]) || more >= (int)sizeof c->rule - n) return false;
    n += more;
    c->has_rule = true;
    if (strcmp(argv[i], "-j") == 0) c->target = i + 1 < argc ? argv[i + 1] : "";
  }
  return c->has_rule ? strchr("CDAI", c->verb) != NULL : strchr("CDNXFL", c->verb) != NULL;
}

static size_t line_len(const char *line) { return (size_t)(strchr(line, '\n') - line) + 1; }

static const char *end_of(const struct text *model) { return model->data + model->len; }

/* The first line that is `words` behind its letter; as the beginning of a rule of that chain where `part`. */
static const char *find(const struct text *model, const char *letters, const char *words, bool part) {
  size_t n = strlen(words);
  if (!model->len) return NULL;
  for (const char *line = model->data; line < end_of(model); line += line_len(line))
    if (strchr(letters, *line) && strncmp(line + 1, words, n) == 0 && line[1 + n] == (part ? ' ' : '\n')) return line;
  return NULL;
}

static void insert(struct text *model, const char *before, char letter, const char *words) {
  struct text next = { 0 };
  size_t head = before ? (size_t)(before - model->data) : model->len;
  if (head) text_add(&next, model->data, head);
  text_addf(&next, "%c%s\n", letter, words);
  if (head < model->len) text_add(&next, model->data + head, model->len - head);
  text_free(model);
  *model = next;
}

static void cut(struct text *model, const char *line) {
  size_t len = line_len(line), at = (size_t)(line - model->data);
  memmove(model->data + at, line + len, model->len - at - len + 1);
  model->len -= len;
}

/* Whether a rule of the table leads to the chain. */
static bool used(const struct text *model, const struct command *c) {
  char jump[LINE];
  const char *name = strchr(c->chain, ' ') + 1;
  size_t table = strlen(c->table), n = (size_t)snprintf(jump, sizeof jump, " -j %s", name);
  for (const char *line = model->data; line < end_of(model); line += line_len(line)) {
    if (*line == ':' || strncmp(line + 1, c->table, table) != 0) continue;
    const char *at = memmem(line, line_len(line), jump, n);
    if (at && (at[n] == ' ' || at[n] == '\n')) return true;
  }
  return false;
}

static bool known_target(const struct text *model, const struct command *c) {
  char chain[LINE];
  if (!c->target) return false;
  snprintf(chain, sizeof chain, "%s %s", c->table, c->target);
  return HAS(targets, c->target) || find(model, ":", chain, false);
}

int rules_answer(struct text *model, int argc, char *const *argv, const char **said) {
  struct command c;
  *said = "";
  if (!parse(&c, argc, argv)) return RULES_UNKNOWN;
  const bool own = HAS(own_chains, c.chain);
  const char *chain = find(model, ":", c.chain, false), *rule = find(model, "AI", c.rule, false);
  if (c.verb == 'N') {
    if (own || chain) return *said = is_there, 1;
    return insert(model, NULL, ':', c.chain), 0;
  }
  if (!own && !chain) return *said = no_chain, 1;
  switch (c.verb) {
    case 'L': return 0;
    case 'C':
      if (!rule) *said = no_rule;
      return rule ? 0 : 1;
    case 'D':
      if (!rule) return *said = no_rule, 1;
      return cut(model, rule), 0;
    case 'A':
      if (!known_target(model, &c)) return RULES_UNKNOWN;
      return insert(model, NULL, 'A', c.rule), 0;
    case 'I':
      if (!known_target(model, &c)) return RULES_UNKNOWN;
      return insert(model, find(model, "AI", c.chain, true), own ? 'I' : 'A', c.rule), 0;
    case 'F':
      /* The kernel's own chains may hold rules that the model does not know. */
      if (own) return RULES_UNKNOWN;
      while ((rule = find(model, "A", c.chain, true))) cut(model, rule);
      return 0;
    default: /* X */
      if (own || find(model, "A", c.chain, true) || used(model, &c)) return RULES_UNKNOWN;
      return cut(model, chain), 0;
  }
}

/* One behind the other, before what the chain holds already. */
static int place_of(const struct text *model, const char *line) {
  size_t chain = (size_t)(strchr(strchr(line, ' ') + 1, ' ') - line) + 1;
  int place = 1;
  for (const char *other = model->data; other < line; other += line_len(other)) place += strncmp(other, line, chain) == 0;
  return place;
}

static void add_line(const struct text *model, const char *line, struct text *out) {
  const char *chain = strchr(line, ' ') + 1;
  int len = (int)line_len(chain), name = (int)strcspn(chain, " \n");
  if (*line == ':') text_addf(out, ":%.*s - [0:0]\n", name, chain);
  else if (*line == 'A') text_addf(out, "-A %.*s", len, chain);
  else text_addf(out, "-I %.*s %d%.*s", name, chain, place_of(model, line), len - name, chain + name);
}

void rules_restore(const struct text *model, struct text *out) {
  for (size_t i = 0; i < sizeof tables / sizeof *tables && model->len; i++) {
    struct text lines = { 0 };
    size_t n = strlen(tables[i]);
    /* Chains first: rules lead to them. */
    for (const char *letters = ":\0AI\0"; *letters; letters += strlen(letters) + 1)
      for (const char *line = model->data; line < end_of(model); line += line_len(line))
        if (strchr(letters, *line) && strncmp(line + 1, tables[i], n) == 0) add_line(model, line, &lines);
    if (lines.len) text_addf(out, "*%s\n%sCOMMIT\n", tables[i], lines.data);
    out->failed |= lines.failed;
    text_free(&lines);
  }
}
