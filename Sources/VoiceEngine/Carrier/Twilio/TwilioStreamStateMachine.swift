/// The order of a Twilio stream: `connected`, `start`, then audio, digits and marks, at last `stop`. Pure.
package struct TwilioStreamStateMachine {
    package enum Action: Equatable, Sendable {
        case none
        case startCall(TwilioStart)
        case takeAudio(TwilioMedia)
        case takeDigit(UInt8)
        case takeMark(Int64)
        case endCall
        /// Counted; the call goes on.
        case ignored(Anomaly)
        /// The stream cannot go on.
        case close(code: UInt16, Anomaly)
    }

    package enum Anomaly: Equatable, Sendable, CustomStringConvertible {
        case malformed(TwilioWireError)
        case binaryMessage
        case unknownEvent
        case unknownMark
        case startedTwice
        case notStarted
        case stopped
        case silentClient
        case mediaFormat(encoding: String, sampleRate: Int64, channels: Int64)

        package var description: String {
            switch self {
            case .malformed(let error): error.description
            case .binaryMessage: "a binary message: expected text"
            case .unknownEvent: "event: not one that is known here"
            case .unknownMark: "mark.name: not one that was sent"
            case .startedTwice: "event: start came twice"
            case .notStarted: "event: expected start first"
            case .stopped: "event: expected nothing after stop"
            case .silentClient: "no start within the time that this server waits"
            case .mediaFormat(let encoding, let sampleRate, let channels):
                "start.mediaFormat: expected audio/x-mulaw, 8000 Hz, 1 channel; got \(encoding), \(sampleRate) Hz, \(channels)"
            }
        }

        /// Whether a correct carrier may cause it.
        fileprivate var isHarmless: Bool { self == .unknownEvent || self == .unknownMark }
    }

    private enum State {
        case waiting
        case live
        case ended
    }

    /// Anomalies that a stream may have before it is closed with 1008.
    package static let mostAnomalies = 16

    private var state = State.waiting
    /// Those that no correct carrier causes.
    package private(set) var anomalies = 0

    package init() {}

    package mutating func received(_ message: TwilioMessage) -> Action {
        switch (message, state) {
        case (.unknown, _): note(.unknownEvent)
        case (_, .ended): .ignored(.stopped)
        case (.connected, .waiting): .none
        case (.connected, .live): note(.startedTwice)
        case (.start(let start), .waiting): begin(start)
        case (.start, .live): note(.startedTwice)
        case (.media, .waiting), (.dtmf, .waiting), (.mark, .waiting): note(.notStarted)
        case (.media(let media), .live): media.isInbound ? .takeAudio(media) : .none
        case (.dtmf(let digit), .live): .takeDigit(digit)
        case (.mark(let number), .live): number.map { .takeMark($0) } ?? note(.unknownMark)
        case (.stop, .waiting), (.stop, .live): end()
        }
    }

    package mutating func receivedMalformed(_ error: TwilioWireError) -> Action { note(.malformed(error)) }

    package mutating func receivedBinary() -> Action {
        state = .ended
        return .close(code: 1003, .binaryMessage)
    }

    /// The time that a client has for its `start` is over.
    package mutating func startDeadlinePassed() -> Action {
        switch state {
        case .waiting:
            state = .ended
            return .close(code: 1008, .silentClient)
        case .live, .ended: return .none
        }
    }

    private mutating func begin(_ start: TwilioStart) -> Action {
        // A carrier that speaks Twilio's protocol and leaves the format out means Twilio's only one.
        let encoding = start.encoding ?? "audio/x-mulaw"
        let sampleRate = start.sampleRate ?? 8_000
        let channels = start.channels ?? 1
        guard encoding == "audio/x-mulaw", sampleRate == 8_000, channels == 1 else {
            state = .ended
            return .close(
                code: 1003,
                .mediaFormat(encoding: String(encoding.prefix(32)), sampleRate: sampleRate, channels: channels))
        }
        state = .live
        return .startCall(start)
    }

    private mutating func end() -> Action {
        state = .ended
        return .endCall
    }

    private mutating func note(_ anomaly: Anomaly) -> Action {
        guard !anomaly.isHarmless else { return .ignored(anomaly) }
        anomalies += 1
        guard anomalies > Self.mostAnomalies else { return .ignored(anomaly) }
        state = .ended
        return .close(code: 1008, anomaly)
    }
}
