/// A model that hears whether a caller who pauses has finished, shared by all calls. The session's other evidence does
/// without one.
package protocol EndOfTurnProvider: Sendable {
    var name: String { get }
    /// [s] The newest sound of the turn that it looks at.
    var seconds: Int { get }
    /// Opens it for one call.
    ///
    /// - Parameter sink: Called on the call's loop with the number of a question and the probability that the turn is
    ///   over, 0...1. A question may stay without an answer.
    func open(
        _ context: ProviderContext, sink: @escaping (_ question: Int, _ probability: Float) -> Void
    ) -> any EndOfTurnStream
}

/// One call's questions. Confined to the call's event loop.
package protocol EndOfTurnStream: AnyObject {
    /// Asks about a pause. Never waits: where the model is busy with other calls there is no answer.
    ///
    /// - Parameter sound: The turn so far with the silence after it, PCM16 at 8 kHz. Borrowed until return.
    func judge(_ sound: UnsafeBufferPointer<Int16>, question: Int)
    func close()
}
