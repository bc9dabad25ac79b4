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
        // The second time the last reply has not ended in spite of all patience: a host that no longer reads, a voice
        // that hangs.
        if let farewell = dialogue.farewell {
            return hangUp(reason: farewell.reason, status: farewell.status, at: now)
        }
        endAfterReply(Farewell(reason: "the call reached its longest duration"), at: now)
    }
}
