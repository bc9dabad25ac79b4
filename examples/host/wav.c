/*
 * WAV files: RIFF chunks, PCM16, mu-law and A-law in, PCM16 out.
 *
 * Nothing in the file is believed: every length is held against the bytes that
 * are there. A data chunk that claims more than the file has (a recorder that
 * was killed, a stream with size 0 or 0xFFFFFFFF) ends with the file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

#define MAX_WAV_BYTES ((size_t)512 << 20)
#define FORMAT_PCM 0x0001u
#define FORMAT_ALAW 0x0006u
#define FORMAT_MULAW 0x0007u
#define FORMAT_EXTENSIBLE 0xFFFEu
#define HEADER_BYTES 44u

struct format {
	uint32_t tag;
	uint32_t channels;
	uint32_t rate;
	uint32_t bits;
};

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint32_t get32(const uint8_t *at)
{
	return get16(at) | get16(at + 2) << 16;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value);
	put16(at + 2, value >> 16);
}

/* ITU-T G.711, mu-law: inverted bits, 3 bits of exponent, bias 33 << 2. */
static int16_t from_mulaw(uint8_t code)
{
	int32_t bits = ~code & 0xFF;
	int32_t size = (((bits & 0x0F) << 3) + 132) << ((bits >> 4) & 7);

	return (int16_t)((bits & 0x80) != 0 ? 132 - size : size - 132);
}

/* ITU-T G.711, A-law: even bits inverted, positive when bit 7 is set. */
static int16_t from_alaw(uint8_t code)
{
	int32_t bits = code ^ 0x55;
	int32_t exponent = (bits >> 4) & 7;
	int32_t size = ((bits & 0x0F) << 4) + 8;

	if (exponent > 0)
		size = (size + 256) << (exponent - 1);
	return (int16_t)((bits & 0x80) != 0 ? size : -size);
}

size_t sample_bytes(const struct recording *recording)
{
	return recording->encoding == VOICE_ENCODING_PCM16 ? 2 : 1;
}

int16_t sample_at(const struct recording *recording, size_t index)
{
	if (index >= recording->samples)
		return 0;
	if (recording->encoding == VOICE_ENCODING_MULAW)
		return from_mulaw(recording->audio[index]);
	if (recording->encoding == VOICE_ENCODING_ALAW)
		return from_alaw(recording->audio[index]);
	return (int16_t)get16(recording->audio + 2 * index);
}

static bool parse_format(const uint8_t *chunk, size_t bytes, struct format *out)
{
	if (bytes < 16)
		return false;
	out->tag = get16(chunk);
	out->channels = get16(chunk + 2);
	out->rate = get32(chunk + 4);
	out->bits = get16(chunk + 14);
	/* The real tag is the first two bytes of the sub-format's GUID. */
	if (out->tag == FORMAT_EXTENSIBLE && bytes >= 26)
		out->tag = get16(chunk + 24);
	return true;
}

/* Fills *out from a format that can be used; else says what is wrong. */
static bool check_format(const char *path, const struct format *format,
                         struct recording *out)
{
	if (format->tag == FORMAT_PCM && format->bits == 16) {
		out->encoding = VOICE_ENCODING_PCM16;
	} else if (format->tag == FORMAT_MULAW && format->bits == 8) {
		out->encoding = VOICE_ENCODING_MULAW;
	} else if (format->tag == FORMAT_ALAW && format->bits == 8) {
		out->encoding = VOICE_ENCODING_ALAW;
	} else {
		complain("%s: WAV format %u with %u bits; expected 16-bit PCM, "
		         "mu-law or A-law",
		         path, format->tag, format->bits);
		return false;
	}
	if (format->rate < 8000 || format->rate > 48000) {
		complain("%s: %u Hz; expected 8000 to 48000 Hz", path,
		         format->rate);
		return false;
	}
	if (format->channels < 1 || format->channels > 16) {
		complain("%s: %u channels; expected 1 to 16", path,
		         format->channels);
		return false;
	}
	out->rate = format->rate;
	return true;
}

/* Moves the first channel of the data to the front of the buffer. */
static void keep_first_channel(struct recording *recording, uint32_t channels)
{
	size_t width = sample_bytes(recording);

	if (channels == 1)
		return;
	for (size_t i = 0; i < recording->samples; i++)
		memmove(recording->audio + i * width,
		        recording->audio + i * width * channels, width);
}

bool wav_read(const char *path, struct recording *out)
{
	char *file = NULL;
	size_t bytes = 0;
	size_t at = 12;
	struct format format = {0, 0, 0, 0};
	const uint8_t *data = NULL;
	size_t data_bytes = 0;
	bool formatted = false;

	memset(out, 0, sizeof(*out));
	if (!read_file(path, MAX_WAV_BYTES, &file, &bytes))
		return false;
	if (bytes < 12 || memcmp(file, "RIFF", 4) != 0 ||
	    memcmp(file + 8, "WAVE", 4) != 0) {
		complain("%s: not a WAV file (no RIFF/WAVE at its start)",
		         path);
		goto fail;
	}
	while (data == NULL && bytes - at >= 8) {
		const uint8_t *chunk = (const uint8_t *)file + at;
		size_t size = get32(chunk + 4);
		size_t rest = bytes - at - 8;

		if (memcmp(chunk, "data", 4) == 0) {
			data = chunk + 8;
			data_bytes = size == 0 || size > rest ? rest : size;
		} else if (memcmp(chunk, "fmt ", 4) == 0 && size <= rest) {
			formatted = parse_format(chunk + 8, size, &format);
		}
		/* Chunks are padded to an even length. */
		if (size >= rest)
			break;
		at += 8 + size + (size & 1);
		if (at > bytes)
			break;
	}
	if (!formatted || data == NULL) {
		complain("%s: WAV file without %s", path,
		         formatted ? "audio (data chunk)"
		                   : "a complete fmt chunk before its audio");
		goto fail;
	}
	if (!check_format(path, &format, out))
		goto fail;
	out->samples = data_bytes / (sample_bytes(out) * format.channels);
	if (out->samples == 0) {
		complain("%s: WAV file without a single sample", path);
		goto fail;
	}
	/* The audio moves to the front; the buffer is freed as audio. */
	memmove(file, data, data_bytes);
	out->audio = (uint8_t *)file;
	keep_first_channel(out, format.channels);
	return true;
fail:
	free(file);
	memset(out, 0, sizeof(*out));
	return false;
}

bool wav_start(FILE *file, uint32_t rate, uint32_t channels)
{
	uint8_t header[HEADER_BYTES] = {0};

	memcpy(header, "RIFF", 4);
	memcpy(header + 8, "WAVEfmt ", 8);
	put32(header + 16, 16);
	put16(header + 20, FORMAT_PCM);
	put16(header + 22, channels);
	put32(header + 24, rate);
	put32(header + 28, rate * channels * 2);
	put16(header + 32, channels * 2);
	put16(header + 34, 16);
	memcpy(header + 36, "data", 4);
	return fwrite(header, sizeof(header), 1, file) == 1;
}

bool wav_finish(FILE *file, uint32_t channels, uint64_t frames)
{
	uint64_t bytes = frames * channels * 2;
	uint8_t size[4];

	if (bytes > UINT32_MAX - HEADER_BYTES)
		bytes = UINT32_MAX - HEADER_BYTES;
	put32(size, (uint32_t)bytes + HEADER_BYTES - 8);
	if (fseek(file, 4, SEEK_SET) != 0 ||
	    fwrite(size, sizeof(size), 1, file) != 1)
		return false;
	put32(size, (uint32_t)bytes);
	if (fseek(file, 40, SEEK_SET) != 0 ||
	    fwrite(size, sizeof(size), 1, file) != 1)
		return false;
	return fflush(file) == 0 && ferror(file) == 0;
}
