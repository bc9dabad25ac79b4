internal import NIOCore
internal import Synchronization
package import VoiceEngineCore
internal import VoiceEngineMedia
package import VoiceEngineProviders

/// The sentence of an agent for the case that nothing works, recorded while its voices do. Shared by all calls of the
/// agent; any thread.
package final class ApologyClip: Sendable {
    /// [s] Longer recordings are cut off here.
    static let longest = 30
    /// A recording that failed is tried again by a call that comes at least so much later.
    static let pause = Nanoseconds.seconds(60)
    /// How long one voice may take for the whole sentence.
    static let patience = Nanoseconds.seconds(15)

    package struct Recording: Equatable, Sendable {
        package var format: AudioFormat
        package var bytes: [UInt8]
    }

    private enum State {
        case missing(lastTry: Instant?)
        case recording
        case ready(Recording)
    }

    package let text: String
    private let voices: [any TextToSpeechProvider]
    private let state = Mutex(State.missing(lastTry: nil))

    /// - Parameter voices: Tried in this order.
    package init(text: String, voices: [any TextToSpeechProvider]) {
        self.text = text
        self.voices = voices
    }

    package var recording: Recording? {
        state.withLock { if case .ready(let recording) = $0 { recording } else { nil } }
    }

    /// There is a recording that calls can be given.
    package var isPlayable: Bool {
        recording.map { $0.format.encoding != .opus && !$0.bytes.isEmpty } ?? false
    }

    /// A recording is under way: there may be one soon.
    package var isRecording: Bool {
        state.withLock { if case .recording = $0 { true } else { false } }
    }

    /// Records the sentence unless that is done, under way or was tried a moment ago. On the loop of `context`.
    package func record(with context: ProviderContext) {
        let now = context.eventLoop.instant
        let isWanted = state.withLock { state in
            guard case .missing(let last) = state else { return false }
            if let last, now - last < Self.pause { return false }
            state = .recording
            return true
        }
        if isWanted { ClipRecorder(self, context: context).begin() }
    }

    /// The recorded sentence at a call's output rate; nil while there is none.
    func samples(at rate: Int) -> [Int16]? {
        guard let recording, let converter = try? AudioConverter(from: recording.format, toRate: rate) else {
            return nil
        }
        var samples: [Int16] = []
        if recording.format.encoding == .opus { return nil }
        recording.bytes.withUnsafeBytes { samples += converter.decode($0) }
        samples += converter.flush()
        return samples.isEmpty ? nil : samples
    }

    fileprivate func finished(_ recording: Recording?, at now: Instant) {
        state.withLock { $0 = recording.map { .ready($0) } ?? .missing(lastTry: now) }
    }

    /// One attempt at recording, voice after voice. Confined to its loop.
    private final class ClipRecorder {
        private let clip: ApologyClip
        private let context: ProviderContext
        private let segment = SegmentID(turn: TurnID(number: 1), index: 0)
        private var next = 0
        private var stream: (any TextToSpeechStream)?
        private var format = AudioFormat.telephone
        private var bytes: [UInt8] = []
        private var timer: Scheduled<Void>?
        /// Keeps itself alive while it works.
        private var selfReference: ClipRecorder?

        init(_ clip: ApologyClip, context: ProviderContext) {
            self.clip = clip
            self.context = context
        }

        func begin() {
            selfReference = self
            tryNext()
        }

        private func tryNext() {
            stop()
            guard next < clip.voices.count else {
                context.log(.warning, "the apology could not be recorded: no voice works")
                return finish(nil)
            }
            let number = next + 1
            let voice = clip.voices[next]
            next = number
            // A rate that suits every call; telephones cut at 4 kHz anyway.
            format = voice.format(for: (try? AudioFormat(encoding: .pcm16, sampleRate: 16_000)) ?? .telephone)
            bytes = []
            timer = context.eventLoop.assumeIsolated().scheduleTask(
                in: .nanoseconds(ApologyClip.patience.rawValue)
            ) { self.tryNext() }
            stream = voice.open(context, format: format) { [weak self] event in
                if let self, self.next == number { self.received(event) }
            }
            stream?.speak(clip.text, as: segment)
            stream?.finish(segment.turn)
        }

        private func received(_ event: TextToSpeechEvent) {
            switch event {
            case .audio(_, let audio):
                let room = format.bytes(forSamples: format.sampleRate * ApologyClip.longest) - bytes.count
                bytes += audio.prefix(max(room, 0))
            case .wordEnds: break
            case .completed: bytes.isEmpty ? tryNext() : finish(Recording(format: format, bytes: bytes))
            case .failed(_, let error):
                context.log(.warning, "the apology could not be recorded: \(error)")
                tryNext()
            }
        }

        private func stop() {
            timer?.cancel()
            timer = nil
            stream?.close()
            stream = nil
        }

        private func finish(_ recording: Recording?) {
            stop()
            // Nothing is listened to any more.
            next += 1
            clip.finished(recording, at: context.eventLoop.instant)
            selfReference = nil
        }
    }
}
