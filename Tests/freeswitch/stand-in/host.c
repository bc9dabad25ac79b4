/* The core of the stand-in: modules, commands, configuration, events, log. */
#include <dlfcn.h>
#include <unistd.h>

#include "host.h"

struct switch_thread_rwlock {
	pthread_rwlock_t lock;
};

struct event_record {
	switch_event_t *event;
	struct event_record *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *log_file;
static struct event_record *events;
static struct event_record **last_event = &events;
static struct {
	char name[64];
	const char *owner;
} subclasses[8];
static char *logged[4096];
static switch_log_level_t levels[4096];
static unsigned log_count;

static void *library;
static switch_loadable_module_function_table_t *table;
static switch_loadable_module_interface_t *module;
static switch_memory_pool_t *module_pool;

void nap(double s)
{
	struct timespec time = {(time_t)s, (long)((s - (time_t)s) * 1e9)};

	nanosleep(&time, NULL);
}

/* -- Pools ---------------------------------------------------------------- */

void *pool_alloc(switch_memory_pool_t *pool, size_t bytes)
{
	void *block = calloc(1, bytes);

	pthread_mutex_lock(&lock);
	pool->blocks =
		realloc(pool->blocks, (pool->count + 1) * sizeof(void *));
	pool->blocks[pool->count++] = block;
	pthread_mutex_unlock(&lock);
	return block;
}

static void pool_free(switch_memory_pool_t *pool)
{
	if (pool == NULL)
		return;
	while (pool->count > 0)
		free(pool->blocks[--pool->count]);
	free(pool->blocks);
	free(pool);
}

/* -- Log ------------------------------------------------------------------ */

void switch_log_printf(switch_text_channel_t channel, const char *file,
                       const char *func, int line, const char *userdata,
                       switch_log_level_t level, const char *fmt, ...)
{
	char text[2048];
	va_list list;

	(void)channel;
	(void)file;
	(void)func;
	(void)line;
	(void)userdata;
	va_start(list, fmt);
	vsnprintf(text, sizeof(text), fmt, list);
	va_end(list);
	pthread_mutex_lock(&lock);
	fprintf(log_file, "%d %s", level, text);
	fflush(log_file);
	if (level <= SWITCH_LOG_WARNING && log_count < 4096) {
		levels[log_count] = level;
		logged[log_count++] = strdup(text);
	}
	pthread_mutex_unlock(&lock);
}

unsigned host_logged(switch_log_level_t level, const char *part)
{
	unsigned count = 0;

	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < log_count; i++) {
		if (levels[i] == level && strstr(logged[i], part) != NULL)
			count++;
	}
	pthread_mutex_unlock(&lock);
	return count;
}

switch_status_t switch_console_set_complete(const char *string)
{
	(void)string;
	return SWITCH_STATUS_SUCCESS;
}

switch_status_t switch_console_stream_raw_write(switch_stream_handle_t *handle,
                                                uint8_t *data,
                                                switch_size_t datalen)
{
	char *grown = realloc(handle->data, handle->data_len + datalen + 1);

	if (grown == NULL)
		return SWITCH_STATUS_FALSE;
	memcpy(grown + handle->data_len, data, datalen);
	handle->data = grown;
	handle->data_len += datalen;
	grown[handle->data_len] = '\0';
	return SWITCH_STATUS_SUCCESS;
}

switch_status_t switch_console_stream_write(switch_stream_handle_t *handle,
                                            const char *fmt, ...)
{
	char *text = NULL;
	va_list list;
	int length;

	va_start(list, fmt);
	length = vasprintf(&text, fmt, list);
	va_end(list);
	if (length >= 0)
		switch_console_stream_raw_write(handle, (uint8_t *)text,
		                                (size_t)length);
	free(text);
	return SWITCH_STATUS_SUCCESS;
}

/* -- Events --------------------------------------------------------------- */

switch_status_t switch_event_reserve_subclass_detailed(const char *owner,
                                                       const char *name)
{
	for (unsigned i = 0; i < 8; i++) {
		if (subclasses[i].owner == NULL) {
			subclasses[i].owner = owner;
			snprintf(subclasses[i].name, sizeof(subclasses[i].name),
			         "%s", name);
			return SWITCH_STATUS_SUCCESS;
		}
		if (strcmp(subclasses[i].name, name) == 0)
			return SWITCH_STATUS_INUSE;
	}
	return SWITCH_STATUS_FALSE;
}

/* As FreeSWITCH: only who has reserved it may free it. */
switch_status_t switch_event_free_subclass_detailed(const char *owner,
                                                    const char *name)
{
	for (unsigned i = 0; i < 8; i++) {
		if (subclasses[i].owner != NULL &&
		    strcmp(subclasses[i].name, name) == 0 &&
		    strcmp(subclasses[i].owner, owner) == 0) {
			memset(&subclasses[i], 0, sizeof(subclasses[i]));
			return SWITCH_STATUS_SUCCESS;
		}
	}
	return SWITCH_STATUS_FALSE;
}

switch_status_t switch_event_create_subclass_detailed(
	const char *file, const char *func, int line, switch_event_t **event,
	switch_event_types_t event_id, const char *subclass_name)
{
	(void)file;
	(void)func;
	(void)line;
	*event = calloc(1, sizeof(**event));
	(*event)->event_id = event_id;
	if (subclass_name != NULL)
		(*event)->subclass_name = strdup(subclass_name);
	return SWITCH_STATUS_SUCCESS;
}

switch_status_t switch_event_add_header_string(switch_event_t *event,
                                               switch_stack_t stack,
                                               const char *header_name,
                                               const char *data)
{
	switch_event_header_t *header = calloc(1, sizeof(*header));

	(void)stack;
	header->name = strdup(header_name);
	header->value = strdup(data);
	if (event->last_header != NULL)
		event->last_header->next = header;
	else
		event->headers = header;
	event->last_header = header;
	return SWITCH_STATUS_SUCCESS;
}

void switch_event_destroy(switch_event_t **event)
{
	switch_event_header_t *header = (*event)->headers;

	while (header != NULL) {
		switch_event_header_t *next = header->next;

		free(header->name);
		free(header->value);
		free(header);
		header = next;
	}
	free((*event)->subclass_name);
	free(*event);
	*event = NULL;
}

static const char *header_of(const switch_event_t *event, const char *name)
{
	const switch_event_header_t *at = event->headers;

	while (at != NULL && strcasecmp(at->name, name) != 0)
		at = at->next;
	return at != NULL ? at->value : NULL;
}

switch_status_t switch_event_fire_detailed(const char *file, const char *func,
                                           int line, switch_event_t **event,
                                           void *user_data)
{
	struct event_record *record = calloc(1, sizeof(*record));

	(void)file;
	(void)func;
	(void)line;
	(void)user_data;
	record->event = *event;
	*event = NULL;
	pthread_mutex_lock(&lock);
	fprintf(log_file, "event %s", record->event->subclass_name);
	for (switch_event_header_t *at = record->event->headers; at != NULL;
	     at = at->next)
		fprintf(log_file, " %s=%s", at->name, at->value);
	fputc('\n', log_file);
	*last_event = record;
	last_event = &record->next;
	pthread_mutex_unlock(&lock);
	return SWITCH_STATUS_SUCCESS;
}

static bool fits(const switch_event_t *event, const char *subclass,
                 const char *uuid, const char *header, const char *part)
{
	const char *of = header_of(event, "Unique-ID");
	const char *value = header != NULL ? header_of(event, header) : NULL;

	return strcmp(event->subclass_name, subclass) == 0 &&
	       (uuid == NULL || (of != NULL && strcmp(of, uuid) == 0)) &&
	       (header == NULL ||
	        (value != NULL && strstr(value, part) != NULL));
}

unsigned events_of(const char *subclass, const char *uuid, const char *header,
                   const char *part)
{
	unsigned count = 0;

	pthread_mutex_lock(&lock);
	for (struct event_record *at = events; at != NULL; at = at->next)
		count += fits(at->event, subclass, uuid, header, part);
	pthread_mutex_unlock(&lock);
	return count;
}

char *event_header(const char *subclass, const char *uuid, unsigned n,
                   const char *header)
{
	char *copy = NULL;

	pthread_mutex_lock(&lock);
	for (struct event_record *at = events; at != NULL; at = at->next) {
		if (!fits(at->event, subclass, uuid, NULL, NULL) || n-- > 0)
			continue;
		if (header_of(at->event, header) != NULL)
			copy = strdup(header_of(at->event, header));
		break;
	}
	pthread_mutex_unlock(&lock);
	return copy;
}

bool events_wait(const char *subclass, const char *uuid, const char *header,
                 const char *part, double s)
{
	for (; s > 0; s -= 0.02) {
		if (events_of(subclass, uuid, header, part) > 0)
			return true;
		nap(0.02);
	}
	return false;
}

/* -- Commands ------------------------------------------------------------- */

/* Commands for tools: what a script of an operator would be. */
static void end_event(switch_stream_handle_t *stream)
{
	/* FreeSWITCH fires it, and so takes it. */
	if (stream->param_event != NULL)
		switch_event_destroy(&stream->param_event);
}

static void run_booking(const char *arg, switch_stream_handle_t *stream)
{
	const char *day =
		stream->param_event != NULL
			? header_of(stream->param_event, "Voice-Tool-Arg-day")
			: NULL;

	nap(0.4);
	stream->write_function(
		stream, "{\"line\": \"%s\", \"booked\": %s}", arg,
		day != NULL && strchr(day, ';') != NULL ? "true" : "false");
}

switch_status_t switch_api_execute(const char *cmd, const char *arg,
                                   switch_core_session_t *session,
                                   switch_stream_handle_t *stream)
{
	switch_api_interface_t *api =
		module != NULL ? module->api_interface : NULL;

	(void)session;
	if (strcmp(cmd, "test_booking") == 0) {
		run_booking(arg, stream);
		end_event(stream);
		return SWITCH_STATUS_SUCCESS;
	}
	if (strcmp(cmd, "test_slow") == 0) {
		nap(2);
		stream->write_function(stream, "plain words\n");
		end_event(stream);
		return SWITCH_STATUS_SUCCESS;
	}
	while (api != NULL && strcmp(api->interface_name, cmd) != 0)
		api = api->next;
	if (api == NULL) {
		stream->write_function(stream, "INVALID COMMAND!\n");
		return SWITCH_STATUS_FALSE;
	}
	pthread_rwlock_rdlock(&module->rwlock->lock);
	api->function(arg, NULL, stream);
	pthread_rwlock_unlock(&module->rwlock->lock);
	return SWITCH_STATUS_SUCCESS;
}

char *host_api(const char *command, const char *format, ...)
{
	switch_stream_handle_t stream;
	char argument[1024];
	va_list list;

	va_start(list, format);
	vsnprintf(argument, sizeof(argument), format, list);
	va_end(list);
	SWITCH_STANDARD_STREAM(stream);
	switch_api_execute(command, argument, NULL, &stream);
	pthread_mutex_lock(&lock);
	fprintf(log_file, "> %s %s\n%s", command, argument,
	        (char *)stream.data);
	pthread_mutex_unlock(&lock);
	return stream.data;
}

/* -- Modules -------------------------------------------------------------- */

switch_status_t switch_thread_rwlock_tryrdlock(switch_thread_rwlock_t *rwlock)
{
	return pthread_rwlock_tryrdlock(&rwlock->lock) == 0
	               ? SWITCH_STATUS_SUCCESS
	               : SWITCH_STATUS_FALSE;
}

switch_status_t switch_thread_rwlock_unlock(switch_thread_rwlock_t *rwlock)
{
	pthread_rwlock_unlock(&rwlock->lock);
	return SWITCH_STATUS_SUCCESS;
}

switch_loadable_module_interface_t *
switch_loadable_module_create_module_interface(switch_memory_pool_t *pool,
                                               const char *name)
{
	switch_loadable_module_interface_t *made =
		pool_alloc(pool, sizeof(*made));

	made->module_name = name;
	made->pool = pool;
	made->rwlock = pool_alloc(pool, sizeof(*made->rwlock));
	pthread_rwlock_init(&made->rwlock->lock, NULL);
	return made;
}

void *
switch_loadable_module_create_interface(switch_loadable_module_interface_t *mod,
                                        switch_module_interface_name_t iname)
{
	if (iname == SWITCH_APPLICATION_INTERFACE) {
		switch_application_interface_t *app =
			pool_alloc(mod->pool, sizeof(*app));

		app->next = mod->application_interface;
		mod->application_interface = app;
		return app;
	}
	switch_api_interface_t *api = pool_alloc(mod->pool, sizeof(*api));

	api->next = mod->api_interface;
	mod->api_interface = api;
	return api;
}

bool host_load(const char *path, char *problem, size_t room)
{
	switch_loadable_module_interface_t *made = NULL;
	switch_status_t status;

	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL) {
		snprintf(problem, room, "%s", dlerror());
		return false;
	}
	table = dlsym(library, "mod_voice_engine_module_interface");
	if (table == NULL || table->switch_api_version != SWITCH_API_VERSION) {
		snprintf(problem, room, "no module interface of version 5");
		dlclose(library);
		return false;
	}
	module_pool = calloc(1, sizeof(*module_pool));
	status = table->load(&made, module_pool);
	if (status != SWITCH_STATUS_SUCCESS) {
		snprintf(problem, room, "load returned %d", status);
		pool_free(module_pool);
		dlclose(library);
		return false;
	}
	module = made;
	return true;
}

/* As FreeSWITCH's do_shutdown. */
bool host_unload(const char **problem)
{
	switch_status_t status;

	if (pthread_rwlock_trywrlock(&module->rwlock->lock) != 0) {
		*problem = "Module in use.";
		return false;
	}
	status = table->shutdown();
	pthread_rwlock_unlock(&module->rwlock->lock);
	if (status == SWITCH_STATUS_NOUNLOAD) {
		*problem = "shutdown returned NOUNLOAD";
		return false;
	}
	pthread_rwlock_destroy(&module->rwlock->lock);
	module = NULL;
	dlclose(library);
	pool_free(module_pool);
	return true;
}

void host_begin(const char *conf, const char *log_path)
{
	host_conf(conf);
	log_file = fopen(log_path, "w");
	if (log_file == NULL) {
		perror(log_path);
		exit(2);
	}
}

void host_end(void)
{
	while (events != NULL) {
		struct event_record *next = events->next;

		switch_event_destroy(&events->event);
		free(events);
		events = next;
	}
	while (log_count > 0)
		free(logged[--log_count]);
	fclose(log_file);
}

/* -- Applications --------------------------------------------------------- */

static void run_app(switch_core_session_t *call)
{
	switch_application_interface_t *app = module->application_interface;

	while (app != NULL && strcmp(app->interface_name, call->app) != 0)
		app = app->next;
	if (app == NULL)
		return;
	pthread_rwlock_rdlock(&module->rwlock->lock);
	app->application_function(call, call->data);
	pthread_rwlock_unlock(&module->rwlock->lock);
}

void *session_thread(void *context);

void *session_thread(void *context)
{
	switch_core_session_t *call = context;
	struct timespec now;

	run_app(call);
	clock_gettime(CLOCK_MONOTONIC, &now);
	call->returned_ms =
		(unsigned)((now.tv_sec - call->hung_up.tv_sec) * 1000 +
	                   (now.tv_nsec - call->hung_up.tv_nsec) / 1000000);
	call->returned = atomic_load(&call->channel.state) < CS_HANGUP;
	telephone_hang_up(call, SWITCH_CAUSE_NORMAL_CLEARING);
	media_end(call);
	return NULL;
}

/* Another module's applications. */
switch_status_t switch_core_session_execute_application_get_flags(
	switch_core_session_t *session, const char *app, const char *arg,
	int32_t *flags)
{
	(void)flags;
	snprintf(session->application, sizeof(session->application), "%s", app);
	snprintf(session->argument, sizeof(session->argument), "%s", arg);
	return SWITCH_STATUS_SUCCESS;
}
