/*
 * A STAND-IN for FreeSWITCH's public headers, for tests: it declares what
 * mod_voice_engine uses, with the names, values and prototypes of FreeSWITCH
 * 1.10, and nothing else. A module that was compiled with it cannot be loaded
 * into FreeSWITCH: structs are shorter here, and CF_PROTO_HOLD, which moves
 * from version to version, is any number. host.c implements it.
 */
#ifndef STAND_IN_SWITCH_H
#define STAND_IN_SWITCH_H

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define SWITCH_DECLARE(type) type
#define SWITCH_MOD_DECLARE_DATA __attribute__((visibility("default")))
#define __SWITCH_FUNC__ ((const char *)(__func__))
#define SWITCH_RECOMMENDED_BUFFER_SIZE 8192
#define SWITCH_API_VERSION 5
#define SWITCH_CMD_CHUNK_LEN 1024

typedef enum { SWITCH_FALSE = 0, SWITCH_TRUE = 1 } switch_bool_t;
typedef size_t switch_size_t;
typedef uint8_t switch_payload_t;

typedef enum {
	SWITCH_STATUS_SUCCESS = 0,
	SWITCH_STATUS_FALSE = 1,
	SWITCH_STATUS_TIMEOUT = 2,
	SWITCH_STATUS_GENERR = 9,
	SWITCH_STATUS_INUSE = 10,
	SWITCH_STATUS_BREAK = 11,
	SWITCH_STATUS_NOUNLOAD = 16,
	SWITCH_STATUS_TERM = 21
} switch_status_t;

typedef enum {
	SWITCH_LOG_DEBUG = 7,
	SWITCH_LOG_INFO = 6,
	SWITCH_LOG_NOTICE = 5,
	SWITCH_LOG_WARNING = 4,
	SWITCH_LOG_ERROR = 3
} switch_log_level_t;

typedef enum { SWITCH_CHANNEL_ID_LOG } switch_text_channel_t;

typedef enum {
	CF_ANSWERED = 1,
	CF_EARLY_MEDIA = 3,
	CF_TRANSFER = 6,
	CF_HOLD = 10,
	CF_BREAK = 20,
	CF_PROTO_HOLD = 104,
	CF_FLAG_MAX = 200
} switch_channel_flag_t;

typedef enum {
	CS_NEW,
	CS_INIT,
	CS_ROUTING,
	CS_SOFT_EXECUTE,
	CS_EXECUTE,
	CS_EXCHANGE_MEDIA,
	CS_PARK,
	CS_CONSUME_MEDIA,
	CS_HIBERNATE,
	CS_RESET,
	CS_HANGUP,
	CS_REPORTING,
	CS_DESTROY,
	CS_NONE
} switch_channel_state_t;

typedef enum {
	SWITCH_CAUSE_NONE = 0,
	SWITCH_CAUSE_NORMAL_CLEARING = 16,
	SWITCH_CAUSE_USER_BUSY = 17
} switch_call_cause_t;

typedef enum {
	SWITCH_CALL_DIRECTION_INBOUND,
	SWITCH_CALL_DIRECTION_OUTBOUND
} switch_call_direction_t;

#define SFF_NONE 0u
#define SFF_CNG (1u << 0)
#define SAF_NONE 0u
#define SAF_MEDIA_TAP (1u << 2)
#define SWITCH_IO_FLAG_NONE 0u
#define SWITCH_CODEC_FLAG_ENCODE (1u << 0)
#define SWITCH_CODEC_FLAG_DECODE (1u << 1)
#define SMBF_READ_STREAM (1u << 0)
#define SMBF_WRITE_STREAM (1u << 1)
#define SMBF_WRITE_REPLACE (1u << 2)
#define SMBF_READ_PING (1u << 4)

typedef uint32_t switch_frame_flag_t;
typedef uint32_t switch_media_bug_flag_t;
typedef uint32_t switch_io_flag_t;

typedef enum {
	SWITCH_ABC_TYPE_INIT,
	SWITCH_ABC_TYPE_READ,
	SWITCH_ABC_TYPE_WRITE,
	SWITCH_ABC_TYPE_WRITE_REPLACE,
	SWITCH_ABC_TYPE_READ_REPLACE,
	SWITCH_ABC_TYPE_READ_PING,
	SWITCH_ABC_TYPE_TAP_NATIVE_READ,
	SWITCH_ABC_TYPE_TAP_NATIVE_WRITE,
	SWITCH_ABC_TYPE_CLOSE
} switch_abc_type_t;

typedef enum { SWITCH_STACK_BOTTOM = 1, SWITCH_STACK_TOP = 2 } switch_stack_t;
typedef enum {
	SWITCH_EVENT_CUSTOM = 0,
	SWITCH_EVENT_API = 23
} switch_event_types_t;
#define SWITCH_EVENT_SUBCLASS_ANY NULL

typedef struct switch_memory_pool switch_memory_pool_t;
typedef struct switch_core_session switch_core_session_t;
typedef struct switch_channel switch_channel_t;
typedef struct switch_media_bug switch_media_bug_t;
typedef struct switch_thread_rwlock switch_thread_rwlock_t;

typedef struct switch_event_header {
	char *name;
	char *value;
	struct switch_event_header *next;
} switch_event_header_t;

typedef struct switch_event {
	switch_event_types_t event_id;
	char *subclass_name;
	switch_event_header_t *headers;
	switch_event_header_t *last_header;
} switch_event_t;

typedef struct switch_xml *switch_xml_t;
struct switch_xml {
	char *name;
	char **attr;             /* name, value, name, value ... NULL */
	struct switch_xml *next; /* of the same name, in the same parent */
	struct switch_xml *ordered;
	struct switch_xml *child;
};

typedef struct switch_caller_profile {
	const char *caller_id_name;
	const char *caller_id_number;
	char *destination_number;
} switch_caller_profile_t;

typedef struct switch_codec_implementation {
	char *iananame;
	uint32_t samples_per_second;
	uint32_t actual_samples_per_second;
	int microseconds_per_packet;
	uint32_t samples_per_packet;
	uint32_t decoded_bytes_per_packet;
	uint8_t number_of_channels;
} switch_codec_implementation_t;

typedef struct switch_codec_settings switch_codec_settings_t;
typedef struct switch_codec {
	const switch_codec_implementation_t *implementation;
	uint32_t flags;
	switch_memory_pool_t *memory_pool;
} switch_codec_t;

typedef struct switch_frame {
	switch_codec_t *codec;
	void *data;
	uint32_t datalen;
	uint32_t buflen;
	uint32_t samples;
	uint32_t rate;
	uint32_t channels;
	switch_frame_flag_t flags;
} switch_frame_t;

typedef struct switch_dtmf {
	char digit;
	uint32_t duration;
} switch_dtmf_t;

typedef struct switch_stream_handle switch_stream_handle_t;
typedef switch_status_t (*switch_stream_handle_write_function_t)(
	switch_stream_handle_t *handle, const char *fmt, ...);
typedef switch_status_t (*switch_stream_handle_raw_write_function_t)(
	switch_stream_handle_t *handle, uint8_t *data, switch_size_t datalen);
struct switch_stream_handle {
	switch_stream_handle_write_function_t write_function;
	switch_stream_handle_raw_write_function_t raw_write_function;
	void *data;
	void *end;
	switch_size_t data_size;
	switch_size_t data_len;
	switch_size_t alloc_len;
	switch_size_t alloc_chunk;
	switch_event_t *param_event;
};

/* -- Modules -------------------------------------------------------------- */

typedef void (*switch_application_function_t)(switch_core_session_t *session,
                                              const char *data);
typedef switch_status_t (*switch_api_function_t)(
	const char *cmd, switch_core_session_t *session,
	switch_stream_handle_t *stream);

typedef struct switch_application_interface {
	const char *interface_name;
	switch_application_function_t application_function;
	const char *long_desc;
	const char *short_desc;
	const char *syntax;
	uint32_t flags;
	struct switch_application_interface *next;
} switch_application_interface_t;

typedef struct switch_api_interface {
	const char *interface_name;
	const char *desc;
	switch_api_function_t function;
	const char *syntax;
	struct switch_api_interface *next;
} switch_api_interface_t;

typedef struct switch_loadable_module_interface {
	const char *module_name;
	switch_application_interface_t *application_interface;
	switch_api_interface_t *api_interface;
	switch_thread_rwlock_t *rwlock;
	switch_memory_pool_t *pool;
} switch_loadable_module_interface_t;

typedef enum {
	SWITCH_APPLICATION_INTERFACE = 3,
	SWITCH_API_INTERFACE = 4
} switch_module_interface_name_t;

typedef switch_status_t (*switch_module_load_t)(
	switch_loadable_module_interface_t **module_interface,
	switch_memory_pool_t *pool);
typedef switch_status_t (*switch_module_runtime_t)(void);
typedef switch_status_t (*switch_module_shutdown_t)(void);
typedef struct switch_loadable_module_function_table {
	int switch_api_version;
	switch_module_load_t load;
	switch_module_shutdown_t shutdown;
	switch_module_runtime_t runtime;
	uint32_t flags;
} switch_loadable_module_function_table_t;

#define SWITCH_MODULE_LOAD_FUNCTION(name)                                      \
	switch_status_t name(                                                  \
		switch_loadable_module_interface_t **module_interface,         \
		switch_memory_pool_t *pool)
#define SWITCH_MODULE_SHUTDOWN_FUNCTION(name) switch_status_t name(void)
#define SWITCH_MODULE_DEFINITION(name, load, shutdown, runtime)                \
	static const char modname[] = #name;                                   \
	SWITCH_MOD_DECLARE_DATA switch_loadable_module_function_table_t        \
		name##_module_interface = {SWITCH_API_VERSION, load, shutdown, \
	                                   runtime, 0}
#define SWITCH_STANDARD_APP(name)                                              \
	static void name(switch_core_session_t *session, const char *data)
#define SWITCH_STANDARD_API(name)                                              \
	static switch_status_t name(const char *cmd,                           \
	                            switch_core_session_t *session,            \
	                            switch_stream_handle_t *stream)

switch_loadable_module_interface_t *
switch_loadable_module_create_module_interface(switch_memory_pool_t *pool,
                                               const char *name);
void *
switch_loadable_module_create_interface(switch_loadable_module_interface_t *mod,
                                        switch_module_interface_name_t iname);

#define SWITCH_ADD_APP(app, name, brief, text, function, usage, bits)          \
	do {                                                                   \
		app = switch_loadable_module_create_interface(                 \
			*module_interface, SWITCH_APPLICATION_INTERFACE);      \
		app->interface_name = name;                                    \
		app->application_function = function;                          \
		app->short_desc = brief;                                       \
		app->long_desc = text;                                         \
		app->syntax = usage;                                           \
		app->flags = bits;                                             \
	} while (0)
#define SWITCH_ADD_API(api, name, text, call, usage)                           \
	do {                                                                   \
		api = switch_loadable_module_create_interface(                 \
			*module_interface, SWITCH_API_INTERFACE);              \
		api->interface_name = name;                                    \
		api->desc = text;                                              \
		api->function = call;                                          \
		api->syntax = usage;                                           \
	} while (0)

switch_status_t switch_api_execute(const char *cmd, const char *arg,
                                   switch_core_session_t *session,
                                   switch_stream_handle_t *stream);
switch_status_t switch_thread_rwlock_tryrdlock(switch_thread_rwlock_t *rwlock);
switch_status_t switch_thread_rwlock_unlock(switch_thread_rwlock_t *rwlock);

/* -- Log, console, streams ------------------------------------------------ */

#define SWITCH_CHANNEL_LOG                                                     \
	SWITCH_CHANNEL_ID_LOG, __FILE__, __SWITCH_FUNC__, __LINE__, NULL
void switch_log_printf(switch_text_channel_t channel, const char *file,
                       const char *func, int line, const char *userdata,
                       switch_log_level_t level, const char *fmt, ...)
	__attribute__((format(printf, 7, 8)));
switch_status_t switch_console_set_complete(const char *string);
switch_status_t switch_console_stream_write(switch_stream_handle_t *handle,
                                            const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
switch_status_t switch_console_stream_raw_write(switch_stream_handle_t *handle,
                                                uint8_t *data,
                                                switch_size_t datalen);
#define SWITCH_STANDARD_STREAM(s)                                              \
	memset(&s, 0, sizeof(s));                                              \
	s.data = calloc(1, SWITCH_CMD_CHUNK_LEN);                              \
	s.end = s.data;                                                        \
	s.data_size = SWITCH_CMD_CHUNK_LEN;                                    \
	s.write_function = switch_console_stream_write;                        \
	s.raw_write_function = switch_console_stream_raw_write;                \
	s.alloc_len = SWITCH_CMD_CHUNK_LEN;                                    \
	s.alloc_chunk = SWITCH_CMD_CHUNK_LEN

/* -- Configuration -------------------------------------------------------- */

switch_xml_t switch_xml_open_cfg(const char *file_path, switch_xml_t *node,
                                 switch_event_t *params);
switch_xml_t switch_xml_child(switch_xml_t xml, const char *name);
const char *switch_xml_attr_soft(switch_xml_t xml, const char *attr);
void switch_xml_free(switch_xml_t xml);

/* -- Events --------------------------------------------------------------- */

switch_status_t switch_event_reserve_subclass_detailed(const char *owner,
                                                       const char *name);
switch_status_t switch_event_free_subclass_detailed(const char *owner,
                                                    const char *name);
switch_status_t switch_event_create_subclass_detailed(
	const char *file, const char *func, int line, switch_event_t **event,
	switch_event_types_t event_id, const char *subclass_name);
switch_status_t switch_event_add_header_string(switch_event_t *event,
                                               switch_stack_t stack,
                                               const char *header_name,
                                               const char *data);
switch_status_t switch_event_fire_detailed(const char *file, const char *func,
                                           int line, switch_event_t **event,
                                           void *user_data);
void switch_event_destroy(switch_event_t **event);
#define switch_event_reserve_subclass(name)                                    \
	switch_event_reserve_subclass_detailed(__FILE__, name)
#define switch_event_free_subclass(name)                                       \
	switch_event_free_subclass_detailed(__FILE__, name)
#define switch_event_create_subclass(event, id, name)                          \
	switch_event_create_subclass_detailed(__FILE__, __SWITCH_FUNC__,       \
	                                      __LINE__, event, id, name)
#define switch_event_create(event, id)                                         \
	switch_event_create_subclass(event, id, SWITCH_EVENT_SUBCLASS_ANY)
#define switch_event_fire(event)                                               \
	switch_event_fire_detailed(__FILE__, __SWITCH_FUNC__, __LINE__, event, \
	                           NULL)

/* -- Channels ------------------------------------------------------------- */

int switch_channel_test_ready(switch_channel_t *channel,
                              switch_bool_t check_ready,
                              switch_bool_t check_media);
#define switch_channel_ready(channel)                                          \
	switch_channel_test_ready(channel, SWITCH_TRUE, SWITCH_FALSE)
switch_status_t switch_channel_perform_answer(switch_channel_t *channel,
                                              const char *file,
                                              const char *func, int line);
#define switch_channel_answer(channel)                                         \
	switch_channel_perform_answer(channel, __FILE__, __SWITCH_FUNC__,      \
	                              __LINE__)
switch_status_t switch_channel_perform_pre_answer(switch_channel_t *channel,
                                                  const char *file,
                                                  const char *func, int line);
#define switch_channel_pre_answer(channel)                                     \
	switch_channel_perform_pre_answer(channel, __FILE__, __SWITCH_FUNC__,  \
	                                  __LINE__)
switch_channel_state_t
switch_channel_perform_hangup(switch_channel_t *channel, const char *file,
                              const char *func, int line,
                              switch_call_cause_t hangup_cause);
#define switch_channel_hangup(channel, cause)                                  \
	switch_channel_perform_hangup(channel, __FILE__, __SWITCH_FUNC__,      \
	                              __LINE__, cause)
switch_channel_state_t switch_channel_get_state(switch_channel_t *channel);
switch_call_cause_t switch_channel_get_cause(switch_channel_t *channel);
const char *switch_channel_cause2str(switch_call_cause_t cause);
char *switch_channel_get_name(switch_channel_t *channel);
switch_call_direction_t switch_channel_direction(switch_channel_t *channel);
switch_caller_profile_t *
switch_channel_get_caller_profile(switch_channel_t *channel);
uint32_t switch_channel_test_flag(switch_channel_t *channel,
                                  switch_channel_flag_t flag);
void switch_channel_clear_flag(switch_channel_t *channel,
                               switch_channel_flag_t flag);
switch_size_t switch_channel_has_dtmf(switch_channel_t *channel);
switch_status_t switch_channel_dequeue_dtmf(switch_channel_t *channel,
                                            switch_dtmf_t *dtmf);
const char *switch_channel_get_variable_dup(switch_channel_t *channel,
                                            const char *varname,
                                            switch_bool_t dup, int idx);
#define switch_channel_get_variable(channel, name)                             \
	switch_channel_get_variable_dup(channel, name, SWITCH_TRUE, -1)
switch_status_t switch_channel_set_variable_var_check(switch_channel_t *channel,
                                                      const char *varname,
                                                      const char *value,
                                                      switch_bool_t var_check);
#define switch_channel_set_variable(channel, name, value)                      \
	switch_channel_set_variable_var_check(channel, name, value, SWITCH_TRUE)
switch_event_header_t *switch_channel_variable_first(switch_channel_t *channel);
void switch_channel_variable_last(switch_channel_t *channel);
void switch_channel_event_set_data(switch_channel_t *channel,
                                   switch_event_t *event);

/* -- Sessions ------------------------------------------------------------- */

#define SWITCH_READ_ACCEPTABLE(status)                                         \
	(status == SWITCH_STATUS_SUCCESS || status == SWITCH_STATUS_BREAK ||   \
	 status == SWITCH_STATUS_INUSE)
switch_channel_t *
switch_core_session_get_channel(switch_core_session_t *session);
switch_memory_pool_t *
switch_core_session_get_pool(switch_core_session_t *session);
char *switch_core_session_get_uuid(switch_core_session_t *session);
void *switch_core_perform_session_alloc(switch_core_session_t *session,
                                        switch_size_t memory, const char *file,
                                        const char *func, int line);
#define switch_core_session_alloc(session, memory)                             \
	switch_core_perform_session_alloc(session, memory, __FILE__,           \
	                                  __SWITCH_FUNC__, __LINE__)
switch_core_session_t *switch_core_session_perform_locate(const char *uuid_str,
                                                          const char *file,
                                                          const char *func,
                                                          int line);
#define switch_core_session_locate(uuid)                                       \
	switch_core_session_perform_locate(uuid, __FILE__, __SWITCH_FUNC__,    \
	                                   __LINE__)
void switch_core_session_rwunlock(switch_core_session_t *session);
switch_status_t
switch_core_session_get_read_impl(switch_core_session_t *session,
                                  switch_codec_implementation_t *impp);
switch_status_t
switch_core_session_get_write_impl(switch_core_session_t *session,
                                   switch_codec_implementation_t *impp);
switch_status_t switch_core_codec_init_with_bitrate(
	switch_codec_t *codec, const char *codec_name, const char *modname,
	const char *fmtp, uint32_t rate, int ms, int channels, uint32_t bitrate,
	uint32_t flags, const switch_codec_settings_t *codec_settings,
	switch_memory_pool_t *pool);
#define switch_core_codec_init(codec, name, modname, fmtp, rate, ms, channels, \
                               flags, settings, pool)                          \
	switch_core_codec_init_with_bitrate(codec, name, modname, fmtp, rate,  \
	                                    ms, channels, 0, flags, settings,  \
	                                    pool)
switch_status_t switch_core_codec_destroy(switch_codec_t *codec);
switch_status_t
switch_core_session_set_read_codec(switch_core_session_t *session,
                                   switch_codec_t *codec);
switch_status_t switch_core_session_read_frame(switch_core_session_t *session,
                                               switch_frame_t **frame,
                                               switch_io_flag_t flags,
                                               int stream_id);
switch_status_t switch_core_session_write_frame(switch_core_session_t *session,
                                                switch_frame_t *frame,
                                                switch_io_flag_t flags,
                                                int stream_id);
void switch_core_session_reset(switch_core_session_t *session,
                               switch_bool_t flush_dtmf,
                               switch_bool_t reset_read_codec);
switch_status_t
switch_core_session_send_dtmf_string(switch_core_session_t *session,
                                     const char *dtmf_string);
switch_status_t switch_core_session_execute_application_get_flags(
	switch_core_session_t *session, const char *app, const char *arg,
	int32_t *flags);
#define switch_core_session_execute_application(session, app, arg)             \
	switch_core_session_execute_application_get_flags(session, app, arg,   \
	                                                  NULL)
switch_status_t switch_ivr_parse_all_events(switch_core_session_t *session);
switch_status_t switch_ivr_session_transfer(switch_core_session_t *session,
                                            const char *extension,
                                            const char *dialplan,
                                            const char *context);

/* -- Media bugs ----------------------------------------------------------- */

typedef switch_bool_t (*switch_media_bug_callback_t)(switch_media_bug_t *bug,
                                                     void *user_data,
                                                     switch_abc_type_t type);
switch_status_t switch_core_media_bug_add(switch_core_session_t *session,
                                          const char *function,
                                          const char *target,
                                          switch_media_bug_callback_t callback,
                                          void *user_data, time_t stop_time,
                                          switch_media_bug_flag_t flags,
                                          switch_media_bug_t **new_bug);
switch_status_t
switch_core_media_bug_remove_all_function(switch_core_session_t *session,
                                          const char *function);
uint32_t switch_core_media_bug_count(switch_core_session_t *session,
                                     const char *function);
switch_status_t switch_core_media_bug_read(switch_media_bug_t *bug,
                                           switch_frame_t *frame,
                                           switch_bool_t fill);
switch_frame_t *
switch_core_media_bug_get_write_replace_frame(switch_media_bug_t *bug);
void switch_core_media_bug_set_write_replace_frame(switch_media_bug_t *bug,
                                                   switch_frame_t *frame);

#endif
