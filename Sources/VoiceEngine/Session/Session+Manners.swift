internal import NIOCore
internal import VoiceEngineCore

// Manners: what the agent does when nothing happens, and when a call has lasted too long.

extension Session {
    func callerIsSilent(at now: Instant) {
        guard dialogue.reply == nil, !hearing.endpoint.hasUtterance else { return }
        let limit = policy.manners.hangUpAfterCheckIns
        if limit > 0, dialogue.checkIns >= limit { return hangUp(reason: "the caller is silent", at: now) }
        dialogue.checkIns += 1
        say(policy.manners.checkIn, at: now)
    }

    func callIsTooLong(at now: Instant) {
        perform(dialogue.ending.patienceEnded(isReplyUnderWay: dialogue.reply != nil, at: now), at: now)
    }
}
