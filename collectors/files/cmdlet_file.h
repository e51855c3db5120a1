/*
 * cmdlet_file: events out of a file of Exchange's cmdlet log (cmdlet_log.h): one for each row.
 *
 * An event of EVENT_OTHER: provider and channel CMDLET_FILE_CHANNEL, the row's columns as its data, by the names that
 * the file gives them; its time is the column DateTime, its host ServerHostName. Rows have no record id.
 */
#ifndef COLLECTORS_FILES_CMDLET_FILE_H
#define COLLECTORS_FILES_CMDLET_FILE_H

#include "collectors/collector.h"

/* What rules ask for; no log of Windows has this name. */
#define CMDLET_FILE_CHANNEL "MSExchange CmdletInfra"

struct cmdlet_file;

struct cmdlet_file_counts {
    uint64_t rows;  /* read, those that are bad among them */
    uint64_t taken; /* handed to the sink */
    uint64_t bad;   /* told to the sink and left out */
};

/* path: the file's name, for reports. sink and path must outlive it. Returns 0 or -ENOMEM. */
int cmdlet_file_new(struct cmdlet_file **out, const struct collector_sink *sink, struct text path);

/* Frees f; NULL is allowed. */
void cmdlet_file_free(struct cmdlet_file *f);

/* The next bytes of the file. Returns 0, -ENOMEM, or what the sink's event or alive returned. */
int cmdlet_file_feed(struct cmdlet_file *f, const char *bytes, size_t size);

/* The file ends here. Returns as cmdlet_file_feed. */
int cmdlet_file_end(struct cmdlet_file *f);

/* Where in the file the first byte stands that was not read yet: a row that is not whole, or that the sink did not
 * take; and says that the next bytes stand at offset, when all that was fed has been read. */
uint64_t cmdlet_file_offset(const struct cmdlet_file *f);
void cmdlet_file_place(struct cmdlet_file *f, uint64_t offset);

struct cmdlet_file_counts cmdlet_file_counts(const struct cmdlet_file *f);

#endif
