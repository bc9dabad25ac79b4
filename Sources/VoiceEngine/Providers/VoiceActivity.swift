/// A neural voice activity model, shared by all calls. The session's own detector works without one.
package protocol VoiceActivityProvider: Sendable {
    var name: String { get }
    /// Opens a detector for one call.
    ///
    /// - Parameter sink: Called on the call's loop, in order, for each window: the position after the window's
    /// last sample, counted
    ///   from the first one sent, and the probability that the window holds speech, 0...1.
    func open(
        _ context: ProviderContext, sink: @escaping (_ windowEnd: Int64, _ probability: Float) -> Void
    ) -> any VoiceActivityStream
}

/// One call's detector. Confined to the call's event loop.
package protocol VoiceActivityStream: AnyObject {
    /// Takes PCM16 at 8 kHz, any length. Borrowed until return. Never waits: where the model falls behind, the
    /// oldest windows are
    /// dropped and their positions skipped.
    func send(_ samples: UnsafeBufferPointer<Int16>)
    func close()
}
