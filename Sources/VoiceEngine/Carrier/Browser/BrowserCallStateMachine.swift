/// The order of a browser's call: `start`, then audio, reports and digits, at last `hangup`. Pure.
package struct BrowserCallStateMachine {
    package enum Action: Equatable, Sendable {
        case none
        case startCall(BrowserStart)
        /// The audio of the message at hand.
        case takeAudio
        case takePlayed(Int64)
        case takeCleared(number: Int64, samples: Int64)
        case takeDigits(String)
        case endCall
        /// Counted; the call goes on.
        case ignored(Anomaly)
        /// The connection cannot go on.
        case close(code: UInt16, Anomaly)
    }

    package enum Anomaly: Equatable, Sendable, CustomStringConvertible {
        case malformed(BrowserWireError)
        case unknownType
        case startedTwice
        case notStarted
        case ended
        case silentClient

        package var description: String {
            switch self {
            case .malformed(let error): error.description
            case .unknownType: "type: not one that is known here"
            case .startedTwice: "type: start came twice"
            case .notStarted: "type: expected start first"
            case .ended: "type: expected nothing after the end"
            case .silentClient: "no start within the time that this server waits"
            }
        }
    }

    private enum State {
        case waiting
        case live
        case ended
    }

    /// Anomalies that a connection may have before it is closed with 1008.
    package static let mostAnomalies = 16

    private var state = State.waiting
    package private(set) var anomalies = 0

    package init() {}

    package mutating func received(_ message: BrowserMessage) -> Action {
        switch (message, state) {
        // A newer page may say more than this version knows.
        case (.unknown, _): .ignored(.unknownType)
        case (_, .ended): .ignored(.ended)
        case (.start(let start), .waiting): begin(start)
        case (.start, .live): note(.startedTwice)
        case (.played, .waiting), (.cleared, .waiting), (.digits, .waiting): note(.notStarted)
        case (.played(let samples), .live): .takePlayed(samples)
        case (.cleared(let number, let samples), .live): .takeCleared(number: number, samples: samples)
        case (.digits(let digits), .live): .takeDigits(digits)
        case (.hangUp, .waiting), (.hangUp, .live): end()
        }
    }

    package mutating func receivedAudio() -> Action {
        switch state {
        case .waiting: note(.notStarted)
        case .live: .takeAudio
        case .ended: .ignored(.ended)
        }
    }

    package mutating func receivedMalformed(_ error: BrowserWireError) -> Action {
        switch state {
        case .waiting, .live: note(.malformed(error))
        case .ended: .ignored(.ended)
        }
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

    /// The session has ended, or was refused.
    package mutating func sessionEnded() { state = .ended }

    private mutating func begin(_ start: BrowserStart) -> Action {
        state = .live
        return .startCall(start)
    }

    private mutating func end() -> Action {
        state = .ended
        return .endCall
    }

    private mutating func note(_ anomaly: Anomaly) -> Action {
        anomalies += 1
        guard anomalies > Self.mostAnomalies else { return .ignored(anomaly) }
        state = .ended
        return .close(code: 1008, anomaly)
    }
}
