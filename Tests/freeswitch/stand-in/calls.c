/* Sessions and channels of the stand-in. */
#include <sys/mman.h>

#include "host.h"

#define PAINT 0xA5

void *session_thread(void *context);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static switch_core_session_t *calls;

/* -- A call --------------------------------------------------------------- */

switch_core_session_t *call_new(const char *uuid, unsigned rate,
                                const struct step *steps)
{
	switch_core_session_t *call = calloc(1, sizeof(*call));
	double seconds = 25;

	snprintf(call->uuid, sizeof(call->uuid), "%s", uuid);
	snprintf(call->channel.name, sizeof(call->channel.name), "stand-in/%s",
	         uuid);
	call->channel.session = call;
	atomic_store(&call->channel.state, CS_EXECUTE);
	pthread_mutex_init(&call->channel.lock, NULL);
	pthread_mutex_init(&call->bug_lock, NULL);
	pthread_rwlock_init(&call->lock, NULL);
	call->pool = calloc(1, sizeof(*call->pool));
	call->channel.profile.caller_id_number = "15550123";
	call->channel.profile.caller_id_name = "Ada \"L\" Lovelace";
	call->channel.profile.destination_number = "1000";
	call->rate = rate;
	for (unsigned i = 0; i < MOST_STEPS; i++) {
		call->steps[i] = steps[i];
		if (steps[i].act == HANG_UP || steps[i].act == STAY)
			break;
	}
	call->most_ticks = (uint64_t)(seconds * 1000 / TICK_MS);
	call->heard_room = (size_t)(seconds * rate) + rate;
	call->heard = calloc(call->heard_room, 2);
	switch_event_create_subclass_detailed(
		"", "", 0, &call->channel.variables, SWITCH_EVENT_CUSTOM, NULL);
	pthread_mutex_lock(&lock);
	call->next = calls;
	calls = call;
	pthread_mutex_unlock(&lock);
	return call;
}

/* A stack of the size of FreeSWITCH's, painted to see how deep it was used. */
struct painted {
	switch_core_session_t *call;
	uint8_t *stack;
};

static void *watch(void *context)
{
	struct painted *painted = context;
	pthread_attr_t attributes;
	pthread_t thread;
	size_t untouched = 0;

	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, painted->stack, STACK_BYTES);
	if (pthread_create(&thread, &attributes, session_thread,
	                   painted->call) != 0)
		abort();
	pthread_attr_destroy(&attributes);
	pthread_join(thread, NULL);
	while (untouched < STACK_BYTES && painted->stack[untouched] == PAINT)
		untouched++;
	painted->call->stack_used = STACK_BYTES - untouched;
	munmap(painted->stack, STACK_BYTES);
	free(painted);
	return NULL;
}

void call_start(switch_core_session_t *call, const char *app, const char *data)
{
	struct painted *painted = calloc(1, sizeof(*painted));

	snprintf(call->app, sizeof(call->app), "%s", app);
	snprintf(call->data, sizeof(call->data), "%s", data);
	painted->call = call;
	painted->stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
	                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (painted->stack == MAP_FAILED)
		abort();
	memset(painted->stack, PAINT, STACK_BYTES);
	media_init(call);
	if (pthread_create(&call->thread, NULL, watch, painted) != 0)
		abort();
}

void call_wait(switch_core_session_t *call)
{
	pthread_join(call->thread, NULL);
}

void call_free(switch_core_session_t *call)
{
	pthread_mutex_lock(&lock);
	for (switch_core_session_t **at = &calls; *at != NULL;
	     at = &(*at)->next) {
		if (*at == call) {
			*at = call->next;
			break;
		}
	}
	pthread_mutex_unlock(&lock);
	/* FreeSWITCH destroys no session that somebody holds. */
	pthread_rwlock_wrlock(&call->lock);
	pthread_rwlock_unlock(&call->lock);
	pthread_rwlock_destroy(&call->lock);
	switch_event_destroy(&call->channel.variables);
	while (call->pool->count > 0)
		free(call->pool->blocks[--call->pool->count]);
	free(call->pool->blocks);
	free(call->pool);
	free(call->heard);
	pthread_mutex_destroy(&call->bug_lock);
	pthread_mutex_destroy(&call->channel.lock);
	free(call);
}

struct half {
	switch_core_session_t *from;
	switch_core_session_t *to;
};

static void *carry(void *context)
{
	struct half *half = context;
	switch_frame_t *frame;

	while (switch_core_session_read_frame(half->from, &frame, 0, 0) ==
	       SWITCH_STATUS_SUCCESS) {
		if ((frame->flags & SFF_CNG) == 0)
			switch_core_session_write_frame(half->to, frame, 0, 0);
	}
	telephone_hang_up(half->to, SWITCH_CAUSE_NORMAL_CLEARING);
	return NULL;
}

void call_bridge(switch_core_session_t *a, switch_core_session_t *b)
{
	struct half there = {a, b};
	struct half back = {b, a};
	pthread_t thread;

	media_init(a);
	media_init(b);
	if (pthread_create(&thread, NULL, carry, &back) != 0)
		abort();
	carry(&there);
	pthread_join(thread, NULL);
	media_end(a);
	media_end(b);
}

/* -- Sessions ------------------------------------------------------------- */

switch_channel_t *
switch_core_session_get_channel(switch_core_session_t *session)
{
	return &session->channel;
}

switch_memory_pool_t *
switch_core_session_get_pool(switch_core_session_t *session)
{
	return session->pool;
}

char *switch_core_session_get_uuid(switch_core_session_t *session)
{
	return session->uuid;
}

void *switch_core_perform_session_alloc(switch_core_session_t *session,
                                        switch_size_t memory, const char *file,
                                        const char *func, int line)
{
	(void)file;
	(void)func;
	(void)line;
	return pool_alloc(session->pool, memory);
}

switch_core_session_t *switch_core_session_perform_locate(const char *uuid_str,
                                                          const char *file,
                                                          const char *func,
                                                          int line)
{
	switch_core_session_t *at;

	(void)file;
	(void)func;
	(void)line;
	pthread_mutex_lock(&lock);
	at = calls;
	while (at != NULL && strcmp(at->uuid, uuid_str) != 0)
		at = at->next;
	if (at != NULL)
		pthread_rwlock_rdlock(&at->lock);
	pthread_mutex_unlock(&lock);
	return at;
}

void switch_core_session_rwunlock(switch_core_session_t *session)
{
	pthread_rwlock_unlock(&session->lock);
}

switch_status_t
switch_core_session_get_read_impl(switch_core_session_t *session,
                                  switch_codec_implementation_t *impp)
{
	memset(impp, 0, sizeof(*impp));
	impp->samples_per_second = session->rate;
	impp->actual_samples_per_second = session->rate;
	impp->microseconds_per_packet = TICK_MS * 1000;
	impp->number_of_channels = 1;
	return SWITCH_STATUS_SUCCESS;
}

switch_status_t
switch_core_session_get_write_impl(switch_core_session_t *session,
                                   switch_codec_implementation_t *impp)
{
	return switch_core_session_get_read_impl(session, impp);
}

switch_status_t switch_core_codec_init_with_bitrate(
	switch_codec_t *codec, const char *codec_name, const char *modname,
	const char *fmtp, uint32_t rate, int ms, int channels, uint32_t bitrate,
	uint32_t flags, const switch_codec_settings_t *codec_settings,
	switch_memory_pool_t *pool)
{
	switch_codec_implementation_t *implementation;

	(void)modname;
	(void)fmtp;
	(void)bitrate;
	(void)codec_settings;
	if (strcmp(codec_name, "L16") != 0 || ms != TICK_MS || channels != 1)
		return SWITCH_STATUS_GENERR;
	implementation = pool_alloc(pool, sizeof(*implementation));
	implementation->samples_per_second = rate;
	implementation->actual_samples_per_second = rate;
	implementation->microseconds_per_packet = ms * 1000;
	codec->implementation = implementation;
	codec->flags = flags;
	codec->memory_pool = pool;
	return SWITCH_STATUS_SUCCESS;
}

switch_status_t switch_core_codec_destroy(switch_codec_t *codec)
{
	memset(codec, 0, sizeof(*codec));
	return SWITCH_STATUS_SUCCESS;
}

switch_status_t
switch_core_session_set_read_codec(switch_core_session_t *session,
                                   switch_codec_t *codec)
{
	session->codec = codec;
	atomic_fetch_add(&session->codec_changes, 1);
	return SWITCH_STATUS_SUCCESS;
}

void switch_core_session_reset(switch_core_session_t *session,
                               switch_bool_t flush_dtmf,
                               switch_bool_t reset_read_codec)
{
	(void)flush_dtmf;
	if (reset_read_codec)
		session->codec = NULL;
}

switch_status_t
switch_core_session_send_dtmf_string(switch_core_session_t *session,
                                     const char *dtmf_string)
{
	size_t used = strlen(session->sent_digits);

	snprintf(session->sent_digits + used,
	         sizeof(session->sent_digits) - used, "%s", dtmf_string);
	return SWITCH_STATUS_SUCCESS;
}

switch_status_t switch_ivr_parse_all_events(switch_core_session_t *session)
{
	(void)session;
	return SWITCH_STATUS_SUCCESS;
}

switch_status_t switch_ivr_session_transfer(switch_core_session_t *session,
                                            const char *extension,
                                            const char *dialplan,
                                            const char *context)
{
	snprintf(session->transfer[0], 64, "%s", extension);
	snprintf(session->transfer[1], 64, "%s", dialplan ? dialplan : "");
	snprintf(session->transfer[2], 64, "%s", context ? context : "");
	return SWITCH_STATUS_SUCCESS;
}

/* -- Channels ------------------------------------------------------------- */

int switch_channel_test_ready(switch_channel_t *channel,
                              switch_bool_t check_ready,
                              switch_bool_t check_media)
{
	(void)check_ready;
	(void)check_media;
	return atomic_load(&channel->state) < CS_HANGUP &&
	       atomic_load(&channel->flags[CF_TRANSFER]) == 0;
}

switch_status_t switch_channel_perform_answer(switch_channel_t *channel,
                                              const char *file,
                                              const char *func, int line)
{
	(void)file;
	(void)func;
	(void)line;
	atomic_store(&channel->flags[CF_ANSWERED], 1);
	return atomic_load(&channel->state) < CS_HANGUP ? SWITCH_STATUS_SUCCESS
	                                                : SWITCH_STATUS_FALSE;
}

switch_status_t switch_channel_perform_pre_answer(switch_channel_t *channel,
                                                  const char *file,
                                                  const char *func, int line)
{
	(void)file;
	(void)func;
	(void)line;
	atomic_store(&channel->flags[CF_EARLY_MEDIA], 1);
	return SWITCH_STATUS_SUCCESS;
}

switch_channel_state_t
switch_channel_perform_hangup(switch_channel_t *channel, const char *file,
                              const char *func, int line,
                              switch_call_cause_t hangup_cause)
{
	(void)file;
	(void)func;
	(void)line;
	telephone_hang_up(channel->session, hangup_cause);
	return CS_HANGUP;
}

switch_channel_state_t switch_channel_get_state(switch_channel_t *channel)
{
	return (switch_channel_state_t)atomic_load(&channel->state);
}

switch_call_cause_t switch_channel_get_cause(switch_channel_t *channel)
{
	return (switch_call_cause_t)atomic_load(&channel->cause);
}

const char *switch_channel_cause2str(switch_call_cause_t cause)
{
	return cause == SWITCH_CAUSE_NORMAL_CLEARING ? "NORMAL_CLEARING"
	       : cause == SWITCH_CAUSE_USER_BUSY     ? "USER_BUSY"
	                                             : "NONE";
}

char *switch_channel_get_name(switch_channel_t *channel)
{
	return channel->name;
}

switch_call_direction_t switch_channel_direction(switch_channel_t *channel)
{
	(void)channel;
	return SWITCH_CALL_DIRECTION_INBOUND;
}

switch_caller_profile_t *
switch_channel_get_caller_profile(switch_channel_t *channel)
{
	return &channel->profile;
}

uint32_t switch_channel_test_flag(switch_channel_t *channel,
                                  switch_channel_flag_t flag)
{
	return atomic_load(&channel->flags[flag]);
}

void switch_channel_clear_flag(switch_channel_t *channel,
                               switch_channel_flag_t flag)
{
	atomic_store(&channel->flags[flag], 0);
}

switch_size_t switch_channel_has_dtmf(switch_channel_t *channel)
{
	size_t count;

	pthread_mutex_lock(&channel->lock);
	count = channel->digit_count;
	pthread_mutex_unlock(&channel->lock);
	return count;
}

switch_status_t switch_channel_dequeue_dtmf(switch_channel_t *channel,
                                            switch_dtmf_t *dtmf)
{
	switch_status_t status = SWITCH_STATUS_FALSE;

	pthread_mutex_lock(&channel->lock);
	if (channel->digit_count > 0) {
		dtmf->digit = channel->digits[0];
		dtmf->duration = 2000;
		channel->digit_count--;
		memmove(channel->digits, channel->digits + 1,
		        channel->digit_count);
		status = SWITCH_STATUS_SUCCESS;
	}
	pthread_mutex_unlock(&channel->lock);
	return status;
}

const char *switch_channel_get_variable_dup(switch_channel_t *channel,
                                            const char *varname,
                                            switch_bool_t dup, int idx)
{
	const switch_event_header_t *at = channel->variables->headers;
	const char *value = NULL;

	(void)dup;
	(void)idx;
	for (; at != NULL; at = at->next) {
		if (strcasecmp(at->name, varname) == 0)
			value = at->value;
	}
	return value;
}

/* As FreeSWITCH: nothing that it would expand when it is read. */
switch_status_t switch_channel_set_variable_var_check(switch_channel_t *channel,
                                                      const char *varname,
                                                      const char *value,
                                                      switch_bool_t var_check)
{
	if (var_check && strstr(value, "${") != NULL)
		return SWITCH_STATUS_GENERR;
	pthread_mutex_lock(&channel->lock);
	switch_event_add_header_string(channel->variables, SWITCH_STACK_BOTTOM,
	                               varname, value);
	pthread_mutex_unlock(&channel->lock);
	return SWITCH_STATUS_SUCCESS;
}

switch_event_header_t *switch_channel_variable_first(switch_channel_t *channel)
{
	pthread_mutex_lock(&channel->lock);
	return channel->variables->headers;
}

void switch_channel_variable_last(switch_channel_t *channel)
{
	pthread_mutex_unlock(&channel->lock);
}

void switch_channel_event_set_data(switch_channel_t *channel,
                                   switch_event_t *event)
{
	switch_event_add_header_string(event, SWITCH_STACK_BOTTOM, "Unique-ID",
	                               channel->session->uuid);
	switch_event_add_header_string(event, SWITCH_STACK_BOTTOM,
	                               "Channel-Name", channel->name);
}

void call_set(switch_core_session_t *call, const char *name, const char *value)
{
	switch_channel_set_variable(&call->channel, name, value);
}

const char *call_get(switch_core_session_t *call, const char *name)
{
	const char *value =
		switch_channel_get_variable_dup(&call->channel, name, 1, -1);

	return value != NULL ? value : "";
}
