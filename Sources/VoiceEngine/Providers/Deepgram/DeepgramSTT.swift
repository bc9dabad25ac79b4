internal import NIOCore
package import VoiceEngineCore
internal import VoiceEngineNet

/// Deepgram's streaming recogniser, `/v1/listen`.
package struct DeepgramSTT: SpeechToTextProvider {
    package let name: String
    private let base: WebURL
    private let options: DeepgramListenOptions
    private let key: Secret?
    private let timeout: TimeAmount
    private let network: NetworkClient

    /// - Throws: naming the key of the document that is missing or wrong.
    package static func make(_ setup: ProviderSetup) throws(ProviderSetupError) -> DeepgramSTT {
        var reader = OptionReader(setup)
        var options = DeepgramListenOptions()
        if let model = setup.settings.model { options.model = model }
        guard !options.model.hasPrefix("flux") else {
            throw setup.error("model", "\(options.model) speaks another protocol (/v2/listen); use a nova model")
        }
        options.language = setup.settings.language
        options.interimResults = try reader.bool("interim_results") ?? true
        if let time = try reader.int("endpointing_ms", 0...10_000) { options.endpointing = time == 0 ? nil : time }
        if let time = try reader.int("utterance_end_ms", 0...10_000) {
            guard time == 0 || time >= 1_000 else {
                throw setup.error("utterance_end_ms", "is 0 (off) or at least 1000")
            }
            options.utteranceEnd = time == 0 ? nil : time
        }
        options.vadEvents = try reader.bool("vad_events") ?? true
        options.smartFormat = try reader.bool("smart_format") ?? false
        for flag in ["punctuate", "numerals", "profanity_filter", "dictation", "filler_words", "mip_opt_out"] {
            if try reader.bool(flag) ?? (flag == "punctuate") { options.flags.append(flag) }
        }
        options.keyterms = try reader.strings("keyterms", atMost: 100)
        options.tags = try reader.strings("tags", atMost: 10)
        options.chunkMilliseconds = try reader.int("chunk_ms", 20...100) ?? 40
        let timeout = try reader.int("timeout_ms", 100...120_000) ?? 5_000
        options.others = try reader.rest(except: [
            "model", "language", "endpointing", "encoding", "sample_rate", "channels", "multichannel", "callback", "callback_method",
        ])
        guard options.keyterms.isEmpty || options.model.hasPrefix("nova-3") else {
            throw setup.error("keyterms", "are understood by nova-3 models only")
        }
        return DeepgramSTT(
            name: setup.settings.provider, base: try setup.baseURL("wss://api.deepgram.com", webSocket: true),
            options: options, key: try setup.key(usual: "DEEPGRAM_API_KEY"), timeout: .milliseconds(Int64(timeout)),
            network: setup.network)
    }

    /// G.711 and linear audio up to 24 kHz as it is; Opus is decoded first (raw packets have no place in the protocol).
    package func format(for native: AudioFormat) -> AudioFormat {
        switch native.encoding {
        case .mulaw, .alaw: return native
        case .pcm16 where native.sampleRate <= 24_000: return native
        case .pcm16, .opus: return (try? AudioFormat(encoding: .pcm16, sampleRate: 16_000)) ?? native
        }
    }

    package func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (SpeechToTextEvent) -> Void
    ) -> any SpeechToTextStream {
        let stream = DeepgramListenStream(
            name: name, options: options, format: format, key: key, context: context, sink: sink)
        stream.connect(
            network, DeepgramListenWire.url(base, options, format), DeepgramEncoding.headers(key), timeout: timeout)
        return stream
    }
}

/// One call's connection to `/v1/listen`.
///
/// Audio waits for the connection at most 10 s (`backlog`, oldest dropped and counted into the time offset). Dead
/// is dead: the
/// stream reports `failed` and whoever opened it opens another.
final class DeepgramListenStream: SpeechToTextStream {
    /// [ms] The server gives up after 10 s without audio or KeepAlive; it advises 3 to 5.
    private static let keepAliveInterval = TimeAmount.seconds(4)
    /// A Finalize with little audio may never be answered.
    private static let finalizePatience = TimeAmount.seconds(1)
    private static let backlogMilliseconds = 10_000

    private let name: String
    private let format: AudioFormat
    private let key: Secret?
    private let context: ProviderContext
    private var sink: ((SpeechToTextEvent) -> Void)?
    private var socket: WebSocketClient?
    private var utterance = DeepgramUtterance()
    private let chunkBytes: Int
    /// Audio that does not fill a chunk yet.
    private var chunk: [UInt8] = []
    private var backlog = CircularBuffer<[UInt8]>()
    private var backlogBytes = 0
    private let maximumBacklogBytes: Int
    private var lastSent: NIODeadline?
    private var keepAlive: Scheduled<Void>?
    private var finalizing: Finalizing = .no

    private enum Finalizing {
        case no
        /// The connection is not open yet.
        case wanted
        case sent(Scheduled<Void>)
    }

    init(
        name: String, options: DeepgramListenOptions, format: AudioFormat, key: Secret?, context: ProviderContext,
        sink: @escaping (SpeechToTextEvent) -> Void
    ) {
        self.name = name
        self.format = format
        self.key = key
        self.context = context
        self.sink = sink
        chunkBytes = max(1, format.bytes(forSamples: format.samples(inMilliseconds: options.chunkMilliseconds)))
        maximumBacklogBytes = format.bytes(forSamples: format.samples(inMilliseconds: Self.backlogMilliseconds))
        chunk.reserveCapacity(chunkBytes * 2)
    }

    func connect(_ network: NetworkClient, _ url: WebURL, _ headers: HeaderList, timeout: TimeAmount) {
        // The socket keeps the stream alive until it reports its end.
        socket = network.openWebSocket(url, headers: headers, on: context.eventLoop, timeout: timeout) {
            self.received($0)
        }
    }

    // MARK: From the session

    func send(_ audio: UnsafeRawBufferPointer) {
        guard sink != nil else { return }
        chunk.append(contentsOf: audio)
        if chunk.count >= chunkBytes { sendChunk() }
    }

    func hint(_ hint: VoiceHint) {}

    func finishUtterance() {
        guard sink != nil else { return }
        sendChunk()
        guard let socket, socket.isOpen else { return finalizing = .wanted }
        sendFinalize(socket)
    }

    func utteranceCommitted() { utterance.committed() }

    func close() {
        guard sink != nil else { return }
        sendChunk()
        end()
        guard let socket else { return }
        if socket.isOpen {
            socket.send(text: DeepgramListenWire.closeStream)
            socket.close()
        } else {
            socket.abort()
        }
    }

    // MARK: To the server

    private func sendChunk() {
        guard !chunk.isEmpty else { return }  // an empty message would end the stream
        defer { chunk.removeAll(keepingCapacity: true) }
        if let socket, socket.isOpen, backlog.isEmpty, send(chunk, socket) { return }
        backlog.append(chunk)
        backlogBytes += chunk.count
        while backlogBytes > maximumBacklogBytes, let oldest = backlog.popFirst() {
            backlogBytes -= oldest.count
            utterance.offsetMilliseconds += milliseconds(oldest.count)
        }
        if let socket, socket.isOpen { drainBacklog(socket) }
    }

    private func send(_ bytes: [UInt8], _ socket: WebSocketClient) -> Bool {
        guard socket.queuedBytes < maximumBacklogBytes else { return false }
        guard bytes.withUnsafeBytes({ socket.send(binary: $0) }) else { return false }
        lastSent = context.eventLoop.now
        return true
    }

    private func drainBacklog(_ socket: WebSocketClient) {
        while let first = backlog.first, send(first, socket) {
            backlog.removeFirst()
            backlogBytes -= first.count
        }
    }

    private func sendFinalize(_ socket: WebSocketClient) {
        if case .sent(let timer) = finalizing { timer.cancel() }
        socket.send(text: DeepgramListenWire.finalize)
        finalizing = .sent(
            context.eventLoop.assumeIsolated().scheduleTask(in: Self.finalizePatience) {
                self.finalizing = .no
                self.sink?(self.utterance.settle())
            })
    }

    private func armKeepAlive() {
        keepAlive = context.eventLoop.assumeIsolated().scheduleTask(in: Self.keepAliveInterval) {
            guard self.sink != nil, let socket = self.socket else { return }
            let now = self.context.eventLoop.now
            if let last = self.lastSent {
                if now - last >= Self.keepAliveInterval { socket.send(text: DeepgramListenWire.keepAlive) }
            } else {
                // KeepAlive alone before any audio may not count: 20 ms of silence first.
                let bytes = self.format.bytes(forSamples: self.format.samples(inMilliseconds: 20))
                let silence = [UInt8](repeating: DeepgramEncoding.silence(self.format.encoding), count: bytes)
                if self.send(silence, socket) { self.utterance.offsetMilliseconds -= 20 }
                socket.send(text: DeepgramListenWire.keepAlive)
            }
            self.armKeepAlive()
        }
    }

    private func milliseconds(_ bytes: Int) -> Int64 {
        Int64(format.milliseconds(ofSamples: format.samples(inBytes: bytes)).rounded())
    }

    // MARK: From the server

    private func received(_ event: WebSocketClient.Event) {
        guard sink != nil else { return }
        switch event {
        case .open:
            guard let socket else { return }
            drainBacklog(socket)
            if case .wanted = finalizing { sendFinalize(socket) }
            armKeepAlive()
        case .text(let message): received(message)
        case .binary: break
        case .closed(let code, let reason): fail(closed(code, reason))
        case .failed(let error): fail(ProviderError(error, provider: name, secret: key))
        }
    }

    private func received(_ message: ByteBuffer) {
        guard let decoded = message.withUnsafeReadableBytes(DeepgramListenWire.decode) else {
            return fail(ProviderError(.protocol, provider: name, detail: "sent a message that is not of its protocol"))
        }
        switch decoded {
        case .error(let description):
            return fail(ProviderError(.protocol, provider: name, detail: Secret.redacted(key, description)))
        case .results(let results):
            if results.fromFinalize, case .sent(let timer) = finalizing {
                timer.cancel()
                finalizing = .no
            }
        case .other(let type): context.log(.debug, "deepgram: unknown message \(Secret.redacted(key, type))")
        case .utteranceEnd, .speechStarted, .metadata: break
        }
        for event in utterance.apply(decoded) { sink?(event) }
    }

    private func closed(_ code: UInt16?, _ reason: String) -> ProviderError {
        let reason = Secret.redacted(key, reason)
        if reason.contains("DATA-0000") {
            return ProviderError(
                .configuration, provider: name,
                detail: "cannot decode the audio as \(format.encoding.rawValue) (\(reason))")
        }
        let what = code.map { "closed the connection with code \($0)" } ?? "the connection was lost"
        return ProviderError(.unavailable, provider: name, detail: reason.isEmpty ? what : "\(what): \(reason)")
    }

    private func fail(_ error: ProviderError) {
        let sink = sink
        end()
        socket?.abort()
        socket = nil
        sink?(.failed(error))
    }

    private func end() {
        sink = nil
        keepAlive?.cancel()
        if case .sent(let timer) = finalizing { timer.cancel() }
        finalizing = .no
        backlog.removeAll()
        backlogBytes = 0
    }
}
