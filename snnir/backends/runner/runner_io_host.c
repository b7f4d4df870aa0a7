/* The runner's surroundings on a computer with a C library. */
#include "runner_io.h"

runner_file runner_open(const char *path, int for_writing) {
  return fopen(path, for_writing ? "wb" : "rb");
}

int runner_is_open(runner_file file) { return file != NULL; }

size_t runner_read(runner_file file, void *buffer, size_t bytes) {
  return fread(buffer, 1, bytes, file);
}

void runner_write(runner_file file, const void *buffer, size_t bytes) {
  (void)fwrite(buffer, 1, bytes, file);
}

void runner_close(runner_file file) { (void)fclose(file); }

void runner_timer_start(void) {}

uint32_t runner_timer_instructions(void) { return 0; }

uint32_t runner_stack_used(void) { return 0; }

int main(int argc, char **argv) {
  if (argc != 3) {
    (void)fprintf(stderr, "usage: runner INPUT OUTPUT\n");
    return 2;
  }
  return runner_main(argv[1], argv[2]);
}
