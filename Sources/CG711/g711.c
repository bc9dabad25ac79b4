#include "g711.h"

/* One kernel, once for each width of vectors. */

#define LOOP(suffix, attribute, name, from_type, to_type, code)                \
	attribute static void name##_##suffix(const from_type *restrict from,  \
	                                      to_type *restrict to,            \
	                                      size_t count)                    \
	{                                                                      \
		for (size_t i = 0; i < count; i++)                             \
			to[i] = code(from[i]);                                 \
	}

#if defined(__x86_64__)

#define KERNEL(name, from_type, to_type, code)                                 \
	LOOP(always, , name, from_type, to_type, code)                         \
	LOOP(avx2, __attribute__((target("avx2"))), name, from_type, to_type,  \
	     code)                                                             \
	LOOP(avx512, __attribute__((target("avx512bw,avx512vbmi"))), name,     \
	     from_type, to_type, code)                                         \
                                                                               \
	void name(const from_type *from, to_type *to, size_t count,            \
	          enum g711_vectors vectors)                                   \
	{                                                                      \
		switch (vectors) {                                             \
		case G711_VECTORS_ALWAYS:                                      \
			name##_always(from, to, count);                        \
			break;                                                 \
		case G711_VECTORS_AVX2:                                        \
			name##_avx2(from, to, count);                          \
			break;                                                 \
		case G711_VECTORS_AVX512:                                      \
			name##_avx512(from, to, count);                        \
			break;                                                 \
		}                                                              \
	}

enum g711_vectors g711_widest_vectors(void)
{
	/* Also asks whether the system keeps such registers. */
	if (__builtin_cpu_supports("avx512vbmi") &&
	    __builtin_cpu_supports("avx512bw"))
		return G711_VECTORS_AVX512;
	if (__builtin_cpu_supports("avx2"))
		return G711_VECTORS_AVX2;
	return G711_VECTORS_ALWAYS;
}

#else

#define KERNEL(name, from_type, to_type, code)                                 \
	LOOP(always, , name, from_type, to_type, code)                         \
                                                                               \
	void name(const from_type *from, to_type *to, size_t count,            \
	          enum g711_vectors vectors)                                   \
	{                                                                      \
		(void)vectors;                                                 \
		name##_always(from, to, count);                                \
	}

enum g711_vectors g711_widest_vectors(void)
{
	return G711_VECTORS_ALWAYS;
}

#endif

KERNEL(g711_encode_mulaw, int16_t, uint8_t, g711_mulaw)
KERNEL(g711_decode_mulaw, uint8_t, int16_t, g711_linear_of_mulaw)
KERNEL(g711_encode_alaw, int16_t, uint8_t, g711_alaw)
KERNEL(g711_decode_alaw, uint8_t, int16_t, g711_linear_of_alaw)
