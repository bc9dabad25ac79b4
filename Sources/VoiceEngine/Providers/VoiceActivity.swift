package import VoiceEngineCore

/// A neural voice activity model, shared by all calls. The session's own detector works without one.
package protocol VoiceActivityProvider: Sendable {
    var name: String { get }
    /// Opens a detector for one call.
    ///
    /// - Parameter sink: Called on the call's loop, in order, for each window that was judged. Positions count from the
    ///   first sample sent or skipped.
    func open(
        _ context: ProviderContext, sink: @escaping (SpeechWindow) -> Void
    ) -> any VoiceActivityStream
}

/// One call's detector. Confined to the call's event loop.
package protocol VoiceActivityStream: AnyObject {
    /// Takes PCM16 at 8 kHz, any length. Borrowed until return. Never waits: where the model falls behind, the
    /// oldest windows are
    /// dropped and their positions skipped.
    func send(_ samples: UnsafeBufferPointer<Int16>)
    /// So many samples are not to be judged: the next ones sent come after them, and the model hears them as a new
    /// beginning.
    func skip(_ count: Int64)
    func close()
}
