/* Loading a shared library and its functions, for the files of this folder. */
#ifndef LOCAL_LIBRARY_H
#define LOCAL_LIBRARY_H

#include <stddef.h>

struct library_symbol {
	const char *name;
	void **target;
};

/* Writes "what: detail" (cut if it is too long). */
void library_error(char *error, size_t error_bytes, const char *what,
                   const char *detail);

/* NULL with `error` filled in if the library cannot be loaded. */
void *library_open(const char *path, char *error, size_t error_bytes);

/* Fills all targets; -1 with `error` filled in if a function is missing. */
int library_lookup(void *library, const char *path,
                   const struct library_symbol *symbols, size_t count,
                   char *error, size_t error_bytes);

#endif
