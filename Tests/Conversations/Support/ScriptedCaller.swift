import NIOCore
import NIOEmbedded
import VoiceEngineCore
import VoiceEngineProviders

// The caller's side of a conversation in virtual time: who speaks when, what the recogniser makes of it, and a
// detector without doubts. All confined to the one loop of its test.

extension EventLoop {
    /// Runs `task` at `time` (ms of the loop's clock).
    func schedule(at time: Int64, _ task: @escaping () -> Void) {
        let bound = NIOLoopBound(task, eventLoop: self)
        scheduleTask(deadline: .uptimeNanoseconds(UInt64(time * 1_000_000))) { bound.value() }
    }

    /// [ms] of the loop's clock.
    var milliseconds: Int64 { Int64(now.uptimeNanoseconds / 1_000_000) }
}

/// A recogniser that knows the script: each word is reported `latency` after it was spoken.
///
/// `@unchecked Sendable`, like all scripted providers here: touched by the test's one thread only.
final class ScriptedRecogniser: SpeechToTextProvider, @unchecked Sendable {
    final class Stream: SpeechToTextStream {
        let provider: ScriptedRecogniser
        let loop: any EventLoop
        let sink: (SpeechToTextEvent) -> Void
        var isOpen = true
        /// Words before this one belong to earlier turns.
        var base = 0
        /// Words before this one were reported.
        var reported = 0
        var hints: [VoiceHint] = []
        var receivedBytes = 0

        init(_ provider: ScriptedRecogniser, loop: any EventLoop, sink: @escaping (SpeechToTextEvent) -> Void) {
            (self.provider, self.loop, self.sink) = (provider, loop, sink)
            base = provider.words.prefix { $0.end <= loop.milliseconds }.count
            reported = base
        }

        func send(_ audio: UnsafeRawBufferPointer) { receivedBytes += audio.count }
        func hint(_ hint: VoiceHint) { hints.append(hint) }

        func finishUtterance() {
            let spoken = provider.words.prefix { $0.end <= loop.milliseconds }.count
            guard let settle = provider.settle else { return }
            loop.schedule(at: loop.milliseconds + settle) { self.report(upTo: spoken, isSettled: true) }
        }

        func utteranceCommitted() { base = reported }

        func close() {
            isOpen = false
            provider.open.removeAll { $0 === self }
        }

        func report(upTo count: Int, isSettled: Bool) {
            guard isOpen, provider.hears else { return }
            reported = max(reported, count, base)
            let text = provider.words[base..<reported].map(\.text).joined(separator: " ")
            if reported > base || isSettled { sink(.transcript(Transcript(text: text, isSettled: isSettled))) }
        }

        func tell(_ event: SpeechToTextEvent) {
            if isOpen { sink(event) }
        }

        /// Words out of any script: what a recogniser makes up, repeats or takes back.
        func tell(_ text: String, isSettled: Bool) {
            if isOpen { sink(.transcript(Transcript(text: text, isSettled: isSettled))) }
        }

        func endTurn() {
            if isOpen { sink(.endOfTurn) }
        }

        func fail(_ kind: ProviderError.Kind) {
            isOpen = false
            sink(.failed(ProviderError(kind, provider: "ears", detail: "the line to the recogniser broke")))
        }
    }

    let name = "ears"
    /// [ms] from the end of a word to its report, and from a question for a settled transcript to its answer; nil
    /// never answers.
    var latency: Int64 = 100
    var settle: Int64? = 40
    var hears = true
    var messageMilliseconds = 100
    /// In order of their ends. [ms]
    var words: [(text: String, end: Int64)] = []
    var open: [Stream] = []
    var openings = 0

    func format(for native: AudioFormat) -> AudioFormat { native }

    func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (SpeechToTextEvent) -> Void
    ) -> any SpeechToTextStream {
        let stream = Stream(self, loop: context.eventLoop, sink: sink)
        open.append(stream)
        openings += 1
        return stream
    }

    /// The caller says this from `start` for `duration`, its words evenly spread.
    func caller(says text: String, from start: Int64, for duration: Int64, on loop: any EventLoop) {
        let spoken = text.split(separator: " ").map(String.init)
        for (index, word) in spoken.enumerated() {
            let end = start + duration * Int64(index + 1) / Int64(spoken.count)
            words.append((word, end))
            let count = words.count
            loop.schedule(at: end + latency) { [weak self] in self?.open.last?.report(upTo: count, isSettled: false) }
        }
    }
}

/// Takes every sample but zero for speech, in windows of 10 ms.
final class ScriptedDetector: VoiceActivityProvider, @unchecked Sendable {
    final class Stream: VoiceActivityStream {
        let provider: ScriptedDetector
        let loop: any EventLoop
        let sink: (SpeechWindow) -> Void
        var position: Int64 = 0
        var filled = 0
        var isSpeech = false
        var isOpen = true

        init(_ provider: ScriptedDetector, loop: any EventLoop, sink: @escaping (SpeechWindow) -> Void) {
            (self.provider, self.loop, self.sink) = (provider, loop, sink)
        }

        func send(_ samples: UnsafeBufferPointer<Int16>) {
            for sample in samples {
                isSpeech = isSpeech || sample != 0
                filled += 1
                guard filled == 80 else { continue }
                let window = SpeechWindow(start: position, count: 80, probability: isSpeech ? 1 : 0)
                position += 80
                (filled, isSpeech) = (0, false)
                let bound = NIOLoopBound(self, eventLoop: loop)
                loop.execute { if bound.value.isOpen { bound.value.sink(window) } }
            }
        }

        func skip(_ count: Int64) {
            position += Int64(filled) + count
            (filled, isSpeech) = (0, false)
        }

        func close() {
            isOpen = false
            provider.open -= 1
        }
    }

    let name = "detector"
    var open = 0

    func open(
        _ context: ProviderContext, sink: @escaping (SpeechWindow) -> Void
    ) -> any VoiceActivityStream {
        open += 1
        return Stream(self, loop: context.eventLoop, sink: sink)
    }
}

/// A recogniser that hears words in the audio itself: `ScriptedCall.caller(spells:…)` puts them there. What it is not
/// sent it does not know.
final class ListeningRecogniser: SpeechToTextProvider, @unchecked Sendable {
    final class Stream: SpeechToTextStream {
        let provider: ListeningRecogniser
        let loop: any EventLoop
        let sink: (SpeechToTextEvent) -> Void
        let connected: Int64
        var isOpen = true
        var samples: Int64 = 0
        var tone: Int16 = 0
        var words: [String] = []
        /// Counts commits: what was heard before one is not reported after it.
        var turn = 0
        var hints: [VoiceHint] = []

        init(_ provider: ListeningRecogniser, loop: any EventLoop, sink: @escaping (SpeechToTextEvent) -> Void) {
            (self.provider, self.loop, self.sink) = (provider, loop, sink)
            connected = loop.milliseconds + provider.connect
        }

        func send(_ audio: UnsafeRawBufferPointer) {
            guard isOpen else { return }
            for sample in audio.bindMemory(to: Int16.self) {
                samples += 1
                let heard = sample.magnitude >= 4_000 ? Int16(sample.magnitude) : 0
                if heard != tone, tone != 0 { ended(word: Int(tone - 4_000) / 10) }
                tone = heard
            }
        }

        private func ended(word: Int) {
            words.append(Spelling.words[word])
            if Spelling.words[word] == provider.breaksAt {
                return loop.schedule(at: loop.milliseconds) { [weak self] in self?.fail(.unavailable) }
            }
            let settles = provider.settlesEvery > 0 && words.count.isMultiple(of: provider.settlesEvery)
            report(isSettled: settles, after: provider.latency)
        }

        private func report(isSettled: Bool, after delay: Int64) {
            let text = words.joined(separator: " ")
            let covered = samples / 8
            let turn = turn
            loop.schedule(at: max(loop.milliseconds, connected) + delay) { [weak self] in
                guard let self, self.isOpen, self.turn == turn else { return }
                self.sink(
                    .transcript(Transcript(text: text, isSettled: isSettled, coveredMilliseconds: covered)))
            }
        }

        func hint(_ hint: VoiceHint) { hints.append(hint) }
        func finishUtterance() { report(isSettled: true, after: 40) }
        func utteranceCommitted() {
            words = []
            turn += 1
        }

        func close() {
            isOpen = false
            provider.open.removeAll { $0 === self }
        }

        func fail(_ kind: ProviderError.Kind) {
            guard isOpen else { return }
            isOpen = false
            sink(.failed(ProviderError(kind, provider: provider.name, detail: "the line to the recogniser broke")))
        }
    }

    let name: String
    /// [ms] to connect, and from the end of a word to its report.
    var connect: Int64 = 150
    var latency: Int64 = 60
    /// Words after which what was heard is settled; 0: only when asked.
    var settlesEvery = 0
    /// Each stream fails when it hears this.
    var breaksAt: String?
    /// The next streams fail when they are opened.
    var failures: [ProviderError.Kind] = []
    var open: [Stream] = []
    var streams: [Stream] = []

    init(name: String = "ears") { self.name = name }

    func format(for native: AudioFormat) -> AudioFormat { native }

    func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (SpeechToTextEvent) -> Void
    ) -> any SpeechToTextStream {
        let stream = Stream(self, loop: context.eventLoop, sink: sink)
        open.append(stream)
        streams.append(stream)
        if !failures.isEmpty {
            let kind = failures.removeFirst()
            context.eventLoop.schedule(at: stream.connected) { stream.fail(kind) }
        }
        return stream
    }
}
