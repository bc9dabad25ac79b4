internal import NIOCore
package import VoiceEngineCore
package import VoiceEngineProviders

/// A voice: a tone of 65 ms for each character, the first of it after 80 ms, then eight times faster than it plays.
package struct ScriptedVoice: TextToSpeechProvider {
    package let name = "scripted-voice"

    package init() {}

    package func format(for native: AudioFormat) -> AudioFormat { native }

    package func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) -> any TextToSpeechStream { VoiceStream(context.eventLoop, Tone.chunk(format), sink) }
}

/// 200 ms of 400 Hz, whole periods: the same bytes again and again are one tone.
package enum Tone {
    package static let milliseconds = 200

    /// - Returns: PCM16 or G.711; nothing for what has no samples.
    package static func chunk(_ format: AudioFormat) -> [UInt8] {
        let period = format.sampleRate / 400
        // A triangle: nothing of the C library is needed, and no sample of a byte's length is silence for long.
        let samples = (0..<format.samples(inMilliseconds: milliseconds)).map { index -> Int16 in
            let place = index % period * 4 * 6_000 / period
            return Int16(place < 6_000 ? place : place < 18_000 ? 12_000 - place : place - 24_000)
        }
        var bytes = [UInt8](repeating: 0, count: format.bytes(forSamples: samples.count))
        var target = bytes.mutableSpan
        _ = format.encoding.encode(samples.span, into: &target)
        return bytes
    }
}

/// One call's voice. Confined to the call's loop.
private final class VoiceStream: TextToSpeechStream {
    private struct Job {
        let segment: SegmentID
        /// [ms]
        var remaining: Int
    }

    private static let firstByte = Nanoseconds.milliseconds(80)
    private static let betweenChunks = Nanoseconds.milliseconds(25)
    private static let millisecondsPerCharacter = 65

    private let eventLoop: any EventLoop
    private let chunk: [UInt8]
    private let sink: (TextToSpeechEvent) -> Void
    /// Holds the stream until it is closed.
    private var timer: LoopTimer?
    private var jobs: [Job] = []
    private var isHeld = false

    init(_ eventLoop: any EventLoop, _ chunk: [UInt8], _ sink: @escaping (TextToSpeechEvent) -> Void) {
        self.eventLoop = eventLoop
        self.chunk = chunk
        self.sink = sink
        timer = LoopTimer(eventLoop: eventLoop) { _ in self.speakOn() }
    }

    func speak(_ text: String, as segment: SegmentID) {
        let milliseconds = text.utf8.count * Self.millisecondsPerCharacter / Tone.milliseconds * Tone.milliseconds
        jobs.append(Job(segment: segment, remaining: max(milliseconds, Tone.milliseconds)))
        if jobs.count == 1, !isHeld { timer?.arm(until: eventLoop.instant + Self.firstByte) }
    }

    func finish(_ turn: TurnID) {}

    func cancel(_ turn: TurnID) {
        jobs.removeAll { $0.segment.turn <= turn }
        if jobs.isEmpty { timer?.cancel() }
    }

    func holdAudio(_ hold: Bool) {
        isHeld = hold
        if hold { return timer?.cancel() ?? () }
        if !jobs.isEmpty { timer?.arm(until: eventLoop.instant + Self.betweenChunks) }
    }

    func close() {
        jobs = []
        timer?.close()
        timer = nil
    }

    private func speakOn() {
        guard !isHeld, let job = jobs.first else { return }
        jobs[0].remaining -= Tone.milliseconds
        let isLast = jobs[0].remaining <= 0
        if isLast { jobs.removeFirst() }
        // A new segment follows its predecessor without a pause, as with one connection.
        if !jobs.isEmpty { timer?.arm(until: eventLoop.instant + Self.betweenChunks) }
        chunk.withUnsafeBytes { sink(.audio(job.segment, $0)) }
        if isLast { sink(.completed(job.segment)) }
    }
}
