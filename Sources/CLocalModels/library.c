#include "library.h"

#include <dlfcn.h>
#include <stdio.h>

void library_error(char *error, size_t error_bytes, const char *what,
                   const char *detail)
{
	if (error && error_bytes)
		snprintf(error, error_bytes, "%s: %s", what, detail);
}

void *library_open(const char *path, char *error, size_t error_bytes)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		/* Begins with the path already. */
		const char *reason = dlerror();
		library_error(error, error_bytes, "cannot be loaded",
		              reason ? reason : path);
	}
	return library;
}

int library_lookup(void *library, const char *path,
                   const struct library_symbol *symbols, size_t count,
                   char *error, size_t error_bytes)
{
	for (size_t i = 0; i < count; i++) {
		*symbols[i].target = dlsym(library, symbols[i].name);
		if (!*symbols[i].target) {
			char detail[128];
			snprintf(detail, sizeof(detail), "has no function %s",
			         symbols[i].name);
			library_error(error, error_bytes, path, detail);
			return -1;
		}
	}
	return 0;
}
