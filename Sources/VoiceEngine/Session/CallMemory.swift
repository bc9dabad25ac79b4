internal import NIOCore
package import VoiceEngineCore

/// What a call leaves to the session that goes on with it: some carriers take the audio away for what their stream cannot
/// do, such as keying digits, and bring the call back over a new stream.
package struct CallMemory: Equatable, Sendable {
    /// Why the audio was away.
    package enum Absence: Equatable, Sendable {
        /// Digits were keyed.
        case digits
        /// The call was handed over, and nobody took it.
        case failedTransfer(reason: String)
    }

    package var messages: [ChatMessage] = []
    /// Where the call stands in its flow; nil: it has none.
    package var node: String?
    /// How long the call has lasted.
    package var length = Nanoseconds.zero
    package var absence = Absence.digits

    package init() {}
}

extension Session {
    /// What the next session of this call should know. Also after the end.
    package var memory: CallMemory {
        var memory = CallMemory()
        memory.messages = dialogue.conversation.messages
        memory.node = dialogue.flow?.station.name
        memory.length = customs.began.map { context.eventLoop.instant - $0 } ?? .zero
        return memory
    }

    /// The call begins, or goes on where it was.
    func begin(at now: Instant) {
        switch setup.memory?.absence {
        case nil: if isFloorOpen { greet(at: now) }
        case .digits: next(at: now)
        case .failedTransfer(let reason): tellModel("(The transfer failed: \(reason). The caller is back.)", at: now)
        }
    }

    /// The model speaks without having been spoken to.
    private func tellModel(_ note: String, at now: Instant) {
        let reply = begin(.answer, isInterruptible: dialogue.flow?.node.isInterruptible ?? true)
        for point in [TurnTimeline.Milestone.lastSpeech, .decidable, .committed] { reply.timeline.mark(point, at: now) }
        emit(.turnStarted, at: now) { $0.text = note }
        dialogue.conversation.callerSaid(note)
        generate(reply)
        awaitAnswer(at: now)
    }
}
