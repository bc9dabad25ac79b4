import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineLocal

/// The streams with scripted models: what is reported where and when.
@Suite("Local providers")
struct ProviderTests {
    private let loop = NIOAsyncTestingEventLoop()
    private let pool = InferencePool(.init(cores: 1))

    /// Waits until the lane has done what was submitted so far, and the loop what came of it.
    private func settle(_ lane: InferencePool.Lane) async throws {
        let done = Gate()
        try pool.submit(to: lane) { _ in done.open() }
        done.wait()
        await loop.run()
    }

    private static func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

    @Test("a spoken sentence becomes a settled transcript before it is asked for")
    func transcript() async throws {
        let lengths = Collected<Int>()
        let provider = LocalSTT(pool: pool) { samples, _ in
            lengths.add(samples.count)
            return Recognition(text: "hello there", confidence: 1)
        }
        let events = Collected<SpeechToTextEvent>()
        let context = context(on: loop)
        try await loop.executeInContext { [self] in
            #expect(provider.format(for: .telephone).sampleRate == 16_000)
            let stream = provider.open(context, format: provider.format(for: .telephone)) { events.add($0) }
            Self.bytes(16_000 * 2).withUnsafeBytes { stream.send($0) }
            stream.hint(.started(atMilliseconds: 400))
            stream.hint(.paused(atMilliseconds: 800))
            keep(stream)
        }
        try await settle(.speech)
        // From 300 ms before the voice to what there was.
        #expect(lengths.all == [14_400])
        #expect(
            events.all == [.transcript(.init(text: "hello there", isSettled: true, coveredMilliseconds: 800))])
        await release()
        pool.shutdown()
    }

    @Test("missing models end the stream with a sentence that says what to do")
    func missing() async throws {
        let store = ModelStore(directory: "/nonexistent", llama: .init(threads: 1))
        let provider = LocalSTT(pool: pool) { samples, job throws(LocalModelError) in
            try store.moonshine().transcribe(samples) { job.isCancelled }
        }
        let events = Collected<SpeechToTextEvent>()
        let context = context(on: loop)
        try await loop.executeInContext { [self] in
            let stream = provider.open(context, format: .telephone) { events.add($0) }
            Self.bytes(16_000 * 2).withUnsafeBytes { stream.send($0) }
            stream.hint(.started(atMilliseconds: 400))
            stream.finishUtterance()
            keep(stream)
        }
        try await settle(.speech)
        guard case .failed(let error) = events.all.first else {
            Issue.record("\(events.all)")
            return
        }
        #expect(error.kind == .unavailable)
        #expect(error.detail.contains("run 'make models'"))
        #expect(events.all.count == 1)
        await release()
        pool.shutdown()
    }

    @Test("segments are spoken in order, each completed after its audio")
    func speech() async throws {
        let provider = LocalTTS(pool: pool) { text in [Int16](repeating: 1, count: text.utf8.count) }
        let events = Collected<String>()
        let context = context(on: loop)
        try await loop.executeInContext { [self] in
            let stream = provider.open(context, format: provider.format(for: .telephone)) { event in
                switch event {
                case .audio(let segment, let bytes): events.add("audio \(segment.index) \(bytes.count)")
                case .completed(let segment): events.add("completed \(segment.index)")
                case .failed(_, let error): events.add("failed \(error)")
                case .wordEnds: break
                }
            }
            let turn = TurnID.none.next
            stream.speak("One", as: SegmentID(turn: turn, index: 0))
            stream.speak("Three", as: SegmentID(turn: turn, index: 1))
            stream.speak("", as: SegmentID(turn: turn, index: 2))
            stream.finish(turn)
            #expect(events.all.isEmpty)
            keep(stream)
        }
        for _ in 0..<3 { try await settle(.speech) }
        #expect(
            events.all == ["audio 0 6", "completed 0", "audio 1 10", "completed 1", "completed 2"])
        await release()
        pool.shutdown()
    }

    @Test("the rest of a reply that is heard is spoken before what others wait for")
    func restOfAReply() async throws {
        let spoken = Collected<String>()
        let provider = LocalTTS(pool: pool) { text in
            spoken.add(text)
            return [1, 2]
        }
        let context = context(on: loop)
        let turn = TurnID.none.next
        try await loop.executeInContext { [self] in
            let stream = provider.open(context, format: .telephone) { _ in }
            stream.speak("first", as: SegmentID(turn: turn, index: 0))
            keep(stream)
        }
        try await settle(.speech)
        let (started, release) = (Gate(), Gate())
        try pool.submit(to: .speech) { _ in
            started.open()
            release.wait()
        }
        started.wait()
        try pool.submit(to: .speech) { _ in spoken.add("another call") }
        try await loop.executeInContext { [self] in
            let stream = kept() as? any TextToSpeechStream
            stream?.speak("rest", as: SegmentID(turn: turn, index: 1))
        }
        release.open()
        try await settle(.speech)
        #expect(spoken.all == ["first", "rest", "another call"])
        await self.release()
        pool.shutdown()
    }

    @Test("nothing of a cancelled turn is reported, the next turn is spoken")
    func cancelledSpeech() async throws {
        let release = Gate()
        let started = Gate()
        let provider = LocalTTS(pool: pool) { text in
            if text == "slow" {
                started.open()
                release.wait()
            }
            return [1, 2]
        }
        let events = Collected<UInt64>()
        let context = context(on: loop)
        let first = TurnID.none.next
        try await loop.executeInContext { [self] in
            let stream = provider.open(context, format: .telephone) { event in
                if case .completed(let segment) = event { events.add(segment.turn.number) }
            }
            stream.speak("slow", as: SegmentID(turn: first, index: 0))
            stream.speak("waits", as: SegmentID(turn: first, index: 1))
            keep(stream)
        }
        started.wait()
        try await loop.executeInContext { [self] in
            let stream = kept() as? any TextToSpeechStream
            stream?.cancel(first)
            stream?.speak("too late", as: SegmentID(turn: first, index: 2))
            stream?.speak("next", as: SegmentID(turn: first.next, index: 0))
        }
        release.open()
        for _ in 0..<2 { try await settle(.speech) }
        #expect(events.all == [2])
        await self.release()
        pool.shutdown()
    }

    @Test(
        "voice activity reports each window at its position", .enabled(if: Models.have(.voiceActivity), Models.hint))
    func windows() async throws {
        let provider = LocalVAD(pool: pool) { () throws(LocalModelError) in
            try SileroDetector(model: Models.store.silero())
        }
        let ends = Collected<Int64>()
        let context = context(on: loop)
        try await loop.executeInContext { [self] in
            let stream = provider.open(context) { window in
                #expect(window.probability < 0.5 && window.count == 256)
                ends.add(window.end)
            }
            // 100 samples short of three windows, then the rest.
            [Int16](repeating: 0, count: 668).withUnsafeBufferPointer { stream.send($0) }
            keep(stream)
        }
        try await settle(.realtime)
        #expect(ends.all == [256, 512])
        try await loop.executeInContext { [self] in
            let stream = kept() as? any VoiceActivityStream
            [Int16](repeating: 0, count: 100).withUnsafeBufferPointer { stream?.send($0) }
        }
        try await settle(.realtime)
        #expect(ends.all == [256, 512, 768])
        // What did not fill a window, and what is skipped, is not judged; positions go on.
        try await loop.executeInContext { [self] in
            let stream = kept() as? any VoiceActivityStream
            [Int16](repeating: 0, count: 30).withUnsafeBufferPointer { stream?.send($0) }
            stream?.skip(1_000)
            [Int16](repeating: 0, count: 256).withUnsafeBufferPointer { stream?.send($0) }
        }
        try await settle(.realtime)
        #expect(ends.all == [256, 512, 768, 2_054])
        await release()
        pool.shutdown()
    }

    @Test(
        "a flow speaks the document's sentences, a free answer the model's",
        .enabled(if: Models.have(.languageModel), Models.hint))
    func answers() async throws {
        let context = context(on: loop)
        let prompt = "You are a friendly receptionist. Answer in one short sentence."
        for (flow, expected) in [(LocalFlowTests.flow, "We are open from nine to five."), (nil, nil)]
            as [(LocalFlow?, String?)]
        {
            var options = LlamaOptions()
            options.maximumTokens = 24
            let provider = LocalLLM(store: Models.store, pool: pool, options: options, flow: flow)
            let events = Collected<LanguageModelEvent>()
            let request = ChatRequest(prompt: prompt, messages: [.user("What are your opening hours?")], tools: [])
            try await loop.executeInContext { [self] in
                keep(provider.generate(request, context: context) { events.add($0) })
            }
            try await settle(.language)
            guard case .finished(_, let usage) = events.all.last else {
                Issue.record("\(events.all)")
                return
            }
            #expect(usage.prompt > 0 && usage.completion > 0)
            let text = events.all.compactMap { if case .text(let text) = $0 { text } else { nil } }.joined()
            #expect(!text.isEmpty)
            if let expected { #expect(text == expected) }
        }
        await release()
        pool.shutdown()
    }

    @Test("a cancelled answer reports nothing", .enabled(if: Models.have(.languageModel), Models.hint))
    func cancelledAnswer() async throws {
        let provider = LocalLLM(store: Models.store, pool: pool, options: LlamaOptions(), flow: nil)
        let events = Collected<LanguageModelEvent>()
        let context = context(on: loop)
        let request = ChatRequest(prompt: "Talk.", messages: [.user("Count to a hundred.")], tools: [])
        try await loop.executeInContext {
            provider.generate(request, context: context) { events.add($0) }.cancel()
        }
        try await settle(.language)
        #expect(events.all.isEmpty)
        pool.shutdown()
    }

    // MARK: - Streams live on the loop

    private final class Box: @unchecked Sendable { var value: AnyObject? }  // touched on the loop only
    private let box = Box()

    private func keep(_ object: AnyObject) { box.value = object }
    private func kept() -> AnyObject? { box.value }
    private func release() async {
        try? await loop.executeInContext { [self] in box.value = nil }
    }
}
