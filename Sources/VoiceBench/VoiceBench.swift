import ArgumentParser

/// `voice-bench`: measures the engine from within: what has no wire, and what no clock is needed for.
///
/// One process is host and providers at once; the engine is reached through the C functions of `voice_engine.h` (`calls`,
/// `create`, `short`) or part by part. Beside it, `voice-lab bench` measures whole processes over sockets. It is never
/// part of the library.
@main
struct VoiceBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "voice-bench",
        abstract: "Measures the engine from within: what has no wire, and what needs no clock.",
        subcommands: [
            CallsCommand.self, CreateCommand.self, ShortCommand.self, FramesCommand.self, KernelsCommand.self,
        ])
}
