/// The order of an AudioSocket: the UUID, then audio and digits until one side closes. Pure.
///
///     waiting ── UUID ──► identified ── first audio, or the time for it is over ──► live ──► ended
///
/// The rate of the call is that of the first audio: nothing else tells it, and Asterisk sends audio as soon as it has
/// the caller's.
package struct AudioSocketStateMachine {
    package enum Action: Equatable, Sendable {
        case none
        /// The call is known; its audio, or `audioDeadlinePassed`, starts it.
        case awaitAudio
        /// - Parameter withAudio: The message that this answers is its first audio.
        case startCall(AudioSocketID, sampleRate: Int, withAudio: Bool)
        /// - Parameter sampleRate: Of this message, which may differ from the call's.
        case takeAudio(sampleRate: Int)
        case takeDigit(UInt8)
        case endCall(reason: String)
        /// Counted; the call goes on.
        case ignored(Anomaly)
        /// The connection cannot go on.
        case close(Anomaly)
    }

    package enum Anomaly: Equatable, Sendable, CustomStringConvertible {
        case malformed(AudioSocketWireError)
        case notIdentified
        case identifiedTwice
        case earlyDigit
        case unknownKind(UInt8)
        case failure(AudioSocketErrorCode?)
        case rateChanged(to: Int)
        case ended
        case silentClient

        package var description: String {
            switch self {
            case .malformed(let error): error.description
            case .notIdentified: "expected the uuid first"
            case .identifiedTwice: "the uuid came twice"
            case .earlyDigit: "a digit before the call's first audio"
            case .unknownKind(let kind): "kind \(kind): not one that is known here"
            case .failure(let code): "the other side reports an error: \(code.map(\.description) ?? "without a code")"
            case .rateChanged(let rate): "audio at \(rate) Hz: not the rate of the call so far"
            case .ended: "expected nothing after the end"
            case .silentClient: "no uuid within the time that this server waits"
            }
        }

        /// Whether a correct client may cause it as often as it likes.
        fileprivate var isHarmless: Bool {
            switch self {
            case .unknownKind, .failure, .earlyDigit: true
            case .malformed, .notIdentified, .identifiedTwice, .rateChanged, .ended, .silentClient: false
            }
        }
    }

    private enum State: Equatable {
        case waiting
        case identified(AudioSocketID)
        case live(inboundRate: Int)
        case ended
    }

    /// Anomalies that a connection may have before it is closed.
    package static let mostAnomalies = 16
    /// [Hz] Taken where no audio tells another: every version of Asterisk speaks it.
    package static let assumedRate = 8_000

    private var state = State.waiting
    /// Those that no correct client causes.
    package private(set) var anomalies = 0

    package init() {}

    package mutating func received(_ message: AudioSocketMessage) -> Action {
        switch (message, state) {
        case (_, .ended): .ignored(.ended)
        case (.terminate, .waiting), (.terminate, .identified), (.terminate, .live):
            end("the other side ended the call")
        case (.error(.hungUp?), .waiting), (.error(.hungUp?), .identified), (.error(.hungUp?), .live):
            end("the caller hung up")
        case (.error(let code), .waiting), (.error(let code), .identified), (.error(let code), .live):
            note(.failure(code))
        case (.unknown(let kind), .waiting), (.unknown(let kind), .identified), (.unknown(let kind), .live):
            note(.unknownKind(kind))
        case (.silence, .identified), (.silence, .live): .none
        case (.identifier(let id), .waiting): identify(id)
        case (.identifier, .identified), (.identifier, .live): note(.identifiedTwice)
        case (.audio, .waiting), (.digit, .waiting), (.silence, .waiting): refuse(.notIdentified)
        case (.audio(let rate), .identified(let id)): start(id, rate, withAudio: true)
        case (.digit, .identified): note(.earlyDigit)
        case (.audio(let rate), .live(let inboundRate)): take(rate, after: inboundRate)
        case (.digit(let digit), .live): .takeDigit(digit)
        }
    }

    package mutating func receivedMalformed(_ error: AudioSocketWireError) -> Action {
        switch state {
        case .waiting: refuse(.malformed(error))
        case .identified, .live: note(.malformed(error))
        case .ended: .ignored(.ended)
        }
    }

    /// The time that a client has for its UUID is over.
    package mutating func identifierDeadlinePassed() -> Action {
        switch state {
        case .waiting: refuse(.silentClient)
        case .identified, .live, .ended: .none
        }
    }

    /// The time that the call's first audio has is over: the caller is silent, or on hold.
    package mutating func audioDeadlinePassed() -> Action {
        switch state {
        case .identified(let id): start(id, Self.assumedRate, withAudio: false)
        case .waiting, .live, .ended: .none
        }
    }

    private mutating func identify(_ id: AudioSocketID) -> Action {
        state = .identified(id)
        return .awaitAudio
    }

    private mutating func start(_ id: AudioSocketID, _ rate: Int, withAudio: Bool) -> Action {
        state = .live(inboundRate: rate)
        return .startCall(id, sampleRate: rate, withAudio: withAudio)
    }

    /// A change of rate is taken, because a transfer may cause one; without end it would be an attack on whoever has to
    /// prepare for each.
    private mutating func take(_ rate: Int, after inboundRate: Int) -> Action {
        guard rate != inboundRate else { return .takeAudio(sampleRate: rate) }
        state = .live(inboundRate: rate)
        switch note(.rateChanged(to: rate)) {
        case .close(let anomaly): return .close(anomaly)
        case .none, .awaitAudio, .startCall, .takeAudio, .takeDigit, .endCall, .ignored:
            return .takeAudio(sampleRate: rate)
        }
    }

    private mutating func end(_ reason: String) -> Action {
        state = .ended
        return .endCall(reason: reason)
    }

    private mutating func refuse(_ anomaly: Anomaly) -> Action {
        state = .ended
        return .close(anomaly)
    }

    private mutating func note(_ anomaly: Anomaly) -> Action {
        guard !anomaly.isHarmless else { return .ignored(anomaly) }
        anomalies += 1
        guard anomalies > Self.mostAnomalies else { return .ignored(anomaly) }
        return refuse(anomaly)
    }
}
