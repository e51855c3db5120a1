/*
 * scan_output: lines of several threads -> one stream, file by file in the order of the command line.
 *
 * The first file that is not finished writes what it has when it is flushed, or when that is SCAN_OUTPUT_ENOUGH; those
 * after it are kept in memory until it is their turn. One that has SCAN_OUTPUT_MAX_KEPT bytes waiting waits with its
 * thread, so memory is bounded.
 */
#ifndef AGENT_SCAN_SCAN_OUTPUT_H
#define AGENT_SCAN_SCAN_OUTPUT_H

#include <stddef.h>
#include <stdio.h>

/* Bytes written at once where there are so many: a file system takes half as long for them as for single alerts. */
#define SCAN_OUTPUT_ENOUGH (64u * 1024u)

/* Most bytes kept for one file that is not yet first. */
#define SCAN_OUTPUT_MAX_KEPT (16u * 1024u * 1024u)

struct scan_output;

/* to: written to and flushed; the caller closes it after scan_output_free(). Returns 0 or a negative errno value. */
int scan_output_new(struct scan_output **out, FILE *to, size_t file_count);
void scan_output_free(struct scan_output *output);

/*
 * One line of file number file, without its newline. Any thread, one per file. Who waits here waits for the first file,
 * so that must be among those that are read (scan_order.h), or scan_output_fail() be called. Returns 0; -ENOMEM; what
 * writing failed with (-EPIPE, -ENOSPC ...), then and ever after.
 */
int scan_output_line(struct scan_output *output, size_t file, const char *line, size_t size);

/* It may be a while until the next line of file: if it is the first, what it has is written. The same thread as its
 * lines. */
void scan_output_flush(struct scan_output *output, size_t file);

/* No more lines of file will come. What is written by this can fail: scan_output_error() says so. */
void scan_output_done(struct scan_output *output, size_t file);

/* The scan ends with error, below 0, for a reason of its own: as if writing had failed so, and who waits goes on. Any
 * thread. */
void scan_output_fail(struct scan_output *output, int error);

/* 0, or what writing failed with. Any thread. */
int scan_output_error(struct scan_output *output);

#endif
