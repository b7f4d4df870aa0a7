/* Input, output and memory of the kernel driver on a host and in QEMU. */
#ifndef SNNIR_TEST_DRIVER_IO_H
#define SNNIR_TEST_DRIVER_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define GUARD_BYTES 16
#define GUARD_VALUE 0xA5

/* An array of a test case. It is aligned as asked for and no more, so that
   kernels which assume more alignment fail. */
typedef struct array {
  uint8_t *block;
  void *data;
  size_t bytes;
} array;

#if defined(__arm__)

#include "semihosting.h"

typedef int32_t file;

static file open_file(const char *path, bool write) {
  return snn_open(path, write ? SNN_OPEN_WRITE : SNN_OPEN_READ);
}

static size_t read_file(file handle, void *buffer, size_t bytes) {
  return snn_read(handle, buffer, bytes);
}

static size_t write_file(file handle, const void *buffer, size_t bytes) {
  return snn_write(handle, buffer, bytes);
}

static void close_file(file handle) { (void)snn_close(handle); }

static void report(const char *text) { snn_write0(text); }

/* The arrays of one case; the case after it starts anew. */
static uint64_t arena[1 << 17];
static size_t arena_used;

static array allocate(size_t bytes, size_t alignment) {
  array result;
  result.block = (uint8_t *)arena + arena_used;
  result.data = result.block + GUARD_BYTES + alignment;
  result.bytes = bytes;
  arena_used += (bytes + alignment + 2 * GUARD_BYTES + 7) / 8 * 8;
  if (arena_used > sizeof arena) {
    report("kernel driver: arena too small\n");
    snn_exit(1);
  }
  memset(result.block, GUARD_VALUE, (size_t)((uint8_t *)arena + arena_used -
                                             result.block));
  return result;
}

/* Whether nothing was written next to the array. */
static bool release(const array *allocated) {
  const uint8_t *const data = (const uint8_t *)allocated->data;
  bool intact = true;
  for (size_t i = 0; i < GUARD_BYTES; ++i) {
    intact = intact && data[-1 - (ptrdiff_t)i] == GUARD_VALUE &&
             data[allocated->bytes + i] == GUARD_VALUE;
  }
  arena_used = 0;
  return intact;
}

#else

#include <stdio.h>
#include <stdlib.h>

typedef FILE *file;

static file open_file(const char *path, bool write) {
  return fopen(path, write ? "wb" : "rb");
}

static size_t read_file(file handle, void *buffer, size_t bytes) {
  return fread(buffer, 1, bytes, handle);
}

static size_t write_file(file handle, const void *buffer, size_t bytes) {
  return fwrite(buffer, 1, bytes, handle);
}

static void close_file(file handle) { (void)fclose(handle); }

static void report(const char *text) { fputs(text, stderr); }

/* No guard follows the array: the sanitizer build sees accesses beyond it. */
static array allocate(size_t bytes, size_t alignment) {
  array result;
  result.block = (uint8_t *)malloc(bytes + alignment);
  if (result.block == NULL) {
    abort();
  }
  memset(result.block, GUARD_VALUE, alignment);
  result.data = result.block + alignment;
  result.bytes = bytes;
  return result;
}

static bool release(const array *allocated) {
  const bool intact = ((const uint8_t *)allocated->data)[-1] == GUARD_VALUE;
  free(allocated->block);
  return intact;
}

#endif

#endif
