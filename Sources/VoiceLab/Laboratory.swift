import ArgumentParser

/// The other side of every wire: a simulated telephone carrier, scripted providers and a load benchmark.
///
/// ```
///             voice-lab call / bench                          voice-lab providers
///   caller audio ──▶ Twilio Media Streams ──▶ voice-host ──▶ /v1/listen   (Deepgram speech-to-text)
///   played audio ◀── play-out clock       ◀──  (engine)  ──▶ /v1/chat/…   (OpenAI-compatible model)
///                                                        ◀── /v1/speak    (Deepgram text-to-speech)
/// ```
///
/// It shares no code with the engine on purpose: a mistake about a protocol, a codec or a measurement made on one side
/// must fail against the other instead of cancelling out. It is never part of the library. Lifetime: one process per
/// command; all network work of a command runs on one event loop. Everything is bounded by the length of the scenario
/// or of the benchmark; what the other side sends beyond what Twilio would buffer (10 minutes) is dropped and reported.
@main
struct Laboratory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "voice-lab",
        abstract: "A simulated carrier, scripted providers and a load benchmark for voice engines.",
        subcommands: [
            CallCommand.self, TwilioCommand.self, ProvidersCommand.self, FailuresCommand.self, BenchCommand.self,
            BurstCommand.self, ShortCommand.self, LoopbackCommand.self,
        ])
}
