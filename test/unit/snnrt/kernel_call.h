/* The arguments of a call of a kernel, from and to the files of kernel_driver.c. */
#ifndef KERNEL_CALL_H
#define KERNEL_CALL_H

#include "driver_io.h"

#define NAME_BYTES 40
#define MAXIMUM_INTEGERS 28
#define MAXIMUM_ARRAYS 11

typedef struct call {
  int32_t integers[MAXIMUM_INTEGERS];
  array arrays[MAXIMUM_ARRAYS];
  int32_t integer_count, array_count;
} call;

/* Every second case has arrays on word boundaries, as the generated code has;
   the others are aligned to their elements and no more. */
static bool word_aligned;

static bool read_array(file input, array *argument) {
  int32_t header[2];
  uint8_t padding[4];
  if (read_file(input, header, sizeof header) != sizeof header) {
    return false;
  }
  const size_t bytes = (size_t)header[0];
  const size_t padded = (0 - bytes) & 3;
  *argument = allocate(bytes, word_aligned ? 8 : (size_t)header[1]);
  return read_file(input, argument->data, bytes) == bytes &&
         read_file(input, padding, padded) == padded;
}

static bool read_arguments(file input, call *arguments) {
  int32_t counts[2];
  if (read_file(input, counts, sizeof counts) != sizeof counts ||
      counts[0] > MAXIMUM_INTEGERS || counts[1] > MAXIMUM_ARRAYS) {
    return false;
  }
  arguments->integer_count = counts[0];
  arguments->array_count = counts[1];
  const size_t bytes = (size_t)counts[0] * sizeof(int32_t);
  bool complete = read_file(input, arguments->integers, bytes) == bytes;
  for (int32_t i = 0; complete && i < counts[1]; ++i) {
    complete = read_array(input, &arguments->arrays[i]);
  }
  return complete;
}

static bool write_results(file output, const call *arguments, int32_t result) {
  bool good = write_file(output, &result, sizeof result) == sizeof result;
  for (int32_t i = 0; i < arguments->array_count; ++i) {
    const array *const argument = &arguments->arrays[i];
    good = write_file(output, argument->data, argument->bytes) ==
               argument->bytes &&
           good;
    good = release(argument) && good;
  }
  return good;
}

#endif
