/* Files, timer and stack measurement of the runner; runner_io_<where>.c
   implements them. */
#ifndef SNNIR_RUNNER_IO_H
#define SNNIR_RUNNER_IO_H

#include <stddef.h>
#include <stdint.h>

#ifdef RUNNER_SEMIHOSTING
typedef int32_t runner_file;
#else
#include <stdio.h>
typedef FILE *runner_file;
#endif

runner_file runner_open(const char *path, int for_writing);
int runner_is_open(runner_file file);
size_t runner_read(runner_file file, void *buffer, size_t bytes);
void runner_write(runner_file file, const void *buffer, size_t bytes);
void runner_close(runner_file file);

/* Instructions executed between the two calls; 0 where they cannot be counted. */
void runner_timer_start(void);
uint32_t runner_timer_instructions(void);

/* Largest stack use so far in bytes; 0 where it cannot be measured. */
uint32_t runner_stack_used(void);

/* The program behind main: returns the exit status. */
int runner_main(const char *input_path, const char *output_path);

#endif
