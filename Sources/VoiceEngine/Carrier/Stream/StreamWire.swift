// Calls whose audio comes over a WebSocket: one driver for all carriers, one wire per carrier.
//
//     socket ─► StreamWire.decode ─► StreamStateMachine ─► MediaStreamCall ─► StreamInboundAudio ─► CallSession
//     socket ◄─ StreamWire.write ◄── StreamOutput ◄─────── MediaStreamCall ◄─ StreamOutboundAudio ◄─ Carrier.play
//                                                                └─ StreamPlayoutClock: what was heard
//
// A wire knows one carrier's messages and nothing else: bytes in, values out, and back. It has no clock, no timer, no
// socket and no log, so that it is tested by tables. What it cannot express (`write` answers false) the driver asks
// `CallControl` for, the carrier's REST API.
//
// A new carrier is one wire, its traits, and one route in `CarrierServer`.

internal import NIOCore
package import VoiceEngineCore

/// One carrier's messages on one stream. Holds what its messages need (ids, counters, which of two formats is spoken)
/// and nothing that decides. Confined to its stream.
///
/// `decode(media)` and `writeMedia` are the audio path: they must not allocate.
package protocol StreamWire: AnyObject {
    /// For logs, in lower case.
    var name: String { get }

    /// How the carrier behaves; asked for when the socket is open, and again after `decode` has returned `start`.
    var traits: StreamTraits { get }

    /// - Throws: `StreamWireError` naming the field. Unknown fields and events are no error.
    func decode(text: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage

    func decode(binary: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage

    /// Writes agent audio in the format of `StreamStart.output`, its byte order included: whole frames, at least
    /// `traits.messageMilliseconds` long.
    func writeMedia(_ audio: UnsafeRawBufferPointer, to output: inout StreamOutput)

    /// Writes the messages of a command.
    ///
    /// - Returns: false when the carrier has none for it; nothing is written then.
    func write(_ command: StreamCommand, to output: inout StreamOutput) -> Bool
}

extension StreamWire {
    package func decode(binary: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        throw StreamWireError("message", .text)
    }
}

/// What a wire can be asked to write, beside audio.
package enum StreamCommand: Equatable, Sendable {
    /// The call is being taken: what the carrier must be told before audio flows. `refused` may follow.
    case accepted
    /// The call was not taken; the socket is closed next.
    case refused(String)
    /// The answer that the last message, decoded as `needsReply`, wants.
    case reply
    /// Behind the audio sent so far. Numbers grow by one.
    case mark(Int64)
    /// Drop what was sent and not played.
    case clear
    /// To the far end: 0-9, A-D, *, # and w.
    case digits(String)
    case transfer(String)
    case hangUp(String)
    /// The answer to the carrier's `stop`; the socket is closed next.
    case stopped
}

/// How a carrier treats a stream.
package struct StreamTraits: Equatable, Sendable {
    package enum Marks: Equatable, Sendable {
        /// Marks come back when they are reached; at most so many may be under way.
        case echoed(most: Int)
        /// The carrier has none: what it was sent is taken to be heard so much later.
        case none(delay: Nanoseconds)
    }

    package enum HangUp: Equatable, Sendable {
        /// The call ends, or goes on elsewhere, when the socket is closed.
        case byClosing
        /// `hangUp` has a message, upon which the carrier closes the socket.
        case byMessage
        /// Closing ends the stream and not the call: the REST API must end it.
        case byControl
    }

    package var marks = Marks.echoed(most: StreamPlayoutClock.mostMarks)
    package var hangUp = HangUp.byClosing
    /// Length of the frames that the session hands out. [ms] 10, 20, 30 or 60
    package var frameMilliseconds = 20
    /// Audio of one message at least. [ms] Frames are collected until then; what is left at the end of speech is filled
    /// up with silence.
    package var messageMilliseconds = 20
    /// Frames that leave together are one message: the carrier takes any length.
    package var joinsFrames = false
    /// How far ahead of real time the carrier is kept at least. [ms]
    package var leadMilliseconds = 60
    /// Frames leave together, this long at once: so much farther ahead the carrier may be. [ms] Where they are collected
    /// into messages, or the last ones wait, they come singly.
    package var strideMilliseconds: Int {
        get { holdsLastAudio ? 0 : stride }
        set { stride = newValue }
    }
    private var stride: Int
    /// Silence behind each stretch of speech. [ms] For carriers that play their last audio only when more comes.
    package var tailMilliseconds = 0
    /// The carrier needs audio all the time.
    package var wantsSilence = false
    /// From the carrier's greeting to its `start`. [s] A carrier that connects before the callee answers needs more.
    package var startSeconds = 10
    /// Messages may overtake each other, or be lost, before they come to the carrier: audio is put in order by
    /// `StreamMedia.sequence` and `timestamp`.
    package var reorders = false
    /// Whether the carrier stands WebSocket pings.
    package var takesPings = true

    /// The last audio waits here, or at the carrier, until speech is over.
    package var holdsLastAudio: Bool { messageMilliseconds > frameMilliseconds || tailMilliseconds > 0 }
    /// Unless it is told, the agent has said all for now when nothing was played for so long: two frames more than frames
    /// are apart. [ms]
    package var speechEndMilliseconds: Int { max(strideMilliseconds, frameMilliseconds) + 2 * frameMilliseconds }

    package init(joinsFrames: Bool = false) {
        self.joinsFrames = joinsFrames
        // Each write costs the same whatever its length: four times as long where it is still one message.
        stride = joinsFrames ? 400 : 100
    }
}
