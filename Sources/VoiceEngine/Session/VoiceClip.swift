internal import NIOCore
internal import Synchronization
package import VoiceEngineCore
internal import VoiceEngineMedia
package import VoiceEngineProviders

/// A text that an agent says over and over, recorded once: the sentence for failures, a greeting, a filler. Keeps what a
/// live voice would tell (which audio belongs to which segment, when words end), so that what the caller heard of it is
/// known as exactly. Shared by all calls; any thread.
package final class VoiceClip: Sendable {
    /// [s] Longer recordings are cut off here.
    static let longest = 30
    /// A recording that failed is tried again by a call that comes at least so much later.
    static let pause = Nanoseconds.seconds(60)
    /// How long one voice may take for the whole text.
    static let patience = Nanoseconds.seconds(15)
    /// Calls of more rates than this do not keep their conversion.
    private static let mostRates = 3

    /// As the voice delivered it.
    package struct Recording: Equatable, Sendable {
        package struct Segment: Equatable, Sendable {
            package var bytes: [UInt8] = []
            /// [ms] See `TextToSpeechEvent.wordEnds`.
            package var wordEnds: [Int64] = []
            /// The voice told its end, and with it that of those before it.
            package var isBorder = false
        }

        package var format: AudioFormat
        package var segments: [Segment]

        package var bytes: Int { segments.reduce(0) { $0 + $1.bytes.count } }
    }

    /// Ready to be played at one rate.
    package struct Rendering: Equatable, Sendable {
        package struct Segment: Equatable, Sendable {
            package var text: SpokenSegment
            package var samples: [Int16]
            /// In samples from the start of the segment's audio.
            package var wordEnds: [Int64]
            package var isBorder: Bool
        }

        package var segments: [Segment]

        package var samples: Int { segments.reduce(0) { $0 + $1.samples.count } }
    }

    private enum State {
        case missing(lastTry: Instant?)
        case recording
        case ready(Recording, renderings: [Int: Rendering])
    }

    package let text: String
    /// The text as it is given to a voice.
    package let segments: [SpokenSegment]
    private let voices: [any TextToSpeechProvider]
    private let state = Mutex(State.missing(lastTry: nil))

    /// - Parameters:
    ///   - segments: nil: the text in one piece.
    ///   - voices: Tried in this order.
    package init(text: String, segments: [SpokenSegment]? = nil, voices: [any TextToSpeechProvider]) {
        self.text = text
        self.segments = segments ?? [SpokenSegment(text)]
        self.voices = voices
    }

    package var recording: Recording? {
        state.withLock { if case .ready(let recording, _) = $0 { recording } else { nil } }
    }

    /// There is a recording that calls can be given.
    package var isPlayable: Bool { recording.map { $0.bytes > 0 } ?? false }

    /// A recording is under way: there may be one soon.
    package var isRecording: Bool {
        state.withLock { if case .recording = $0 { true } else { false } }
    }

    /// [bytes] of audio that it holds.
    package var size: Int {
        state.withLock { state in
            guard case .ready(let recording, let renderings) = state else { return 0 }
            return recording.bytes + 2 * renderings.values.reduce(0) { $0 + $1.samples }
        }
    }

    /// Records the text unless that is done, under way or was tried a moment ago. On the loop of `context`.
    package func record(with context: ProviderContext) { Self.record([self], with: context) }

    /// Records several, one after the other. On the loop of `context`.
    package static func record(_ clips: [VoiceClip], with context: ProviderContext) {
        ClipRecorder(clips, context: context).begin()
    }

    /// The recording at a call's output rate; nil while there is none.
    package func rendering(at rate: Int) -> Rendering? {
        let (recording, known) = state.withLock { state -> (Recording?, Rendering?) in
            guard case .ready(let recording, let renderings) = state else { return (nil, nil) }
            return (recording, renderings[rate])
        }
        if let known { return known }
        guard let recording, let rendering = render(recording, at: rate) else { return nil }
        state.withLock { state in
            guard case .ready(let recording, var renderings) = state, renderings.count < Self.mostRates else { return }
            renderings[rate] = rendering
            state = .ready(recording, renderings: renderings)
        }
        return rendering
    }

    private func render(_ recording: Recording, at rate: Int) -> Rendering? {
        guard let converter = try? AudioConverter(from: recording.format, toRate: rate) else { return nil }
        var segments: [Rendering.Segment] = []
        for (text, recorded) in zip(self.segments, recording.segments) {
            var samples: [Int16] = []
            if !recorded.bytes.isEmpty {
                recorded.bytes.withUnsafeBytes { samples += converter.decode($0) }
            }
            if recorded.isBorder { samples += converter.flush() }
            segments.append(
                Rendering.Segment(
                    text: text, samples: samples,
                    wordEnds: recorded.wordEnds.map { min(max($0, 0), 600_000) * Int64(rate) / 1_000 },
                    isBorder: recorded.isBorder))
        }
        let rendering = Rendering(segments: segments)
        return rendering.samples > 0 ? rendering : nil
    }

    // MARK: -

    /// - Returns: false when it must not be recorded now.
    private func claim(at now: Instant) -> Bool {
        state.withLock { state in
            guard case .missing(let last) = state else { return false }
            if let last, now - last < Self.pause { return false }
            state = .recording
            return true
        }
    }

    private func finished(_ recording: Recording?, at now: Instant) {
        state.withLock { $0 = recording.map { .ready($0, renderings: [:]) } ?? .missing(lastTry: now) }
    }

    /// Records clip after clip, each with voice after voice. Confined to its loop.
    private final class ClipRecorder {
        private let clips: [VoiceClip]
        private let context: ProviderContext
        private let turn = TurnID(number: 1)
        /// The clip under way, and the voice that is tried next.
        private var clip: VoiceClip?
        private var nextClip = 0
        private var nextVoice = 0
        /// Events of earlier attempts are late.
        private var attempt = 0
        private var stream: (any TextToSpeechStream)?
        private var recording = Recording(format: .telephone, segments: [])
        private var timer: Scheduled<Void>?
        /// Keeps itself alive while it works.
        private var selfReference: ClipRecorder?

        init(_ clips: [VoiceClip], context: ProviderContext) {
            self.clips = clips
            self.context = context
        }

        func begin() {
            selfReference = self
            tryNextClip()
        }

        private func tryNextClip() {
            stop()
            let now = context.eventLoop.instant
            while nextClip < clips.count {
                let candidate = clips[nextClip]
                nextClip += 1
                guard candidate.claim(at: now) else { continue }
                (clip, nextVoice) = (candidate, 0)
                return tryNextVoice()
            }
            clip = nil
            selfReference = nil
        }

        private func tryNextVoice() {
            stop()
            guard let clip else { return }
            guard nextVoice < clip.voices.count else {
                context.log(.warning, "a text could not be recorded: no voice works")
                return finish(nil)
            }
            let voice = clip.voices[nextVoice]
            nextVoice += 1
            let attempt = attempt
            // A rate that suits every call; telephones cut at 4 kHz anyway.
            let format = voice.format(for: (try? AudioFormat(encoding: .pcm16, sampleRate: 16_000)) ?? .telephone)
            // Packets of Opus would lose their borders.
            guard format.encoding != .opus else { return tryNextVoice() }
            recording = Recording(format: format, segments: clip.segments.map { _ in Recording.Segment() })
            timer = context.eventLoop.assumeIsolated().scheduleTask(
                in: .nanoseconds(VoiceClip.patience.rawValue)
            ) { self.tryNextVoice() }
            let stream = voice.open(context, format: format) { [weak self] event in
                if let self, self.attempt == attempt { self.received(event) }
            }
            self.stream = stream
            for (index, segment) in clip.segments.enumerated() {
                guard self.attempt == attempt else { return }
                stream.speak(segment.spoken, as: SegmentID(turn: turn, index: index))
            }
            if self.attempt == attempt { stream.finish(turn) }
        }

        private func received(_ event: TextToSpeechEvent) {
            switch event {
            case .audio(let segment, let audio):
                guard recording.segments.indices.contains(segment.index) else { return }
                let format = recording.format
                let room = format.bytes(forSamples: format.sampleRate * VoiceClip.longest) - recording.bytes
                recording.segments[segment.index].bytes += audio.prefix(max(room, 0))
            case .wordEnds(let segment, let ends):
                guard recording.segments.indices.contains(segment.index) else { return }
                recording.segments[segment.index].wordEnds = ends
            case .completed(let segment):
                guard recording.segments.indices.contains(segment.index) else { return }
                recording.segments[segment.index].isBorder = true
                guard segment.index == recording.segments.count - 1 else { return }
                recording.bytes == 0 ? tryNextVoice() : finish(recording)
            case .failed(_, let error):
                context.log(.warning, "a text could not be recorded: \(error)")
                tryNextVoice()
            }
        }

        private func stop() {
            attempt += 1
            timer?.cancel()
            timer = nil
            stream?.close()
            stream = nil
        }

        private func finish(_ recording: Recording?) {
            clip?.finished(recording, at: context.eventLoop.instant)
            tryNextClip()
        }
    }
}
