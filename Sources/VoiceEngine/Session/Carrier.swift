package import NIOCore
package import VoiceEngineCore

// The border between a session and what carries its audio: a host over the C ABI, or a wire protocol. Everything here
// happens on the session's event loop.
//
//     wire > CallSession.receive > ... conversation ... > Carrier.play > wire
//
// The session paces: it hands a carrier `CallSetup.leadMilliseconds` more audio than real time has played. The carrier
// knows how much of what it was handed the caller has heard, because it alone knows its marks, its buffer and its
// reader.

/// Takes the agent's audio to the caller and knows how far the caller has heard it.
package protocol Carrier: AnyObject {
    /// One frame in the call's output format. Borrowed until return. Samples are counted from 0 over the whole call,
    /// silence included if the carrier wants it (`CallSetup.wantsSilence`).
    func play(_ audio: UnsafeRawBufferPointer, samples: Int)

    /// What `play` got last is the end of a reply; `flush` follows. Told once for a reply, and not at all where that is
    /// known only later.
    func speechEnds()

    /// The end of a tick: write out what `play` collected.
    func flush()

    /// Samples of those handed over that the caller has heard by `now`: exact where the carrier is read, else the best
    /// estimate.
    func heardSamples(at now: Instant) -> Int64

    /// Drops what was handed over and not heard yet; the caller hears nothing of it.
    ///
    /// - Returns: Samples heard, of all those handed over. The next `play` continues the count from the number handed
    ///   over so far.
    func cut(at now: Instant) -> Int64

    /// What became of the last cut; asked with every tick after one until it is not `pending`.
    func takeCutResult() -> CutResult

    /// Whether `cut` itself fades out what the caller hears. If not, the session plays a short faded tail after a cut.
    var fadesOnCut: Bool { get }

    /// From now on the caller's audio may be handed over in pieces of about this length: each time costs a visit to all
    /// objects of the call. Called with 0 at the end of the session, also when the carrier has closed before.
    ///
    /// - Parameter milliseconds: 0: each frame as it comes, what was gathered included.
    func gather(_ milliseconds: Int)

    /// The session asks for digits, a transfer or the end of the call on this carrier.
    ///
    /// - Returns: false when the carrier cannot; the session then only tells the host.
    func perform(_ request: CarrierRequest) -> Bool

    /// Something happened in the call: for carriers that show it to somebody. Told between the frames, in order, until
    /// the call has ended. Must not call back into the session.
    func report(_ event: SessionEvent)
}

extension Carrier {
    package func speechEnds() {}
    package func report(_ event: SessionEvent) {}
    package func gather(_ milliseconds: Int) {}
    package var fadesOnCut: Bool { false }
    package func takeCutResult() -> CutResult { .final }
}

/// A carrier that is read by another thread learns only later where exactly its reader stopped.
package enum CutResult: Equatable, Sendable {
    /// What `cut` returned holds.
    case final
    /// Not known yet; nothing may be played until then.
    case pending
    /// The caller's hearing stopped here, at or after what `cut` returned.
    case settled(Int64)
}

package enum CarrierRequest: Equatable, Sendable {
    case sendDigits(String)
    case transfer(String)
    /// The last words have been heard: end the call.
    case hangUp(reason: String)
}

/// What a carrier knows when a call arrives.
package struct CallSetup: Sendable {
    package var agent: String
    package var callID: String
    /// Variables for `{{name}}` in the agent document: what the carrier knows (`caller`, `called`) and what its webhook
    /// handed over.
    package var variables: [String: String]
    package var input: AudioFormat
    package var output: AudioFormat
    /// Length of the frames that `play` gets. [ms]
    package var frameMilliseconds: Int
    /// How far ahead of real time the session paces. [ms] 0 where the carrier plays at once.
    package var leadMilliseconds: Int
    /// Frames leave together, this long at once: each time costs a carrier on a socket a system call. [ms]
    package var strideMilliseconds: Int
    /// The carrier wants frames of silence while the agent says nothing.
    package var wantsSilence: Bool
    /// The carrier is read by its own clock (a host that pulls): the session keeps `leadMilliseconds` of audio in front
    /// of the reader instead of pacing by the loop's clock.
    package var followsReader: Bool
    /// Of a call that comes back; nil: it begins.
    package var memory: CallMemory?

    package init(
        agent: String, callID: String, variables: [String: String], input: AudioFormat, output: AudioFormat,
        frameMilliseconds: Int = 20, leadMilliseconds: Int = 60, strideMilliseconds: Int = 0,
        wantsSilence: Bool = false, followsReader: Bool = false
    ) {
        self.agent = agent
        self.callID = callID
        self.variables = variables
        self.input = input
        self.output = output
        self.frameMilliseconds = frameMilliseconds
        self.leadMilliseconds = leadMilliseconds
        self.strideMilliseconds = strideMilliseconds
        self.wantsSilence = wantsSilence
        self.followsReader = followsReader
    }
}

/// A session as its carrier sees it. Confined to the loop that it was accepted on.
package protocol CallSession: AnyObject {
    /// Of the loop, for what its carrier has to do in time.
    var clock: SessionClock { get }
    /// Caller audio in the call's input format, any length. Borrowed until return.
    func receive(_ audio: UnsafeRawBufferPointer)
    func receiveDigits(_ digits: String)
    /// Who has answered the call that was placed, as far as the carrier can tell.
    func carrierFound(_ finding: AnswerFinding)
    /// The carrier plays a recording beside the agent, or has stopped. Meanwhile nobody is asked whether he is still
    /// there; all else goes on.
    func carrierPlays(_ isPlaying: Bool)
    /// The caller is gone. The session ends; the carrier is not called again.
    func carrierClosed(reason: String)
    /// What the next session should know if the call comes back. Also after the end.
    var memory: CallMemory { get }
}

/// Why a call is not taken.
package struct CallRefusal: Error, Equatable, Sendable {
    package enum Kind: CaseIterable, Sendable {
        case unknownAgent, badRequest, full, draining, notReady, failed
        /// Nothing proves that it is the call that it says it is: nothing may be done to that call.
        case notAuthentic
    }
    /// When it may be different.
    package enum Retry: Equatable, Sendable {
        case unknown
        case after(Nanoseconds)
        /// The same, where the caller was too fast.
        case tooFast(Nanoseconds)
    }

    package let kind: Kind
    package let detail: String
    package let retry: Retry

    package init(_ kind: Kind, _ detail: String, retry: Retry = .unknown) {
        self.kind = kind
        self.detail = detail
        self.retry = retry
    }
}

/// What the engine offers to the servers of its carriers. Safe to use from any thread.
package protocol CallHost: AnyObject, Sendable {
    /// Starts a session for a call on `eventLoop`, which must be the current one. The carrier is kept until the call
    /// has ended.
    func accept(_ setup: CallSetup, carrier: any Carrier, on eventLoop: any EventLoop) throws(CallRefusal)
        -> any CallSession

    /// Whether a call to this agent would be taken now; throws the reason when not.
    func admit(agent: String) throws(CallRefusal)

    /// Everything that the agents need is loaded.
    var isReady: Bool { get }

    /// Agents that can be called now, sorted.
    var agentNames: [String] { get }

    /// The counters in the Prometheus text format.
    func metricsText() -> String

    /// How late the loops' ticks came; nil when nobody counts.
    func tickLateness() -> TickLateness?

    /// Every live call ends soon: the reply under way is heard out, then the agent says goodbye.
    func sayGoodbye(reason: String)
}

extension CallHost {
    package func tickLateness() -> TickLateness? { nil }
    package func sayGoodbye(reason: String) {}
}
