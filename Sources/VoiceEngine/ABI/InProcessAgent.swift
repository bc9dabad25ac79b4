package import VoiceEngineSession

/// Agents on providers of this process, behind the handles of the public header: for programs that measure the engine
/// through its C functions and have no providers on a network.
package enum InProcessAgent {
    /// As `voice_engine_add_agent`.
    ///
    /// - Parameter providers: In place of those that the document names.
    package static func add(
        _ json: [UInt8], providers: SessionProviders, to engine: OpaquePointer?
    ) throws(VoiceError) {
        try Handles.engine(engine).addAgent(json, providers: providers)
    }
}
