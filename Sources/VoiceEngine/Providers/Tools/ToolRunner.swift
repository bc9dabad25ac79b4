package import VoiceEngineCore

/// Carries out tools in the host's place. Shared by the parts of one call, or by many calls.
package protocol ToolRunner: Sendable {
    /// Starts a call.
    ///
    /// - Parameter sink: Given the result, a JSON value, once; see the rule at the top of SpeechToText.swift. It is
    ///   always called, unless the run was cancelled: with an object that has an `error` where there is no result.
    /// - Returns: nil when the tool of this name is the host's.
    func run(_ call: ToolCall, context: ProviderContext, sink: @escaping (String) -> Void) -> (any ToolRun)?
}

/// A tool call under way. Confined to the call's event loop.
///
/// Whoever lets go of it does not stop it: a booking whose caller has hung up is still made.
package protocol ToolRun: AnyObject {
    /// Stops it: the sink is not called again.
    func cancel()
}
