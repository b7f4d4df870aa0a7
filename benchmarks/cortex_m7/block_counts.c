/* A plugin for QEMU that counts how often each translated block runs, apart for
   the parts of a program that marks begin.

   Arguments: out=FILE for the counts, marks=FILE with one hexadecimal address
   a line; executing one begins its part, and the last line's ends the parts.
   A line of the output is `part address instructions count`.

   Debian ships no qemu-plugin.h: what is used of version 1 of the interface is
   declared here. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
enum { MOST_MARKS = 512 };

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
extern void qemu_plugin_register_vcpu_tb_trans_cb(
    qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *,
                                                     int, void *, uint64_t);
extern void qemu_plugin_register_vcpu_tb_exec_cb(
    struct qemu_plugin_tb *, void (*)(unsigned, void *), int, void *);
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t,
                                           void (*)(qemu_plugin_id_t, void *),
                                           void *);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);

EXPORT int qemu_plugin_version = 1;

/* A translated block; `count` is what it has run in the current part. */
struct block {
  uint64_t address, instructions, count;
  uint64_t *totals;
  struct block *next;
};

static struct block *blocks;
static uint64_t marks[MOST_MARKS];
static size_t mark_count, part;
static char out[512];

/* Books what has run since the last mark, and begins a part. Callbacks of a
   block come before its inline counters. */
static void begin(unsigned cpu, void *mark) {
  (void)cpu;
  for (struct block *b = blocks; b != NULL; b = b->next) {
    b->totals[part] += b->count;
    b->count = 0;
  }
  part = (size_t)((uint64_t *)mark - marks);
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
  struct block *b = calloc(1, sizeof *b);
  (void)id;
  b->totals = calloc(MOST_MARKS, sizeof *b->totals);
  b->address = qemu_plugin_tb_vaddr(tb);
  b->instructions = qemu_plugin_tb_n_insns(tb);
  b->next = blocks;
  blocks = b;
  for (size_t i = 0; i < mark_count; ++i) {
    if (marks[i] == b->address) {
      qemu_plugin_register_vcpu_tb_exec_cb(tb, begin, 0, &marks[i]);
    }
  }
  qemu_plugin_register_vcpu_tb_exec_inline(tb, 0, &b->count, 1);
}

static void finish(qemu_plugin_id_t id, void *unused) {
  FILE *file = fopen(out, "w");
  (void)id;
  begin(0, marks);
  if (file == NULL) {
    perror(out);
    abort();
  }
  for (struct block *b = blocks; b != NULL; b = b->next) {
    for (size_t i = 0; i + 1 < mark_count; ++i) {
      if (b->totals[i] != 0) {
        fprintf(file, "%zu %" PRIx64 " %" PRIu64 " %" PRIu64 "\n", i, b->address,
                b->instructions, b->totals[i]);
      }
    }
  }
  fclose(file);
  (void)unused;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc,
                               char **argv) {
  (void)info;
  for (int i = 0; i < argc; ++i) {
    if (strncmp(argv[i], "out=", 4) == 0) {
      snprintf(out, sizeof out, "%s", argv[i] + 4);
    } else if (strncmp(argv[i], "marks=", 6) == 0) {
      FILE *file = fopen(argv[i] + 6, "r");
      while (file != NULL && mark_count < MOST_MARKS &&
             fscanf(file, "%" SCNx64, &marks[mark_count]) == 1) {
        ++mark_count;
      }
    }
  }
  if (mark_count == 0 || out[0] == '\0') {
    return 1;
  }
  part = mark_count - 1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
  qemu_plugin_register_atexit_cb(id, finish, NULL);
  return 0;
}
