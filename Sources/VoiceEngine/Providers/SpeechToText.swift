package import NIOCore
package import VoiceEngineCore

// The three protocols that a session speaks to its providers with. One rule holds for all of them: an object that was
// opened for a call belongs to that call's event loop; it is called there, and it calls its sink there, never inside a
// call of the session into it that has not returned yet (hop with `eventLoop.execute`). After `close`/`cancel` the sink
// is not called again.

/// What every provider object of a call is given.
package struct ProviderContext {
    /// The host's name of the call, for logs.
    package let callID: String
    /// The loop that the call lives on; its `now` is the call's clock, also in tests.
    package let eventLoop: any EventLoop
    package let log: Log
    /// Told by an adapter how long a new connection took until it could be used; on the loop. nil: nobody wants to
    /// know.
    package var connected: (@Sendable (ProviderRole, Nanoseconds) -> Void)?
    /// What providers of this call share among each other.
    package let scope: CallScope

    package init(callID: String, eventLoop: any EventLoop, log: Log) {
        self.callID = callID
        self.eventLoop = eventLoop
        self.log = log
        scope = CallScope(eventLoop)
    }

    /// What a connection that is made for this role is to call once it can be used.
    func connects(_ role: ProviderRole) -> ((TimeAmount) -> Void)? {
        connected.map { connected in { connected(role, .nanoseconds($0.nanoseconds)) } }
    }
}

/// What the providers of one call share, such as the one connection of a provider with several faces. Confined to the
/// call's event loop; whoever puts something in takes it out at its end.
package final class CallScope: Sendable {
    private let objects: NIOLoopBoundBox<[ObjectIdentifier: AnyObject]?>

    init(_ eventLoop: any EventLoop) {
        objects = .makeEmptyBox(valueType: [ObjectIdentifier: AnyObject].self, eventLoop: eventLoop)
    }

    /// What was kept for this owner, as a `Kept`.
    func object<Kept: AnyObject>(of owner: AnyObject, as type: Kept.Type) -> Kept? {
        objects.value?[ObjectIdentifier(owner)] as? Kept
    }

    /// - Parameter owner: Must outlive what is kept for it.
    func keep(_ object: AnyObject, for owner: AnyObject) {
        objects.value = (objects.value ?? [:]).merging([ObjectIdentifier(owner): object]) { $1 }
    }

    /// Takes it out, unless something else was kept since.
    func remove(_ object: AnyObject, of owner: AnyObject) {
        let owner = ObjectIdentifier(owner)
        if objects.value?[owner] === object { objects.value?[owner] = nil }
    }
}

/// The words of the caller since the last committed turn.
package struct Transcript: Equatable, Sendable {
    /// The whole utterance so far, not an increment.
    package var text: String
    /// The text covers everything up to `coveredMilliseconds` and will not change for that audio.
    package var isSettled: Bool
    /// End of the audio that the text covers, counted from the first byte given to `send`; nil when the provider does
    /// not tell.
    package var coveredMilliseconds: Int64?

    package init(text: String, isSettled: Bool, coveredMilliseconds: Int64? = nil) {
        self.text = text
        self.isSettled = isSettled
        self.coveredMilliseconds = coveredMilliseconds
    }
}

package enum SpeechToTextEvent: Equatable, Sendable {
    /// Replaces the transcript before it.
    case transcript(Transcript)
    /// The provider heard the caller begin. A hint: words may come without it, and it may come without words.
    case turnStarted
    /// The provider takes the turn for over soon: the transcript before this event is worth a reply made in advance
    /// (EagerEndOfTurn). `turnResumed` or `endOfTurn` follows.
    case earlyEndOfTurn
    /// The caller went on after `earlyEndOfTurn`.
    case turnResumed
    /// The provider's own evidence that the turn is over (speech_final, UtteranceEnd, EndOfTurn).
    case endOfTurn
    /// The stream is dead; `send` has no effect any more. Reported once.
    case failed(ProviderError)
}

/// What the session's own voice activity detection tells a recogniser. Streaming providers may ignore it; those that
/// recognise whole utterances live by it. Positions are milliseconds of audio given to `send`.
package enum VoiceHint: Equatable, Sendable {
    case started(atMilliseconds: Int64)
    /// Silence for a short while (150 ms): a good moment to start recognising.
    case paused(atMilliseconds: Int64)
    case resumed
    /// No utterance is under way: until `started` or `resumed` nobody waits for words.
    case quiet
}

/// A configured recogniser, shared by all calls.
package protocol SpeechToTextProvider: Sendable {
    /// As in the agent document.
    var name: String { get }
    /// The audio it wants from a call whose caller audio is `native`: `native` itself where it can, so that nothing is
    /// converted.
    func format(for native: AudioFormat) -> AudioFormat
    /// What its end of a turn goes by.
    var endOfTurnEvidence: EndOfTurnEvidence { get }
    /// Whether words are told only after the speech, and not while it goes on. Few recognisers are so.
    var hearsWordsLate: Bool { get }
    /// [ms] Audio is sent on in messages of about this length while somebody speaks: longer pieces would delay words.
    var messageMilliseconds: Int { get }
    /// Opens a stream. Audio may be sent at once; it is kept until the connection is up (at most 10 s, oldest dropped).
    func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (SpeechToTextEvent) -> Void
    ) -> any SpeechToTextStream
}

extension SpeechToTextProvider {
    package var endOfTurnEvidence: EndOfTurnEvidence { .meaning }
    package var hearsWordsLate: Bool { false }
    package var messageMilliseconds: Int { 100 }
}

/// One call's stream into a recogniser. Confined to the call's event loop.
package protocol SpeechToTextStream: AnyObject {
    /// Takes audio in the format it was opened with. Borrowed until return.
    func send(_ audio: UnsafeRawBufferPointer)
    func hint(_ hint: VoiceHint)
    /// The caller seems to have finished: deliver a settled transcript of what there is, as soon as possible.
    func finishUtterance()
    /// The turn was committed with the last transcript; the next transcript starts empty.
    func utteranceCommitted()
    func close()
}
