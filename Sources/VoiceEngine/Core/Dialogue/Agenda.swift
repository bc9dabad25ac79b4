/// What waits for the floor, in order: the caller's words, then texts to say; with nothing left the floor is the caller's.
/// Nothing of it is said over a caller who speaks. Pure.
package struct Agenda: Equatable, Sendable {
    package enum Next: Equatable, Sendable {
        case answer(Utterance)
        case say(String)
        /// The caller is speaking: ask again when the utterance is over, and at `until`.
        case wait(until: Instant)
        case listen
    }

    package enum Caller: Equatable, Sendable {
        case silent
        /// A voice, or a noise.
        case audible
        /// With words: they will be a turn, or be dropped.
        case speaking
    }

    /// A noise without words holds the agent at most so long.
    package static let patience = Nanoseconds.seconds(4)

    private var texts: [String] = []
    private var deferred: Utterance?
    /// Since when the caller is waited for.
    private var since: Instant?

    package init() {}

    /// Texts that wait to be said.
    package var waitingTexts: Int { texts.count }

    /// The caller has said something that waits for its answer.
    package var hasWords: Bool { deferred != nil }

    /// What that is.
    package var words: String? { deferred?.text }

    package mutating func add(_ text: String) { texts.append(text) }

    /// The caller said this during a reply that had to be heard.
    package mutating func add(_ utterance: Utterance) {
        var later = utterance
        if let earlier = deferred { later.text = earlier.text + " " + utterance.text }
        deferred = later
    }

    /// What the caller said before is answered together with what comes now.
    package mutating func takeWords() -> String? {
        defer { deferred = nil }
        return deferred?.text
    }

    /// The caller has taken the floor: texts are not said any more.
    package mutating func dropTexts() { texts = [] }

    /// The agent is silent: what comes now?
    package mutating func next(_ caller: Caller, at now: Instant) -> Next {
        guard deferred != nil || !texts.isEmpty else {
            since = nil
            return .listen
        }
        switch caller {
        case .silent: break
        case .speaking: return .wait(until: now + Self.patience)
        case .audible:
            let end = (since ?? now) + Self.patience
            if now < end {
                since = since ?? now
                return .wait(until: end)
            }
        }
        since = nil
        if let utterance = deferred {
            deferred = nil
            return .answer(utterance)
        }
        return .say(texts.removeFirst())
    }
}
