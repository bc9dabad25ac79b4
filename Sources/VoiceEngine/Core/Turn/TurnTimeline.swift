/// When each stage of one turn was reached. Stages follow each other: each begins where the one before it ends, so
/// that they add up to the time from the caller's last speech to the first sample of the reply.
package struct TurnTimeline: Equatable, Sendable {
    /// In order of time.
    package enum Milestone: Int, CaseIterable, Sendable {
        /// The caller's last speech.
        case lastSpeech
        /// The silence sufficed; only the transcript could still be missing.
        case decidable
        /// The turn was committed with its transcript.
        case committed
        /// The request was handed to the language model.
        case requested
        case firstToken
        /// The first segment was complete.
        case firstSegment
        /// It was handed to the text-to-speech.
        case speechRequested
        case firstAudio
        /// The first sample of the reply was handed out.
        case firstSampleOut
    }

    /// Time between two neighbouring milestones, in the order of `Milestone`.
    package typealias Stages = [Nanoseconds]

    private var reached: [Instant?]

    package init() { reached = Array(repeating: nil, count: Milestone.allCases.count) }

    /// Notes the first time that a milestone is reached; later ones do not count.
    package mutating func mark(_ milestone: Milestone, at now: Instant) {
        if reached[milestone.rawValue] == nil { reached[milestone.rawValue] = now }
    }

    package func time(of milestone: Milestone) -> Instant? { reached[milestone.rawValue] }

    /// The eight stages; nil until the first sample is out.
    ///
    /// A milestone that was skipped, or that an early start put before its predecessor, counts as reached with its
    /// predecessor.
    package var stages: Stages? {
        guard let begin = reached[0], let finish = reached[Milestone.firstSampleOut.rawValue] else { return nil }
        var stages: Stages = []
        var previous = begin
        for instant in reached.dropFirst() {
            let time = min(max(instant ?? previous, previous), max(finish, previous))
            stages.append(time - previous)
            previous = time
        }
        return stages
    }
}
