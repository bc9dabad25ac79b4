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
            ws://127.0.0.1:PORT/v1/speak (Deepgram). Any non-empty key is accepted. Prints "ready PORT" once it listens, \
            and with --tls-dir "ready-tls PORT" for the same over TLS.

            --fault SERVICE:FAULTS breaks every answer of listen, chat or speak; a client breaks its own by an address \
            in front of the path, http://127.0.0.1:PORT/fault/NAME/FAULTS. FAULTS are joined by +. Each is one of \
            \(Fault.help) Examples: --fault listen:reset@in50, --fault speak:stall@3, --fault chat:429=2x1, \
            --fault chat:split=7+latency=40.

            GET /counters tells the connections and WebSockets that are open.
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

    @Option(name: .customLong("fault"), help: "What goes wrong, SERVICE:FAULTS; may be repeated.")
    var faultTexts: [String] = []

    @Option(help: "Also listens with TLS; a certificate authority for it is made there (ca.pem).")
    var tlsDir: String?

    private func faults() throws -> [ProviderService.ServiceName: [Fault]] {
        var faults: [ProviderService.ServiceName: [Fault]] = [:]
        for text in faultTexts {
            let parts = text.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let name = ProviderService.ServiceName(rawValue: String(parts[0])) else {
                throw ValidationError("--fault \(text): expected listen:, chat: or speak: and a fault")
            }
            do {
                faults[name, default: []] += try Fault.list(parts[1])
            } catch {
                throw ValidationError("--\(error)")
            }
        }
        return faults
    }

    func validate() throws {
        _ = try faults()
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
        let settings = ProviderService.Settings(
            sttLatencyMilliseconds: sttMs, speak: speak, chat: chat, faults: try faults())
        let (port, logPath) = (port, logPath)
        let tls = try tlsDir.map { try LabTLSContext(LabCertificate.make(in: $0)) }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let channels = try await loop.flatSubmit { () -> EventLoopFuture<[any Channel]> in
            do {
                let log = try ProviderLog(path: logPath)
                let bound = NIOLoopBound(log, eventLoop: loop)
                loop.scheduleRepeatedTask(initialDelay: .milliseconds(500), delay: .milliseconds(500)) { _ in
                    bound.value.flush()
                }
                let service = ProviderService(settings: settings, log: log)
                var listening = [LabConnection.listen(service: service, host: "127.0.0.1", port: port, on: loop)]
                if let tls {
                    listening.append(
                        LabConnection.listen(service: service, host: "127.0.0.1", port: 0, tls: tls, on: loop))
                }
                return EventLoopFuture.whenAllSucceed(listening, on: loop)
            } catch {
                return loop.makeFailedFuture(error)
            }
        }.get()
        if channels.count > 1 { print("ready-tls \(channels[1].localAddress?.port ?? 0)") }
        print("ready \(channels[0].localAddress?.port ?? port)")
        fflush(nil)
        try await channels[0].closeFuture.get()
    }
}
