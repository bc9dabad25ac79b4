/// When something is said in place of an answer that is slow to come ("One moment."). Pure.
///
///     idle ─answer begins─► waiting ─due─► spent ─answer heard─► idle
///                              └─ audio of the answer ─► idle
///
/// Never two in a row: not the same one twice running, and no second one before the caller has heard an answer.
package struct FillerStateMachine: Sendable {
    package enum Action: Equatable, Sendable {
        case none
        /// Call `timerFired` then; replaces an earlier wait.
        case wait(until: Instant)
        /// Play this one of the list.
        case play(Int)
    }

    private enum State: Equatable {
        case idle
        case waiting(until: Instant)
        /// One was played, and nothing of an answer was heard since.
        case spent
    }

    /// Text that has been given to the voice is worth waiting for: audio follows within this, or the voice is slow too.
    package static let grace = Nanoseconds.milliseconds(700)

    private let after: Nanoseconds?
    private let count: Int
    private var state = State.idle
    /// The one that was played last, and whether that was for the answer before.
    private var last: (index: Int, isFresh: Bool)?

    /// - Parameters:
    ///   - after: From the caller's turn to the filler; nil: never.
    ///   - count: How many there are to choose from.
    package init(after: Nanoseconds?, count: Int) {
        self.after = count > 0 ? after : nil
        self.count = count
    }

    /// The caller's turn was committed: an answer is awaited.
    package mutating func answerBegan(at now: Instant) -> Action {
        switch state {
        case .spent: return .none
        case .idle, .waiting:
            guard let after else { return .none }
            state = .waiting(until: now + after)
            return .wait(until: now + after)
        }
    }

    /// Text of the answer, or of a tool that says something meanwhile, went to the voice.
    package mutating func speechRequested(at now: Instant) -> Action {
        switch state {
        case .idle, .spent: return .none
        case .waiting(let until):
            guard now + Self.grace > until else { return .none }
            state = .waiting(until: now + Self.grace)
            return .wait(until: now + Self.grace)
        }
    }

    /// Audio of the answer is there.
    package mutating func answerSounds() {
        switch state {
        case .waiting: state = .idle
        case .idle, .spent: break
        }
    }

    /// The reply has ended, however it did.
    /// - Parameter wasHeard: The caller heard something of the answer itself.
    package mutating func answerEnded(wasHeard: Bool) {
        switch state {
        case .waiting, .idle:
            state = .idle
            last?.isFresh = false
        case .spent: if wasHeard { state = .idle }
        }
    }

    /// - Parameter isReady: Which of the list can be played now.
    package mutating func timerFired(at now: Instant, isReady: (Int) -> Bool) -> Action {
        switch state {
        case .idle, .spent: return .none
        case .waiting(let until):
            guard now >= until else { return .wait(until: until) }
            // In turn, beginning behind the one that was played last.
            let first = last.map { $0.index + 1 } ?? 0
            var choice: Int?
            for step in 0..<count where choice == nil {
                let index = (first + step) % count
                let isAgain = last?.index == index && last?.isFresh == true
                if !isAgain, isReady(index) { choice = index }
            }
            guard let choice else {
                state = .idle
                return .none
            }
            state = .spent
            last = (choice, true)
            return .play(choice)
        }
    }
}
