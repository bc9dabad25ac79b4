import ArgumentParser
import Foundation
import NIOCore
import NIOPosix

/// `voice-lab providers`: speech-to-text, language model and text-to-speech by script, on one port.
struct ProvidersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "providers",
        abstract: "Scripted providers that speak the real protocols, on the loopback interface.",
        discussion: """
            ws://127.0.0.1:PORT/v1/listen (Deepgram), http://127.0.0.1:PORT/v1/chat/completions (OpenAI), \
            ws://127.0.0.1:PORT/v1/speak (Deepgram). Any non-empty key is accepted. Prints "ready PORT" once it listens.
            """)

    @Option(help: "The port; 0 = any free one.")
    var port = 0

    @Option(name: .customLong("log"), help: "File for the times of every request, JSON lines, CLOCK_MONOTONIC.")
    var logPath: String?

    @Option(help: "Milliseconds that every result of the speech-to-text is late.")
    var sttMs = 0

    @Option(help: "Milliseconds from a request to the model's first token.")
    var llmFirstTokenMs = 120.0

    @Option(help: "Milliseconds from token to token.")
    var llmTokenMs = 12.0

    @Option(help: "The model's reply; the word TAG names the turn. Default: three sentences.")
    var llmText: String?

    @Option(help: "Milliseconds from a sentence to the first byte of its audio.")
    var ttsFirstByteMs = 80.0

    @Option(help: "How many times faster than real time the audio is sent.")
    var ttsSpeed = 8.0

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port: 0 to 65535") }
        guard ttsSpeed >= 0.5, llmTokenMs >= 0, llmFirstTokenMs >= 0, ttsFirstByteMs >= 0, sttMs >= 0 else {
            throw ValidationError("latencies are not negative, --tts-speed is at least 0.5")
        }
    }

    func run() async throws {
        let speak = SpeakMachine.Settings(firstByteNanoseconds: Int64(ttsFirstByteMs * 1e6), speed: ttsSpeed)
        let chat = ChatScript(
            firstTokenNanoseconds: Int64(llmFirstTokenMs * 1e6), tokenNanoseconds: Int64(llmTokenMs * 1e6),
            sentences: llmText.map { [$0] } ?? ChatScript.defaultSentences)
        let settings = ProviderService.Settings(sttLatencyMilliseconds: sttMs, speak: speak, chat: chat)
        let (port, logPath) = (port, logPath)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let channel = try await loop.flatSubmit { () -> EventLoopFuture<any Channel> in
            do {
                let log = try ProviderLog(path: logPath)
                let bound = NIOLoopBound(log, eventLoop: loop)
                loop.scheduleRepeatedTask(initialDelay: .milliseconds(500), delay: .milliseconds(500)) { _ in
                    bound.value.flush()
                }
                return LabConnection.listen(
                    service: ProviderService(settings: settings, log: log), host: "127.0.0.1", port: port, on: loop)
            } catch {
                return loop.makeFailedFuture(error)
            }
        }.get()
        print("ready \(channel.localAddress?.port ?? port)")
        fflush(nil)
        try await channel.closeFuture.get()
    }
}
