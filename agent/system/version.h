/* version: what this build is, and of what libraries. */
#ifndef AGENT_SYSTEM_VERSION_H
#define AGENT_SYSTEM_VERSION_H

/* "0.1.0"; filled in by CMake, as the next. */
extern const char version_number[];

/* The commit it was built from, with "-dirty" after it when files were changed; or "unknown". */
extern const char version_commit[];

#endif
