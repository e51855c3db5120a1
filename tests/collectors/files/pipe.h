/* pipe: a pipe within the test, of bytes. */
#ifndef TESTS_COLLECTORS_FILES_PIPE_H
#define TESTS_COLLECTORS_FILES_PIPE_H

/* Its descriptors: ends[0] to read, ends[1] to write. Returns 0 or -1. */
int pipe_open(int ends[2]);

#endif
