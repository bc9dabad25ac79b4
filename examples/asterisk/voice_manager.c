/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Actions of the manager interface:
 *
 *   VoiceSay         Channel, Text, Side (near or far, of a listener)
 *   VoiceHangup      Channel
 *   VoiceListen      Channel, Agent
 *   VoiceListenStop  Channel
 *
 * Channel is a channel's name or its unique id.
 */
#include "voice_module.h"

#include "asterisk/manager.h"

int voice_listen_channel(const char *channel, const char *agent, char *reason,
                         size_t room)
{
	struct voice_order order = {.agent = agent};
	struct ast_channel *chan = ast_channel_get_by_name(channel);
	struct voice_setup *setup = voice_setup_current();
	const char *wrong = NULL;

	if (chan == NULL)
		wrong = "there is no such channel";
	else if (setup == NULL)
		wrong = "no configuration is in force";
	else if (voice_listen_begin(chan, setup, &order, &wrong) == 0)
		wrong = NULL;
	voice_copy_line(reason, room, S_OR(wrong, ""));
	ao2_cleanup(setup);
	if (chan != NULL)
		ast_channel_unref(chan);
	return wrong == NULL ? 0 : -1;
}

static int answer(struct mansession *session, const struct message *message,
                  const char *wrong)
{
	if (wrong == NULL)
		astman_send_ack(session, message, "done");
	else
		astman_send_error_va(session, message, "%s", wrong);
	return 0;
}

static int act_say(struct mansession *session, const struct message *message)
{
	const char *side = astman_get_header(message, "Side");
	struct voice_call *call =
		voice_calls_find(astman_get_header(message, "Channel"),
	                         ast_strlen_zero(side) ? NULL : side);
	voice_status status;

	if (call == NULL)
		return answer(session, message, "no agent is on that channel");
	status = voice_session_say(call->session,
	                           astman_get_header(message, "Text"));
	ao2_ref(call, -1);
	return answer(session, message,
	              status < 0 ? voice_status_text(status) : NULL);
}

static int act_hang_up(struct mansession *session,
                       const struct message *message)
{
	struct voice_call *call =
		voice_calls_find(astman_get_header(message, "Channel"), NULL);

	if (call == NULL)
		return answer(session, message, "no agent is on that channel");
	voice_session_hangup(call->session);
	ao2_ref(call, -1);
	return answer(session, message, NULL);
}

static int act_listen(struct mansession *session, const struct message *message)
{
	char reason[VOICE_TEXT_BYTES];

	return answer(
		session, message,
		voice_listen_channel(astman_get_header(message, "Channel"),
	                             astman_get_header(message, "Agent"),
	                             reason, sizeof(reason))
			? reason
			: NULL);
}

static int act_stop(struct mansession *session, const struct message *message)
{
	const char *channel = astman_get_header(message, "Channel");

	return answer(session, message,
	              !ast_strlen_zero(channel) && voice_listen_stop(channel)
	                      ? NULL
	                      : "nobody listens to that channel");
}

int voice_manager_start(void)
{
	return ast_manager_register("VoiceSay", EVENT_FLAG_CALL, act_say,
	                            "Lets a voice agent say something") ||
	       ast_manager_register("VoiceHangup", EVENT_FLAG_CALL, act_hang_up,
	                            "Ends a conversation of a voice agent") ||
	       ast_manager_register("VoiceListen", EVENT_FLAG_CALL, act_listen,
	                            "Lets a voice agent listen to a call") ||
	       ast_manager_register("VoiceListenStop", EVENT_FLAG_CALL,
	                            act_stop,
	                            "Lets a voice agent listen no more");
}

void voice_manager_stop(void)
{
	ast_manager_unregister("VoiceSay");
	ast_manager_unregister("VoiceHangup");
	ast_manager_unregister("VoiceListen");
	ast_manager_unregister("VoiceListenStop");
}
