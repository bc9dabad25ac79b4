internal import VoiceEngineCore

/// The order of a stream: a greeting, `start`, then audio, digits and marks, at last `stop`. Pure.
///
///     waiting ─ connected ─► greeted ─┐
///        └───────── start ────────────┴─► live ── hangUp ──► hangingUp ─┐
///        └─ stop ─────────────────────────┴─ stop ──────────────────────┴─► ended
package struct StreamStateMachine {
    package enum Action: Equatable, Sendable {
        case none
        /// The time for `start` begins again, now with `StreamTraits.startSeconds`.
        case awaitStart
        indirect case startCall(StreamStart)
        case takeAudio(StreamMedia)
        case takeDigit(UInt8)
        case takeMark(Int64)
        case queueDrained
        case holdAudio(Bool)
        case reply
        indirect case report(String)
        case endCall
        /// Counted; the call goes on.
        case ignored(Anomaly)
        /// The stream cannot go on.
        case close(code: UInt16, Anomaly)
    }

    package enum Anomaly: Equatable, Sendable, CustomStringConvertible {
        case malformed(StreamWireError)
        case unknownEvent
        case unknownMark
        case startedTwice
        case notStarted
        case stopped
        case silentClient

        package var description: String {
            switch self {
            case .malformed(let error): error.description
            case .unknownEvent: "event: not one that is known here"
            case .unknownMark: "mark.name: not one that was sent"
            case .startedTwice: "event: start came twice"
            case .notStarted: "event: expected start first"
            case .stopped: "event: expected nothing after stop"
            case .silentClient: "no start within the time that this server waits"
            }
        }

        /// Whether a correct carrier may cause it.
        fileprivate var isHarmless: Bool { self == .unknownEvent || self == .unknownMark }
    }

    private enum State {
        case waiting
        case greeted
        case live
        /// The carrier was asked to hang up, and closes the stream.
        case hangingUp
        case ended
    }

    /// Anomalies that a stream may have before it is closed with 1008.
    package static let mostAnomalies = 16

    private var state = State.waiting
    /// Those that no correct carrier causes.
    package private(set) var anomalies = 0

    package init() {}

    package mutating func received(_ message: StreamMessage) -> Action {
        switch (state, message) {
        case (_, .unknown): note(.unknownEvent)
        case (.ended, _): .ignored(.stopped)
        case (_, .stop): end(.endCall)
        case (_, .nothing): .none
        case (_, .needsReply): .reply
        case (_, .failure(let text)): .report(text)
        case (.waiting, .connected): enter(.greeted, .awaitStart)
        case (.waiting, .start(let start)), (.greeted, .start(let start)): enter(.live, .startCall(start))
        case (.greeted, .connected), (.live, .connected), (.live, .start), (.hangingUp, .connected),
            (.hangingUp, .start):
            note(.startedTwice)
        case (.waiting, _), (.greeted, _): note(.notStarted)
        case (.live, .media(let media)): .takeAudio(media)
        case (.live, .digit(let digit)): .takeDigit(digit)
        case (.live, .mark(let number)): number.map { .takeMark($0) } ?? note(.unknownMark)
        case (.live, .drained): .queueDrained
        case (.live, .flow(let isHeld)): .holdAudio(isHeld)
        case (.hangingUp, .media), (.hangingUp, .digit), (.hangingUp, .mark), (.hangingUp, .drained),
            (.hangingUp, .flow):
            .none
        }
    }

    package mutating func receivedMalformed(_ error: StreamWireError) -> Action {
        guard let code = error.closeCode else { return note(.malformed(error)) }
        return end(.close(code: code, .malformed(error)))
    }

    /// The time that a client has for its `start` is over.
    package mutating func startDeadlinePassed() -> Action {
        switch state {
        case .waiting, .greeted: end(.close(code: 1008, .silentClient))
        case .live, .hangingUp, .ended: .none
        }
    }

    /// The carrier was asked to hang up.
    package mutating func hungUp() -> Action {
        switch state {
        case .live: enter(.hangingUp, .none)
        case .waiting, .greeted, .hangingUp, .ended: .ignored(.stopped)
        }
    }

    /// The time that the carrier has to hang up is over.
    package mutating func hangUpDeadlinePassed() -> Action {
        switch state {
        case .hangingUp: end(.endCall)
        case .waiting, .greeted, .live, .ended: .none
        }
    }

    private mutating func enter(_ next: State, _ action: Action) -> Action {
        state = next
        return action
    }

    private mutating func end(_ action: Action) -> Action { enter(.ended, action) }

    private mutating func note(_ anomaly: Anomaly) -> Action {
        guard !anomaly.isHarmless else { return .ignored(anomaly) }
        if case .ended = state { return .ignored(anomaly) }
        anomalies += 1
        guard anomalies > Self.mostAnomalies else { return .ignored(anomaly) }
        return end(.close(code: 1008, anomaly))
    }
}
