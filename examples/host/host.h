/* What the parts of voice-host share. */
#ifndef VOICE_HOST_H
#define VOICE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "voice_engine.h"

/* Exit codes of every command. */
#define EXIT_DONE 0   /* did what was asked */
#define EXIT_FAILED 1 /* the document is wrong, or the call failed */
#define EXIT_USAGE 2  /* the command line is wrong */
#define EXIT_START 3  /* could not start: agents, models, address, files */
#define EXIT_CUT 4    /* stopped with calls still live */

/** Options of all commands. */
struct options {
	voice_engine_config engine;
	voice_server_config server;
	const char *agents;     /* serve: folder of agent documents */
	const char *settings;   /* serve: file with the server document */
	const char *events;     /* file for event lines; "-" = stdout */
	const char *call_id;    /* talk */
	uint32_t drain_s;       /* [s] serve: how long live calls may last */
	uint32_t tail_s;        /* [s] talk: silence that ends the call */
	bool offline;           /* check: the document alone */
	uint32_t timeout_ms;    /* check: for each provider; 0 = default */
	bool mono;              /* talk: write the agent alone */
	const char *names[16];  /* talk: --var NAME=VALUE */
	const char *values[16]; /* talk: the values of names */
	size_t variables;       /* talk: how many */
};

/* -- voice_host.c */

/** Prints "voice-host: " and the message to stderr. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Says what failed, with the library's detail. Call it first thing. */
void complain_status(const char *what, voice_status status);

/**
 * Reads a file of up to limit bytes. *out is NUL-terminated and freed by the
 * caller; on failure the reason has been printed.
 */
bool read_file(const char *path, size_t limit, char **out, size_t *bytes);

/** Largest agent document: what voice_agent_check takes. */
#define MAX_DOCUMENT_BYTES ((size_t)1 << 20)

/* -- serve.c, talk.c, check.c: the commands; they return an exit code. */

int serve(const struct options *options);
/** paths ends with NULL. */
int check(const struct options *options, char **paths);
int talk(const struct options *options, const char *agent, const char *input,
         const char *output);

/** call.c: takes its own options; arguments[0] is the command. */
int call(int count, char **arguments);

/* -- event_log.c: events as JSON lines and for people. */

/** Writes one event as one JSON line; safe from several threads at once. */
void event_write_json(FILE *file, const char *call, const voice_event *event);

/** Writes one event as a line for people: seconds since start_ns first. */
void event_write_text(FILE *file, const voice_event *event, int64_t start_ns);

/** Writes text as a JSON string, with the quotes. */
void json_write_string(FILE *file, const char *text);

/** Opens the event log: NULL path gives NULL, "-" stdout. */
bool event_log_open(const char *path, FILE **out);

/* -- wav.c: reading and writing WAV files. */

/** A mono recording as it stands in the file. */
struct recording {
	uint8_t *audio; /* samples in the encoding, little endian */
	size_t samples;
	uint32_t rate;     /* [Hz] 8000..48000 */
	uint32_t encoding; /* VOICE_ENCODING_PCM16, _MULAW or _ALAW */
};

/** Bytes of one sample of the recording. */
size_t sample_bytes(const struct recording *recording);

/** Sample number index as linear PCM; 0 past the end. */
int16_t sample_at(const struct recording *recording, size_t index);

/**
 * Reads a WAV file: PCM16, mu-law or A-law. Of several channels the first is
 * taken. On failure the reason has been printed.
 */
bool wav_read(const char *path, struct recording *out);

/** Starts a PCM16 file; the sizes are written by wav_finish. */
bool wav_start(FILE *file, uint32_t rate, uint32_t channels);

/** Writes the sizes for frames sample frames; false when anything failed. */
bool wav_finish(FILE *file, uint32_t channels, uint64_t frames);

#endif
