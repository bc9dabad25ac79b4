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
        let sink: (Int64, Float) -> Void
        var position: Int64 = 0
        var filled = 0
        var isSpeech = false
        var isOpen = true

        init(_ provider: ScriptedDetector, loop: any EventLoop, sink: @escaping (Int64, Float) -> Void) {
            (self.provider, self.loop, self.sink) = (provider, loop, sink)
        }

        func send(_ samples: UnsafeBufferPointer<Int16>) {
            for sample in samples {
                isSpeech = isSpeech || sample != 0
                filled += 1
                guard filled == 80 else { continue }
                position += 80
                let (end, probability): (Int64, Float) = (position, isSpeech ? 1 : 0)
                (filled, isSpeech) = (0, false)
                let bound = NIOLoopBound(self, eventLoop: loop)
                loop.execute { if bound.value.isOpen { bound.value.sink(end, probability) } }
            }
        }

        func close() {
            isOpen = false
            provider.open -= 1
        }
    }

    let name = "detector"
    var open = 0

    func open(
        _ context: ProviderContext, sink: @escaping (_ windowEnd: Int64, _ probability: Float) -> Void
    ) -> any VoiceActivityStream {
        open += 1
        return Stream(self, loop: context.eventLoop, sink: sink)
    }
}
