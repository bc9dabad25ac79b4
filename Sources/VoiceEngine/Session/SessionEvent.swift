package import VoiceEngineCore

/// One thing that happened in a call, as the host is told. Its shape follows `voice_event` of the public header.
package struct SessionEvent: Equatable, Sendable {
    /// Raw values are those of `VOICE_EVENT_*`.
    package enum Kind: UInt32, Sendable {
        case started = 1
        case callerStarted, callerStopped, transcript, turnStarted, agentText, agentStarted, agentStopped, agentHeard
        case bargeIn, toolCall, dtmfIn, dtmfOut, transfer, hangUp, error, turnMetrics, slowHost, closed, voicemail, node
    }

    /// Raw values are those of `VOICE_FLAG_*`.
    package struct Flags: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let final = Flags(rawValue: 1)
        package static let interrupted = Flags(rawValue: 2)
        package static let paused = Flags(rawValue: 4)
        package static let confirmed = Flags(rawValue: 8)
        package static let resumed = Flags(rawValue: 16)
    }

    package var kind: Kind
    package var turn: TurnID
    package var time: Instant
    /// Caller samples at the input rate, or agent samples at the output rate.
    package var position: Int64 = 0
    package var flags: Flags = []
    package var status: SessionStatus = .ok
    package var value: Int64 = 0
    package var text = ""
    package var name = ""
    package var id = ""
    package var metrics: TurnMetrics?

    package init(_ kind: Kind, turn: TurnID, time: Instant) {
        self.kind = kind
        self.turn = turn
        self.time = time
    }
}

/// What went wrong, in the terms of the public header. Raw values are those of `VOICE_ERR_*`.
package enum SessionStatus: Int32, Sendable {
    case ok = 0
    case unsupported = -5
    case notFound = -6
    case overrun = -20
    case timeout = -23
    case provider = -42
    case network = -43
}

/// Where the time of one turn went. See `voice_turn_metrics` in the public header.
package struct TurnMetrics: Equatable, Sendable {
    /// The eight stages of `TurnTimeline`, in order.
    package var stages: TurnTimeline.Stages
    package var wasInterrupted: Bool
    package var usage: TokenUsage
    package var work: ProviderWork

    package var total: Nanoseconds { stages.reduce(.zero, +) }

    /// The engine's own share: commit, text-to-speech request, playout.
    package var engineShare: Nanoseconds { stages[2] + stages[5] + stages[7] }
}
