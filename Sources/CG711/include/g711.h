/* ITU-T G.711: 8 bits per sample, logarithmic, as every telephone network
 * speaks it.
 *
 * In C, because Swift cannot compile one function for several processors: the
 * library is built for any x86-64 and takes the widest vectors that it finds.
 *
 * The kernels are arithmetic without tables or branches, so that the compiler
 * vectorises them. The trick of encoding: the exponent and the four upper bits
 * of the fraction of an IEEE float *are* G.711's segment and step. Every number
 * stays below 2^24, where floats are exact. Bit for bit equal to Sun's g711.c
 * (Python's audioop) over all inputs: Tests/GoldenAudio/make_g711.py. */
#ifndef G711_H
#define G711_H

#include <stddef.h>
#include <stdint.h>

/** The vectors that a kernel is compiled for, narrow ones first. A processor
 * runs what it has and all before it. */
enum g711_vectors {
	/** 16 bytes: SSE2, which every x86-64 has, or what another kind of
	 * processor always has (NEON). */
	G711_VECTORS_ALWAYS = 0,
	/** 32 bytes: AVX2. */
	G711_VECTORS_AVX2 = 1,
	/** 64 bytes: AVX-512 with VBMI, which came with Ice Lake and Zen 4. The
	 * processors with AVX-512 before them run slower for a while after wide
	 * vectors, all that the host does included: they get AVX2. */
	G711_VECTORS_AVX512 = 2,
};

/** The widest that the processor at hand can run. */
enum g711_vectors g711_widest_vectors(void);

/* Each converts count samples. The vectors must be ones that the processor has;
 * neither side may overlap the other. */

void g711_encode_mulaw(const int16_t *samples, uint8_t *bytes, size_t count,
                       enum g711_vectors vectors);
void g711_decode_mulaw(const uint8_t *bytes, int16_t *samples, size_t count,
                       enum g711_vectors vectors);
void g711_encode_alaw(const int16_t *samples, uint8_t *bytes, size_t count,
                      enum g711_vectors vectors);
void g711_decode_alaw(const uint8_t *bytes, int16_t *samples, size_t count,
                      enum g711_vectors vectors);

/** Segment and step of a magnitude of at most 13 bits, whose segment 0 is that
 * of the given exponent: exponent and upper fraction of the float. */
static inline int16_t g711_segment_and_step(int16_t magnitude, int exponent)
{
	const union {
		float value;
		uint32_t bits;
	} number = {.value = (float)magnitude};

	return (int16_t)((number.bits >> 19) - ((127u + exponent) << 4));
}

/** One sample to μ-law. The lower two of its 16 bits are dropped, as G.711
 * codes 14. */
static inline uint8_t g711_mulaw(int16_t sample)
{
	const int16_t value = sample >> 2;
	const int16_t sign = value >> 15; /* 0, or all ones */
	const int16_t absolute = (value ^ sign) - sign;
	/* 8158 + bias 33 = 8191: the largest magnitude of the top segment. The
	 * bias makes the smallest one 2^5 + 1, so that exponent 5 is segment
	 * 0. */
	const int16_t magnitude = (absolute < 8158 ? absolute : 8158) + 33;

	return (uint8_t) ~(g711_segment_and_step(magnitude, 5) | (sign & 0x80));
}

/** One μ-law byte to its sample: -32124 to 32124. */
static inline int16_t g711_linear_of_mulaw(uint8_t byte)
{
	const uint8_t code = (uint8_t)~byte;
	const uint16_t segment = (code >> 4) & 7;
	/* (2 * step + 33) * 2^segment - 33, of 14 bits: four times that. */
	const uint16_t step = ((code & 15) << 3) + 132;
	const uint16_t magnitude = (uint16_t)(step << segment) - 132;
	const uint16_t sign = -(code >> 7);

	return (int16_t)((magnitude ^ sign) - sign);
}

/** One sample to A-law. The lower three of its 16 bits are dropped, as G.711
 * codes 13. */
static inline uint8_t g711_alaw(int16_t sample)
{
	const int16_t value = sample >> 3;
	const int16_t sign = value >> 15;
	const int16_t magnitude =
		value ^ sign; /* one's complement: 0 to 4095 */
	/* Below 32 the law is linear, and above it grows slower than that. */
	const int16_t linear = magnitude >> 1;
	const int16_t logarithmic =
		g711_segment_and_step(magnitude > 32 ? magnitude : 32, 4);
	const int16_t code = linear < logarithmic ? linear : logarithmic;

	return (uint8_t)(code ^ 0xD5 ^ (sign & 0x80));
}

/** One A-law byte to its sample: -32256 to 32256. */
static inline int16_t g711_linear_of_alaw(uint8_t byte)
{
	const uint8_t code = byte ^ 0x55;
	const uint16_t segment = (code >> 4) & 7;
	/* The middle of the interval. Segment 0 is as fine as segment 1, but
	 * without its leading one. */
	const uint16_t step = ((code & 15) << 4) + 8;
	const uint16_t twice = (uint16_t)((step + 0x100) << segment);
	const uint16_t magnitude = segment == 0 ? step : twice >> 1;
	const uint16_t sign = (code >> 7) - 1; /* the bit is set: positive */

	return (int16_t)((magnitude ^ sign) - sign);
}

#endif
