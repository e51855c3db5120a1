/* growths: realloc() that fails when a test wants it to. For programs that the linker gives --wrap=realloc. */
#ifndef TESTS_TRANSPORT_GROWTHS_H
#define TESTS_TRANSPORT_GROWTHS_H

/* How many more times memory may be made larger; below 0, as at the start: always. */
extern long growths_left;

#endif
