/*
 * vector: the bytes of one vector register and what the scanners do with them, under the same names for SSE2 and AVX2.
 * For sources that the build compiles for the one or the other (x_sse2.c, x_avx2.c), which name what they make by
 * VECTOR_NAME. In all others it is SSE2, which each x86-64 processor has.
 */
#ifndef DETECT_BASE_VECTOR_H
#define DETECT_BASE_VECTOR_H

#include <immintrin.h>
#include <stdint.h>

#ifdef __AVX2__
#define VECTOR_NAME(name) name##_avx2
#define VECTOR_SIZE 32u
#define VECTOR(operation) _mm256_##operation
#define VECTOR_WHOLE(operation) _mm256_##operation##_si256
typedef __m256i vector;
#else
#define VECTOR_NAME(name) name##_sse2
#define VECTOR_SIZE 16u
#define VECTOR(operation) _mm_##operation
#define VECTOR_WHOLE(operation) _mm_##operation##_si128
typedef __m128i vector;
#endif

/* VECTOR_SIZE bytes from at on, which need no alignment. */
static inline vector vector_load(const void *at)
{
    return VECTOR_WHOLE(loadu)((const vector *)at);
}

static inline vector vector_of(unsigned char byte)
{
    return VECTOR(set1_epi8)((char)byte);
}

static inline vector vector_of_units(uint16_t unit)
{
    return VECTOR(set1_epi16)((short)unit);
}

static inline vector vector_or(vector a, vector b)
{
    return VECTOR_WHOLE(or)(a, b);
}

static inline vector vector_and(vector a, vector b)
{
    return VECTOR_WHOLE(and)(a, b);
}

/* All bits of a byte are set where a and b are equal in it. */
static inline vector vector_equal(vector a, vector b)
{
    return VECTOR(cmpeq_epi8)(a, b);
}

/* The same for units of 16 bits. */
static inline vector vector_equal_units(vector a, vector b)
{
    return VECTOR(cmpeq_epi16)(a, b);
}

/* All bits of a byte are set where a is above b; 0x80 and more count as negative. */
static inline vector vector_above(vector a, vector b)
{
    return VECTOR(cmpgt_epi8)(a, b);
}

/* a where b has no bit. */
static inline vector vector_and_not(vector a, vector b)
{
    return VECTOR_WHOLE(andnot)(b, a);
}

/*
 * A set of up to four bytes from 0x01 to 0x7F, no two of them with the same lower half, written down twice: as a list
 * (a member may stand there again), and as a table by which AVX2 tells in one step whether a byte is among them:
 * table[c & 15] is c for each member, table[0] is not 0.
 */
struct vector_set {
    unsigned char member[4];
    unsigned char table[16];
};

/* All bits of a byte are set where it is among the set's. */
static inline vector vector_among(vector a, const struct vector_set *set)
{
#ifdef __AVX2__
    vector table = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)set->table));
    return vector_equal(_mm256_shuffle_epi8(table, a), a);
#else
    return vector_or(vector_or(vector_equal(a, vector_of(set->member[0])), vector_equal(a, vector_of(set->member[1]))),
                     vector_or(vector_equal(a, vector_of(set->member[2])), vector_equal(a, vector_of(set->member[3]))));
#endif
}

/* Byte by byte, modulo 256. */
static inline vector vector_sum(vector a, vector b)
{
    return VECTOR(add_epi8)(a, b);
}

/* Bit i: the highest bit of byte i. */
static inline uint32_t vector_mask(vector a)
{
    return (uint32_t)VECTOR(movemask_epi8)(a);
}

#endif
