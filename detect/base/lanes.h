/*
 * lanes: which vector instructions the processor at hand has. The same work is done by one of three versions, which
 * the tests hold equal: plain C, 16 bytes at a time (SSE2, in every x86-64 processor), 32 bytes (AVX2, since 2013).
 */
#ifndef DETECT_BASE_LANES_H
#define DETECT_BASE_LANES_H

enum lanes { LANES_PLAIN, LANES_SSE2, LANES_AVX2, LANES_COUNT };

/* The widest that this processor and this system have. */
enum lanes lanes_here(void);

#endif
