/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * app_voice_engine: a voice agent inside Asterisk.
 *
 * Copyright and licence: this module is linked into Asterisk and registers
 * with ASTERISK_GPL_KEY. It is free software: you can redistribute and change
 * it under the terms of the GNU General Public License, version 2 or later.
 *
 *   VoiceAgent(agent[,options])      see README.md beside this file
 *   VoiceListen(agent[,options])
 *   StopVoiceListen()
 *
 * It refuses to load into an Asterisk of another major version than it was
 * compiled for (structures differ, and Asterisk itself does not notice), and
 * with a library of another ABI.
 */
#include "voice_module.h"

#include "asterisk/ast_version.h"

#ifndef VOICE_ASTERISK_MAJOR
#error "Say for which Asterisk: -DVOICE_ASTERISK_MAJOR=22 (see the Makefile)"
#endif

static const char agent_app[] = "VoiceAgent";
static const char agent_synopsis[] = "Lets a voice agent talk with the caller";
static const char agent_description[] =
	"  VoiceAgent(agent[,options]): answers the call and lets the agent of\n"
	"that name talk until one of the two hangs up, or the agent transfers\n"
	"the call.\n"
	"  Options:\n"
	"    n        do not answer: talk as early media\n"
	"    r(rate)  8000 or 16000 Hz; default: as the call's codec\n"
	"    t(s)     end the call after so many seconds\n"
	"    v(a=b^c=d)  variables of the agent document, beside those of\n"
	"             the channel that begin with VOICE_AGENT_VAR_\n"
	"    x        leave transfers to the dialplan\n"
	"  Sets VOICE_AGENT_STATUS to COMPLETED (the agent ended the call),\n"
	"HANGUP (the caller did), TRANSFER, TRANSFERFAILED, REDIRECT, TIMEOUT,\n"
	"REFUSED (full), BADCONFIG or FAILED; further VOICE_AGENT_REASON,\n"
	"VOICE_AGENT_TURNS, VOICE_AGENT_SUMMARY, VOICE_AGENT_TRANSCRIPT and\n"
	"VOICE_AGENT_GOTO.\n";

static const char listen_app[] = "VoiceListen";
static const char listen_synopsis[] =
	"Lets an agent write down both sides of the call that follows";
static const char listen_description[] =
	"  VoiceListen(agent[,options]): from now on an agent whose document says\n"
	"\"mode\": \"listen\" hears what both sides of this channel's call say,\n"
	"and tells it by events and in the transcript. The dialplan goes on at\n"
	"once, usually to Dial(). voice whisper lets it talk to one side.\n"
	"  Options: r(rate) and v(a=b^c=d) as of VoiceAgent.\n"
	"  Sets VOICE_LISTEN_STATUS to LISTENING or FAILED, and\n"
	"VOICE_LISTEN_REASON. Ends with the channel, or by StopVoiceListen().\n";

static const char stop_app[] = "StopVoiceListen";
static const char stop_synopsis[] = "Ends what VoiceListen began";
static const char stop_description[] =
	"  StopVoiceListen(): the agent listens to this channel no more.\n";

/* "221001" is 22.10.1: the last four digits are not the major version. */
static int running_major(void)
{
	return atoi(ast_get_version_num()) / 10000;
}

static int check_versions(void)
{
	uint32_t abi = voice_abi_version();

	if (running_major() != VOICE_ASTERISK_MAJOR) {
		ast_log(LOG_ERROR,
		        "app_voice_engine was compiled for Asterisk "
		        "%d, this is %s: compile it for this version\n",
		        VOICE_ASTERISK_MAJOR, ast_get_version());
		return -1;
	}
	/* An older library lacks functions, so it is not even linked. */
	if (abi >> 16 != VOICE_ABI_MAJOR) {
		ast_log(LOG_ERROR,
		        "app_voice_engine was compiled for version "
		        "%d.%d of the engine's interface, this library (%s) "
		        "has %u.%u: install the one that belongs to it\n",
		        VOICE_ABI_MAJOR, VOICE_ABI_MINOR,
		        voice_library_version(), abi >> 16, abi & 0xFFFF);
		return -1;
	}
	return 0;
}

static int unload_module(void)
{
	if (voice_calls_count() > 0) {
		ast_log(LOG_WARNING,
		        "app_voice_engine stays: %d calls are "
		        "live\n",
		        voice_calls_count());
		/* By force, then: those who only listen go. */
		voice_listen_stop(NULL);
		return -1;
	}
	if (voice_console_is_busy()) {
		ast_log(LOG_WARNING, "app_voice_engine stays: voice show "
		                     "providers is running\n");
		return -1;
	}
	ast_unregister_application(agent_app);
	ast_unregister_application(listen_app);
	ast_unregister_application(stop_app);
	voice_manager_stop();
	voice_console_stop();
	voice_setup_drop();
	voice_keeper_stop();
	voice_calls_stop();
	return 0;
}

static int load_module(void)
{
	if (check_versions())
		return AST_MODULE_LOAD_DECLINE;
	if (voice_calls_start() || voice_keeper_start() ||
	    voice_console_start() || voice_manager_start() ||
	    ast_register_application(listen_app, voice_listen_exec,
	                             listen_synopsis, listen_description) ||
	    ast_register_application(stop_app, voice_listen_stop_exec,
	                             stop_synopsis, stop_description) ||
	    ast_register_application(agent_app, voice_agent_exec,
	                             agent_synopsis, agent_description)) {
		ast_log(LOG_ERROR, "app_voice_engine could not be set up\n");
		unload_module();
		return AST_MODULE_LOAD_DECLINE;
	}
	/* A wrong configuration is no reason not to load: calls then get a
	 * status that the dialplan can act on, and a reload mends it. */
	voice_setup_load(false);
	return AST_MODULE_LOAD_SUCCESS;
}

static int reload_module(void)
{
	return voice_setup_load(true);
}

AST_MODULE_INFO(ASTERISK_GPL_KEY, AST_MODFLAG_LOAD_ORDER, "Voice agents",
                .support_level = AST_MODULE_SUPPORT_EXTENDED,
                .load = load_module, .unload = unload_module,
                .reload = reload_module, .load_pri = AST_MODPRI_DEFAULT, );
