package import VoiceEngineCore

package enum TextToSpeechEvent {
    /// Audio of the segment, in the format the stream was opened with, in order. Any length, whole samples. Borrowed
    /// until return.
    case audio(SegmentID, UnsafeRawBufferPointer)
    /// Where the words of the segment's text (as split at spaces) end, in ms from the start of its audio. May come in
    /// several reports, each longer than the one before; at the latest before `completed`.
    case wordEnds(SegmentID, milliseconds: [Int64])
    /// All audio up to and including this segment has been delivered. A provider that knows no borders inside a reply
    /// may report several segments at once, under the last one's id.
    case completed(SegmentID)
    /// Nothing more comes for this turn. The stream itself stays usable when the error is retryable.
    case failed(TurnID, ProviderError)
}

/// A configured voice, shared by all calls.
package protocol TextToSpeechProvider: Sendable {
    /// As in the agent document.
    var name: String { get }
    /// The audio it delivers to a call that plays `native`: `native` itself where it can.
    func format(for native: AudioFormat) -> AudioFormat
    /// Opens a stream for a call. Segments may be given at once.
    func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) -> any TextToSpeechStream
}

/// One call's stream into a voice. Confined to the call's event loop.
package protocol TextToSpeechStream: AnyObject {
    /// Speaks this text after what it was given before. Segments of one turn come in order.
    func speak(_ text: String, as segment: SegmentID)
    /// The reply has no further segments: whatever is held back is spoken now.
    func finish(_ turn: TurnID)
    /// Drops everything of this turn and of older ones: text that waits and audio on its way. None of it is reported
    /// any more.
    func cancel(_ turn: TurnID)
    /// As `cancel`, for a provider that keeps the conversation itself: of this turn's audio so much was heard.
    func cancel(_ turn: TurnID, heard: Nanoseconds)
    /// Back-pressure: while true, the provider reads no more audio from its source than is on its way already.
    func holdAudio(_ hold: Bool)
    /// While it is held its audio goes on coming, into the socket: holding it for a moment loses no time. Not where the
    /// next text is spoken only once the audio of the one before was taken.
    var waitsInSocket: Bool { get }
    func close()
}

extension TextToSpeechStream {
    /// What was heard matters to few.
    package func cancel(_ turn: TurnID, heard: Nanoseconds) { cancel(turn) }
    package var waitsInSocket: Bool { false }
}
