/* growths: realloc() that fails once, when a test wants it to. For programs that the linker gives --wrap=realloc. */
#ifndef TESTS_TRANSPORT_DOCUMENT_GROWTHS_H
#define TESTS_TRANSPORT_DOCUMENT_GROWTHS_H

/* How many times more memory is made larger before it once is not; below 0, as at the start: always. */
extern long growths_left;

#endif
