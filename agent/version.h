/* version: what this build is. Filled in by CMake. */
#ifndef AGENT_VERSION_H
#define AGENT_VERSION_H

/* "0.1.0" */
extern const char version_number[];

/* The commit it was built from, or "unknown". */
extern const char version_commit[];

#endif
