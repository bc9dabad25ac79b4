internal import VoiceEngineCore
internal import VoiceEngineProviders

/// The neural detector of one call, which works only where the cheap detector hears something that may be speech. Its
/// windows come back later, on the loop.
///
/// Confined to the session's loop. Allocates nothing after init.
final class NeuralDetector {
    private let provider: any VoiceActivityProvider
    private var stream: (any VoiceActivityStream)?
    private var gate: DetectorGate
    /// The newest samples: a pre-roll and a window, oldest first.
    private let recent: UnsafeMutableBufferPointer<Int16>
    /// Position after what the model was given or spared.
    private var given: Int64 = 0

    /// - Parameter format: What the detectors listen to.
    init(provider: any VoiceActivityProvider, format: AudioFormat) {
        self.provider = provider
        let configuration = DetectorGate.Configuration(format: format)
        gate = DetectorGate(configuration)
        recent = .allocate(capacity: configuration.preroll + format.samples(inMilliseconds: 10))
        recent.initialize(repeating: 0)
    }

    deinit { recent.deallocate() }

    /// It listens: its next window may end with the next frame.
    var isAwake: Bool { gate.isAwake }

    func open(_ context: ProviderContext, judged: @escaping (SpeechWindow) -> Void) {
        stream = provider.open(context, sink: judged)
    }

    /// The next samples of the caller, no more than the window of 10 ms that they complete.
    func take(_ samples: UnsafeBufferPointer<Int16>) {
        let samples = UnsafeBufferPointer(rebasing: samples.suffix(recent.count))
        guard let base = recent.baseAddress, let source = samples.baseAddress else { return }
        let kept = recent.count - samples.count
        base.update(from: base + samples.count, count: kept)
        (base + kept).update(from: source, count: samples.count)
    }

    /// The cheap detector has judged the window that ends with the samples taken last.
    ///
    /// - Parameter isInUtterance: The caller is taken to be speaking or pausing.
    func heard(_ window: SpeechWindow, isInUtterance: Bool) {
        switch gate.heard(window, isInUtterance: isInUtterance) {
        case .skip: break
        case .judge: send(window.count, until: window.end)
        case .wake(let preroll): send(preroll + window.count, until: window.end)
        }
    }

    func close() {
        stream?.close()
        stream = nil
    }

    /// - Parameter count: The newest samples.
    private func send(_ count: Int, until end: Int64) {
        let count = min(count, recent.count)
        let spared = end - Int64(count) - given
        if spared > 0 { stream?.skip(spared) }
        given = end
        stream?.send(UnsafeBufferPointer(rebasing: recent.suffix(count)))
    }
}
