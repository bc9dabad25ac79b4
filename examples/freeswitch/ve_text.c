/* Growing text with a limit; JSON out and in; see ve.h. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ve.h"

#define FIRST_ROOM 256
#define MOST_DEFAULT ((size_t)1 << 20)
#define MOST_NESTING 64

/* -- Out ------------------------------------------------------------------ */

void ve_text_bytes(struct ve_text *text, const char *more, size_t bytes)
{
	size_t most = text->most != 0 ? text->most : MOST_DEFAULT;
	size_t room = text->room != 0 ? text->room : FIRST_ROOM;
	char *data;

	if (text->cut || bytes > most || text->used > most - bytes) {
		text->cut = true;
		return;
	}
	while (room < text->used + bytes + 1)
		room *= 2;
	if (room != text->room) {
		data = realloc(text->data, room);
		if (data == NULL) {
			text->cut = true;
			return;
		}
		text->data = data;
		text->room = room;
	}
	memcpy(text->data + text->used, more, bytes);
	text->used += bytes;
	text->data[text->used] = '\0';
}

void ve_text_add(struct ve_text *text, const char *more)
{
	ve_text_bytes(text, more, strlen(more));
}

void ve_text_format(struct ve_text *text, const char *format, ...)
{
	char line[1024];
	va_list list;

	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	ve_text_add(text, line);
}

/* Length of the UTF-8 sequence at `at`, 0 when it is none. */
static size_t sequence(const unsigned char *at)
{
	size_t length = at[0] < 0x80   ? 1
	                : at[0] < 0xC2 ? 0
	                : at[0] < 0xE0 ? 2
	                : at[0] < 0xF0 ? 3
	                : at[0] < 0xF5 ? 4
	                               : 0;

	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xC0) != 0x80)
			return 0;
	}
	if ((at[0] == 0xE0 && at[1] < 0xA0) ||
	    (at[0] == 0xED && at[1] > 0x9F) ||
	    (at[0] == 0xF0 && at[1] < 0x90) || (at[0] == 0xF4 && at[1] > 0x8F))
		return 0;
	return length;
}

void ve_text_quote(struct ve_text *text, const char *value)
{
	const unsigned char *at = (const unsigned char *)value;

	ve_text_add(text, "\"");
	while (*at != '\0') {
		size_t length = sequence(at);

		if (length == 0)
			ve_text_add(text, "\\ufffd");
		else if (*at == '"' || *at == '\\')
			ve_text_format(text, "\\%c", *at);
		else if (*at < 0x20)
			ve_text_format(text, "\\u%04x", *at);
		else
			ve_text_bytes(text, (const char *)at, length);
		at += length == 0 ? 1 : length;
	}
	ve_text_add(text, "\"");
}

void ve_text_percent(struct ve_text *text, const char *value)
{
	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;

		if (isalnum(c) || strchr("._+@-", c) != NULL)
			ve_text_bytes(text, value, 1);
		else
			ve_text_format(text, "%%%02X", c);
	}
}

const char *ve_text_get(const struct ve_text *text)
{
	return text->data != NULL ? text->data : "";
}

void ve_text_free(struct ve_text *text)
{
	size_t most = text->most;

	free(text->data);
	memset(text, 0, sizeof(*text));
	text->most = most;
}

/* -- In ------------------------------------------------------------------- */

static const char *skip_space(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

/* After the closing quote of the string that begins at `at`; NULL: none. */
static const char *skip_string(const char *at)
{
	if (*at != '"')
		return NULL;
	for (at++; *at != '\0' && *at != '"'; at++) {
		if (*at == '\\' && *++at == '\0')
			return NULL;
	}
	return *at == '"' ? at + 1 : NULL;
}

/* After the value that begins at `at`; NULL: none. */
static const char *skip_value(const char *at)
{
	unsigned depth = 0;

	do {
		at = skip_space(at);
		if (*at == '"') {
			at = skip_string(at);
			if (at == NULL)
				return NULL;
		} else if (*at == '{' || *at == '[') {
			if (++depth > MOST_NESTING)
				return NULL;
			at++;
		} else if (*at == '}' || *at == ']') {
			if (depth == 0)
				return NULL;
			depth--;
			at++;
		} else if (depth > 0 && (*at == ',' || *at == ':')) {
			at++;
		} else {
			size_t length = strcspn(at, " \t\r\n,:]}\"[{");

			if (length == 0)
				return NULL;
			at += length;
		}
	} while (depth > 0);
	return at;
}

static void add_code_point(struct ve_text *out, unsigned long code)
{
	char bytes[4];
	size_t length = 0;

	if (code < 0x80) {
		bytes[length++] = (char)code;
	} else if (code < 0x800) {
		bytes[length++] = (char)(0xC0 | code >> 6);
		bytes[length++] = (char)(0x80 | (code & 0x3F));
	} else if (code < 0x10000) {
		bytes[length++] = (char)(0xE0 | code >> 12);
		bytes[length++] = (char)(0x80 | (code >> 6 & 0x3F));
		bytes[length++] = (char)(0x80 | (code & 0x3F));
	} else {
		bytes[length++] = (char)(0xF0 | code >> 18);
		bytes[length++] = (char)(0x80 | (code >> 12 & 0x3F));
		bytes[length++] = (char)(0x80 | (code >> 6 & 0x3F));
		bytes[length++] = (char)(0x80 | (code & 0x3F));
	}
	ve_text_bytes(out, bytes, length);
}

static bool four_hex(const char *at, unsigned long *code)
{
	char digits[5] = "";

	for (int i = 0; i < 4; i++) {
		if (!isxdigit((unsigned char)at[i]))
			return false;
		digits[i] = at[i];
	}
	*code = strtoul(digits, NULL, 16);
	return true;
}

/* One escape; `at` stands behind the backslash. Returns what follows it. */
static const char *unescape(const char *at, struct ve_text *out)
{
	static const char from[] = "bfnrt";
	static const char to[] = "\b\f\n\r\t";
	const char *plain = strchr(from, *at);
	unsigned long code;
	unsigned long low;

	if (*at != 'u') {
		ve_text_bytes(out, plain != NULL ? &to[plain - from] : at, 1);
		return at + 1;
	}
	if (!four_hex(at + 1, &code))
		return at + 1;
	at += 5;
	if (code >= 0xD800 && code < 0xDC00 && at[0] == '\\' && at[1] == 'u' &&
	    four_hex(at + 2, &low) && low >= 0xDC00 && low < 0xE000) {
		code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
		at += 6;
	}
	/* A lone surrogate is no character; NUL would end the text. */
	if ((code >= 0xD800 && code < 0xE000) || code == 0)
		code = 0xFFFD;
	add_code_point(out, code);
	return at;
}

static void add_value(const char *at, const char *end, struct ve_text *out)
{
	if (*at != '"') {
		ve_text_bytes(out, at, (size_t)(end - at));
		return;
	}
	for (at++; at < end - 1;) {
		if (*at == '\\') {
			at = unescape(at + 1, out);
		} else {
			ve_text_bytes(out, at, 1);
			at++;
		}
	}
}

void ve_json_members(const char *object,
                     void (*each)(void *context, const char *name,
                                  const char *value),
                     void *context)
{
	const char *at = skip_space(object);

	if (*at != '{')
		return;
	at = skip_space(at + 1);
	while (*at == '"') {
		struct ve_text name = {0};
		struct ve_text value = {0};
		const char *end = skip_string(at);

		if (end == NULL)
			return;
		add_value(at, end, &name);
		at = skip_space(end);
		if (*at == ':') {
			at = skip_space(at + 1);
			end = skip_value(at);
			if (end != NULL) {
				add_value(at, end, &value);
				each(context, ve_text_get(&name),
				     ve_text_get(&value));
			}
		} else {
			end = NULL;
		}
		ve_text_free(&name);
		ve_text_free(&value);
		if (end == NULL)
			return;
		at = skip_space(end);
		if (*at != ',')
			return;
		at = skip_space(at + 1);
	}
}

struct wanted {
	const char *name;
	struct ve_text *out;
	bool found;
};

static void take_member(void *context, const char *name, const char *value)
{
	struct wanted *wanted = context;

	if (wanted->found || strcmp(name, wanted->name) != 0)
		return;
	wanted->found = true;
	ve_text_add(wanted->out, value);
}

bool ve_json_member(const char *object, const char *name, struct ve_text *out)
{
	struct wanted wanted = {.name = name, .out = out};

	ve_json_members(object, take_member, &wanted);
	return wanted.found;
}
