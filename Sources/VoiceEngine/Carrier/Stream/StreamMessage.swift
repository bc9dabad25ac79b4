package import VoiceEngineCore

/// One message of a carrier, whatever its format. Ranges are of the bytes that were decoded.
package enum StreamMessage: Equatable, Sendable {
    /// A greeting before `start`.
    case connected
    indirect case start(StreamStart)
    case media(StreamMedia)
    case digit(UInt8)
    /// The number of a mark of ours, nil for a name that is none of ours.
    case mark(Int64?)
    /// The carrier has played all that it had.
    case drained
    /// The carrier's queue is full (true), or takes audio again.
    case flow(isHeld: Bool)
    /// The carrier waits for `StreamCommand.reply`.
    case needsReply
    /// Known, and nothing to do about it: the other track's audio, the echo of a clear.
    case nothing
    /// The carrier reports an error; the stream goes on.
    indirect case failure(String)
    case stop
    /// An event that this version does not know. Carriers add events without notice.
    case unknown
}

/// Caller audio, still in the message.
package struct StreamMedia: Equatable, Sendable {
    package enum Coding: Equatable, Sendable {
        case raw
        case base64
        /// Base64 that was written with escapes (`\/`).
        case escapedBase64
    }

    package var payload: Range<Int>
    package var coding: Coding
    /// Counts the stream's audio messages, from any number on.
    package var sequence: Int64?
    /// [ms] in the time of the stream.
    package var timestamp: Int64?

    package init(_ payload: Range<Int>, _ coding: Coding = .raw, sequence: Int64? = nil, timestamp: Int64? = nil) {
        self.payload = payload
        self.coding = coding
        self.sequence = sequence
        self.timestamp = timestamp
    }
}

/// Audio as it is on the wire.
package struct StreamFormat: Equatable, Sendable {
    /// How the wire has what the session is given and gives.
    package enum Packing: Equatable, Sendable {
        case same
        /// 16-bit samples have their most significant byte first.
        case bigEndian
        /// PCM16 of 16 kHz is G.722 on the wire; only where `SpanDSP` is there.
        case g722
    }

    /// As the session has it.
    package var audio: AudioFormat
    package var packing: Packing
    /// Interleaved; the first one is taken for the caller.
    package var channels: Int

    package init(_ audio: AudioFormat, packing: Packing = .same, channels: Int = 1) {
        self.audio = audio
        self.packing = packing
        self.channels = channels
    }

    package static let telephone = StreamFormat(.telephone)
}

/// What a stream tells about its call at its start.
package struct StreamStart: Equatable, Sendable {
    /// What `CallControl` knows the call by; also its name in logs and events.
    package var callID = ""
    /// Named by the carrier; the path of the address comes first.
    package var agent = ""
    /// `caller`, `called`, and what the carrier's webhook or dialplan handed over.
    package var variables: [String: String] = [:]
    /// From the carrier.
    package var input = StreamFormat.telephone
    /// To the carrier.
    package var output = StreamFormat.telephone
    /// Of a carrier without a start message: the audio of the first one.
    package var firstAudio: StreamMedia?

    package init() {}
}

/// Why a message cannot be used. Made without allocation where it may come with every message.
package struct StreamWireError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Expected: Equatable, Sendable {
        case json(JSONFault)
        case string
        case object
        case base64
        /// 1...64 letters, digits, `-` or `_`.
        case identifier
        case digit
        /// At most this many custom parameters.
        case fewerParameters(Int)
        /// A text message.
        case text
        /// The secret that the stream was announced with.
        case secret
        /// A format that the engine has; what came instead.
        indirect case format(String, got: String)
        indirect case other(String)

        fileprivate var text: String {
            switch self {
            case .json(let fault): "\(fault.expected.rawValue) at byte \(fault.offset)"
            case .string: "a string"
            case .object: "an object"
            case .base64: "base64"
            case .identifier: "1 to 64 letters, digits, - or _"
            case .digit: "one of 0-9, *, #, A-D"
            case .fewerParameters(let most): "at most \(most) custom parameters"
            case .text: "text, not binary"
            case .secret: "the configured token"
            case .format(let expected, let got): "\(expected); got \(got)"
            case .other(let text): text
            }
        }
    }

    /// Such as `media.payload`; a constant.
    package let field: String
    package let expected: Expected

    package init(_ field: String, _ expected: Expected) {
        self.field = field
        self.expected = expected
    }

    package var description: String { "\(field): expected \(expected.text)" }

    /// The code to close the stream with, if it cannot go on after this.
    package var closeCode: UInt16? {
        switch expected {
        case .text, .format: 1003
        case .secret: 1008
        case .json, .string, .object, .base64, .identifier, .digit, .fewerParameters, .other: nil
        }
    }
}
