internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet

// What streaming recognisers share. A house is a wire codec (bytes to values and back), a machine (what its messages
// mean), and a profile (how its connection is treated). `RecogniserStream` performs what the machine decides.
//
//     session ─► RecogniserStream ─► AudioUplink ─► WebSocket ─► house
//                   │   ▲ effects                                  │
//                   ▼   │                                          │
//                RecogniserMachine ◄──────── messages ─────────────┘

/// What a recogniser's machine wants done.
enum RecogniserEffect: Equatable {
    /// The session with the server has begun: audio may be sent.
    case ready
    /// A text message.
    case send([UInt8])
    /// [ms] Silence behind what the caller has said so far.
    case silence(Int)
    /// To the session. Times of transcripts are of the audio sent; the stream makes them times of the call.
    case report(SpeechToTextEvent)
    /// Calls `finishTimedOut` after so many milliseconds; replaces an earlier one.
    case await(Int)
    /// The answer came.
    case answered
    /// The stream is dead. What follows is not performed.
    case fail(ProviderError.Kind, String)
    /// For the log, at debug level.
    case note(String)
}

/// What the messages of a house mean. Pure: no clock, no socket.
protocol RecogniserMachine {
    /// The WebSocket is open.
    mutating func opened() -> [RecogniserEffect]
    mutating func received(_ message: UnsafeRawBufferPointer) -> [RecogniserEffect]
    /// What else the last message says, where it spans the end of a turn: the session may commit the turn in between,
    /// and a commit holds for all that was reported. nil when there is no more.
    mutating func receivedRest() -> [RecogniserEffect]?
    /// The caller seems to have finished, and all audio is sent.
    ///
    /// - Parameter sent: [ms] of audio sent.
    mutating func finish(sent: Int64) -> [RecogniserEffect]
    /// What `await` waited for did not come.
    mutating func finishTimedOut() -> [RecogniserEffect]
    /// What was reported last has become a turn, or was dropped.
    mutating func committed(sent: Int64) -> [RecogniserEffect]
    /// Why the server closed the connection.
    func meaning(ofClose code: UInt16?, _ reason: String) -> (kind: ProviderError.Kind, detail: String)
    /// [ms] How long the server may say nothing while audio is sent; nil when it may for ever.
    var longestSilence: Int? { get }
}

extension RecogniserMachine {
    var longestSilence: Int? { nil }

    mutating func receivedRest() -> [RecogniserEffect]? { nil }

    /// A close without a meaning of its own.
    func lost(_ code: UInt16?, _ reason: String) -> (kind: ProviderError.Kind, detail: String) {
        (.unavailable, describe(code, reason))
    }

    func describe(_ code: UInt16?, _ reason: String) -> String {
        let what = code.map { "closed the connection with code \($0)" } ?? "the connection was lost"
        return reason.isEmpty ? what : "\(what): \(reason)"
    }

    /// A message that is not one.
    var gibberish: [RecogniserEffect] { [.fail(.protocol, "sent a message that is not of its protocol")] }
}

/// How a house's connection is treated.
struct RecogniserProfile {
    /// What is done when no audio was sent for `interval`.
    struct Idle {
        enum Act {
            case message([UInt8])
            /// [ms]
            case silence(Int)
        }

        var interval: TimeAmount
        var act: Act
        /// [ms] of silence before the first message, where messages alone do not begin a stream.
        var firstSilence = 0
    }

    /// The WebSocket's messages that carry audio.
    enum Framing {
        case binary
        /// Writes a text message around the audio.
        case text((_ audio: UnsafeRawBufferPointer, _ message: inout [UInt8]) -> Void)
    }

    /// Length of a message of audio; the same while nobody speaks, if it is longer; the shortest that is taken.
    var chunkMilliseconds: Int
    var quietMilliseconds = 250
    var smallestMilliseconds = 0
    var framing = Framing.binary
    var idle: Idle
    /// How long the server may take to say that the session has begun; nil where an open connection is enough.
    var readyPatience: TimeAmount?
    /// A backlog is sent at most so many times faster than real time; 0: as fast as the connection takes it.
    var catchUp = 0
    /// The last message; nil where closing says it all.
    var goodbye: [UInt8]?
    /// How long the server has to answer it by closing.
    var goodbyePatience = TimeAmount.zero
}

/// Where a recogniser is and how it is spoken to; a house adds its profile and machine.
struct RecogniserEndpoint: Sendable {
    let name: String
    let base: WebURL
    let key: Secret?
    /// For the connection, and for the first answer.
    let timeout: TimeAmount
    let network: NetworkClient

    /// - Throws: naming the key of the document that is missing or wrong.
    init(
        _ setup: ProviderSetup, _ reader: inout OptionReader, base: String, usualKey: String
    ) throws(ProviderSetupError) {
        name = setup.settings.provider
        timeout = .milliseconds(Int64(try reader.int("timeout_ms", 100...120_000) ?? 5_000))
        self.base = try setup.baseURL(base, webSocket: true)
        key = try setup.key(usual: usualKey)
        network = setup.network
    }

    /// Makes a TLS session that the first call's connection resumes.
    func warm(on eventLoop: any EventLoop) { network.preconnect(base.origin, on: eventLoop) }

    func open<Machine: RecogniserMachine>(
        _ machine: Machine, _ profile: RecogniserProfile, url: WebURL, headers: HeaderList, format: AudioFormat,
        _ context: ProviderContext, sink: @escaping (SpeechToTextEvent) -> Void
    ) -> RecogniserStream<Machine> {
        let stream = RecogniserStream(machine, profile, self, format: format, context: context, sink: sink)
        stream.connect(url, headers)
        return stream
    }
}

extension ProviderSetup {
    /// The language without its region: `en` of `en-US`; nil when the entry says `auto` or nothing.
    var baseLanguage: String? {
        guard let language = settings.language, language.lowercased() != "auto" else { return nil }
        return language.split(whereSeparator: { $0 == "-" || $0 == "_" }).first.map { $0.lowercased() }
    }

    /// - Throws: naming the first of these options that the entry has.
    func refuse(_ options: [String], _ reason: String) throws(ProviderSetupError) {
        for option in options where settings.options[option] != nil { throw error(option, reason) }
    }
}
