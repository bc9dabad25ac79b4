internal import NIOCore
internal import VoiceEngineCore

/// A recogniser of whole utterances somewhere else, as one call uses it. Confined to the call's event loop.
protocol UtteranceRecogniser: AnyObject {
    typealias Completion = (Result<String, ProviderError>) -> Void
    /// A voice was heard: soon there will be something to recognise.
    func prepare()
    /// Recognises mono PCM16 at the rate of the stream; the completion is called once, later, unless cancelled.
    func recognise(_ samples: [Int16], _ completion: @escaping Completion) -> any UtteranceRequest
    func close()
}

protocol UtteranceRequest: AnyObject {
    /// The completion is not called any more.
    func cancel()
}

/// The caller's audio that may still be needed. Positions count from the first sample ever received.
private struct UtteranceAudio {
    /// [samples] Peak below which there is nothing but silence: -54 dBFS.
    private static let silence: Int16 = 64

    private var samples: [Int16] = []
    private var first: Int64 = 0

    var end: Int64 { first + Int64(samples.count) }

    mutating func append(_ audio: UnsafeBufferPointer<Int16>) { samples += audio }

    /// Forgets what is before; in large steps, so that it costs little per frame.
    mutating func drop(before position: Int64) {
        let count = Int(min(max(0, position - first), Int64(samples.count)))
        guard count >= 16_000 || (count > 0 && count == samples.count) else { return }
        samples.removeFirst(count)
        first += Int64(count)
    }

    subscript(range: Range<Int64>) -> ArraySlice<Int16> {
        let lower = Int(min(max(range.lowerBound, first), end) - first)
        let upper = Int(min(max(range.upperBound, first), end) - first)
        return samples[min(lower, upper)..<upper]
    }

    /// The middle of the quietest window.
    func quietest(in range: Range<Int64>, window: Int) -> Int64 {
        var best = (energy: UInt64.max, position: range.upperBound)
        var start = range.lowerBound
        while start + Int64(window) <= range.upperBound {
            var energy: UInt64 = 0
            for sample in self[start..<start + Int64(window)] { energy &+= UInt64(sample.magnitude) }
            if energy <= best.energy { best = (energy, start + Int64(window) / 2) }
            start += Int64(window)
        }
        return best.position
    }

    static func isSilent(_ samples: [Int16]) -> Bool { !samples.contains { $0.magnitude > silence.magnitude } }
}

/// One call's utterances: performs what `WholeUtteranceStateMachine` decides.
///
/// A request that fails is tried once more here, not by whoever opened the stream: the audio is at hand, and a new
/// stream would know nothing of the utterance. What fails twice ends the stream.
final class WholeUtteranceStream: SpeechToTextStream {
    private static let retryPause = TimeAmount.milliseconds(250)
    /// Who waits longer has lost the caller; another provider may take over.
    private static let longestRetryPause = Nanoseconds.seconds(2)
    private static let retries = 1

    private struct Running {
        let samples: [Int16]
        var attempts = 0
        var request: (any UtteranceRequest)?
        var timer: Scheduled<Void>?

        func cancel() {
            request?.cancel()
            timer?.cancel()
        }
    }

    private let sampleRate: Int64
    private let context: ProviderContext
    private let recogniser: any UtteranceRecogniser
    /// nil once closed or failed.
    private var sink: ((SpeechToTextEvent) -> Void)?
    private var machine: WholeUtteranceStateMachine
    private var audio = UtteranceAudio()
    private var running: [Int: Running] = [:]
    /// Grows with every committed utterance: a report that waited is not one of the next.
    private var utterance = 0

    init(
        sampleRate: Int, context: ProviderContext, recogniser: any UtteranceRecogniser,
        sink: @escaping (SpeechToTextEvent) -> Void
    ) {
        self.sampleRate = Int64(sampleRate)
        self.context = context
        self.recogniser = recogniser
        self.sink = sink
        machine = WholeUtteranceStateMachine(limits: .init(sampleRate: Int64(sampleRate)))
    }

    // MARK: From the session

    func send(_ bytes: UnsafeRawBufferPointer) {
        guard sink != nil, bytes.count >= 2 else { return }
        // Copied: the bytes may lie at an odd address.
        withUnsafeTemporaryAllocation(of: Int16.self, capacity: bytes.count / 2) { samples in
            UnsafeMutableRawBufferPointer(samples).copyMemory(from: .init(rebasing: bytes[..<(bytes.count / 2 * 2)]))
            audio.append(UnsafeBufferPointer(samples))
        }
        let window = Int(sampleRate) / 10
        perform(machine.received(end: audio.end) { audio.quietest(in: $0, window: window) })
        audio.drop(before: machine.neededFrom(end: audio.end))
    }

    func hint(_ hint: VoiceHint) {
        guard sink != nil else { return }
        switch hint {
        case .started(let position):
            recogniser.prepare()
            perform(machine.started(at: position * sampleRate / 1_000))
        case .paused(let position):
            perform(machine.paused(at: position * sampleRate / 1_000, end: audio.end))
        case .resumed:
            recogniser.prepare()
            perform(machine.resumed())
        case .quiet: break
        }
    }

    func finishUtterance() {
        if sink != nil { perform(machine.finish(end: audio.end)) }
    }

    func utteranceCommitted() {
        guard sink != nil else { return }
        utterance += 1
        perform(machine.committed())
        audio.drop(before: machine.neededFrom(end: audio.end))
    }

    func close() {
        sink = nil
        for request in running.values { request.cancel() }
        running = [:]
        recogniser.close()
    }

    // MARK: -

    private func perform(_ actions: [WholeUtteranceStateMachine.Action]) {
        for action in actions {
            switch action {
            case .recognise(let id, let range): start(id, Array(audio[range]))
            case .abandon(let id): running.removeValue(forKey: id)?.cancel()
            case .report(let report):
                let current = utterance
                later { if current == self.utterance { self.deliver(report) } }
            }
        }
    }

    private func start(_ id: Int, _ samples: [Int16]) {
        running[id] = Running(samples: samples)
        // Nothing but silence: some models invent words for it.
        if UtteranceAudio.isSilent(samples) { return later { self.completed(id, .success("")) } }
        ask(id)
    }

    private func ask(_ id: Int) {
        guard let samples = running[id]?.samples else { return }
        running[id]?.attempts += 1
        running[id]?.timer = nil
        running[id]?.request = recogniser.recognise(samples) { [weak self] in self?.completed(id, $0) }
    }

    private func completed(_ id: Int, _ result: Result<String, ProviderError>) {
        guard sink != nil, let request = running[id] else { return }
        switch result {
        case .success(let text):
            running[id] = nil
            for action in machine.recognised(id: id, text: text) {
                if case .report(let report) = action { deliver(report) } else { perform([action]) }
            }
        case .failure(let error):
            guard error.isRetryable, request.attempts <= Self.retries,
                (error.retryAfter ?? .zero) <= Self.longestRetryPause
            else { return fail(error) }
            let pause = error.retryAfter.map { TimeAmount.nanoseconds($0.rawValue) } ?? Self.retryPause
            running[id]?.request = nil
            running[id]?.timer = context.eventLoop.assumeIsolated().scheduleTask(in: pause) { self.ask(id) }
        }
    }

    private func deliver(_ report: WholeUtteranceStateMachine.Report) {
        sink?(
            .transcript(
                Transcript(
                    text: report.text, isSettled: report.isSettled,
                    coveredMilliseconds: report.covered * 1_000 / sampleRate)))
    }

    func fail(_ error: ProviderError) {
        let report = sink
        close()
        report?(.failed(error))
    }

    /// Outside of the session's call into this stream.
    private func later(_ body: @escaping () -> Void) { context.eventLoop.assumeIsolated().execute(body) }
}
