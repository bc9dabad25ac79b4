import Foundation
internal import NIOCore
internal import NIOPosix
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNet
internal import VoiceEngineProviders

/// The adapters against a server of the official library with real engines, over loopback. Run by
/// Tests/real-servers/wyoming.sh, which names the server.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["VOICE_ENGINE_REAL_WYOMING"] != nil), .serialized)
struct RealWyomingTests {
    private final class Holder<Stream> {
        var stream: Stream?
        var bytes: [UInt8] = []
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let format: AudioFormat
    private let setup: ProviderSetup

    init() throws {
        format = try AudioFormat(encoding: .pcm16, sampleRate: 16_000)
        setup = ProviderSetup(
            ProviderSettings(
                provider: "wyoming", path: "stt", language: "en-US",
                baseURL: ProcessInfo.processInfo.environment["VOICE_ENGINE_REAL_WYOMING"]),
            environment: { _ in nil }, network: try NetworkClient())
    }

    private static func context(_ loop: any EventLoop) -> ProviderContext {
        ProviderContext(callID: "call", eventLoop: loop, log: .none)
    }

    /// Speaks all texts in one reply.
    private func say(_ texts: [String]) throws -> EventLoopFuture<[UInt8]> {
        let provider = try ProviderRegistry.network.makeTextToSpeech(setup)
        let (loop, format) = (group.next(), format)
        return loop.flatSubmit {
            let promise = loop.makePromise(of: [UInt8].self)
            let holder = Holder<any TextToSpeechStream>()
            let turn = TurnID.none.next
            holder.stream = provider.open(Self.context(loop), format: format) { event in
                switch event {
                case .audio(_, let bytes): holder.bytes += bytes
                case .completed(let segment):
                    guard segment.index == texts.count - 1 else { return }
                    holder.stream?.close()
                    holder.stream = nil
                    promise.succeed(holder.bytes)
                case .failed(_, let error): promise.fail(error)
                case .wordEnds: break
                }
            }
            for (index, text) in texts.enumerated() {
                holder.stream?.speak(text, as: SegmentID(turn: turn, index: index))
            }
            return promise.futureResult
        }
    }

    /// Hears these utterances one after the other in one call.
    private func hear(_ utterances: [[UInt8]]) throws -> EventLoopFuture<[String]> {
        let provider = try ProviderRegistry.network.makeSpeechToText(setup)
        let (loop, format) = (group.next(), format)
        return loop.flatSubmit {
            let promise = loop.makePromise(of: [String].self)
            let holder = Holder<any SpeechToTextStream>()
            var heard: [String] = []
            var sent: Int64 = 0
            func next() {
                guard heard.count < utterances.count, let stream = holder.stream else {
                    holder.stream?.close()
                    holder.stream = nil
                    return promise.succeed(heard)
                }
                let audio = [UInt8](repeating: 0, count: 16_000) + utterances[heard.count]
                stream.hint(.started(atMilliseconds: sent + 500))
                audio.withUnsafeBytes { stream.send($0) }
                sent += Int64(audio.count / 32)
                stream.hint(.paused(atMilliseconds: sent))
                stream.finishUtterance()
            }
            holder.stream = provider.open(Self.context(loop), format: format) { event in
                switch event {
                case .transcript(let transcript) where transcript.isSettled:
                    heard.append(transcript.text)
                    holder.stream?.utteranceCommitted()
                    next()
                case .failed(let error): promise.fail(error)
                default: break
                }
            }
            next()
            return promise.futureResult
        }
    }

    @Test(.timeLimit(.minutes(2))) func whatTheVoiceSaysTheRecogniserHears() async throws {
        let first = try await say(["one two three four five."]).get()
        // At the call's rate, not at the voice's: about 1.4 s.
        #expect((32_000...70_000).contains(first.count), "\(first.count) bytes")
        let second = try await say(["one two three.", "four five."]).get()
        #expect(second.count > first.count / 2)
        let heard = try await hear([first, first]).get()
        #expect(heard == ["one two three four five", "one two three four five"])
        setup.network.closeIdleConnections()
        try await group.shutdownGracefully()
        #expect(setup.network.counters.isQuiet)
    }
}
