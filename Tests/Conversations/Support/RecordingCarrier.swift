import NIOCore
import VoiceEngineCore
import VoiceEngineSession

/// A carrier that keeps what the caller has heard, sample by sample, in PCM16 at 8 kHz.
final class RecordingCarrier: Carrier {
    enum Kind: String, CaseIterable, Sendable {
        /// Frames wait at the carrier and are played in real time; a cut drops those that were not.
        case wire
        /// Each frame is played as it is handed over.
        case callback
        /// A host reads 20 ms at a time by its own clock.
        case reader
    }

    let kind: Kind
    /// What reached the caller's ear; silence between frames of a wire is left out.
    private(set) var heard: [Int16] = []
    /// Which samples of `heard` belong to the fade of a cut.
    private(set) var isFade: [Bool] = []
    /// Places in `heard` where a cut took effect.
    private(set) var cuts: [Int] = []
    /// [ms] When each frame was handed over.
    private(set) var frameTimes: [Int64] = []
    private(set) var requests: [CarrierRequest] = []
    /// Samples handed over when a reply ended.
    private(set) var ends: [Int64] = []
    private(set) var callsAfterClose = 0
    /// [ms] So much of the caller may come at once.
    private(set) var gathered = 0
    var isClosed = false

    private let ring = PlayoutRing(capacity: 1_920, sampleRate: 8_000)
    private let now: () -> Instant
    private var handed: Int64 = 0
    /// On a wire: when the first sample of `heard.count - waiting` … of the current stretch was played.
    private var pending: [Int16] = []
    private var started = Instant.zero
    private var isCut = false
    private var pendingFade: [Bool] = []
    /// Between a cut and the next tick: what is played now is the cut's tail.
    private var isTail = false

    init(kind: Kind, now: @escaping () -> Instant) { (self.kind, self.now) = (kind, now) }

    var setup: CallSetup {
        get throws {
            let format = try AudioFormat(encoding: .pcm16, sampleRate: 8_000)
            return CallSetup(
                agent: "test", callID: "call", variables: [:], input: format, output: format,
                leadMilliseconds: kind == .callback ? 0 : 60, wantsSilence: kind == .callback,
                followsReader: kind == .reader)
        }
    }

    var fadesOnCut: Bool { kind == .reader }

    func play(_ audio: UnsafeRawBufferPointer, samples: Int) {
        note()
        frameTimes.append(now().nanoseconds / 1_000_000)
        let frame = Array(audio.bindMemory(to: Int16.self))
        handed += Int64(samples)
        switch kind {
        case .wire:
            if pending.isEmpty { started = now() }
            pending += frame
            pendingFade += Array(repeating: isTail, count: samples)
        case .callback:
            heard += frame
            isFade += Array(repeating: isTail, count: samples)
        case .reader: if ring.write(frame.span) != frame.count { callsAfterClose += 1 }
        }
    }

    func speechEnds() {
        note()
        ends.append(handed)
    }

    func flush() { note() }

    func gather(_ milliseconds: Int) { gathered = milliseconds }

    func heardSamples(at now: Instant) -> Int64 {
        note()
        isTail = false
        switch kind {
        case .wire:
            let played = min(SampleClock(sampleRate: 8_000, origin: started).sample(at: now), Int64(pending.count))
            if played == pending.count {
                heard += pending
                isFade += pendingFade
                (pending, pendingFade) = ([], [])
                return handed
            }
            return handed - Int64(pending.count) + played
        case .callback: return handed
        case .reader: return ring.readPosition
        }
    }

    func cut(at now: Instant) -> Int64 {
        let position = heardSamples(at: now)
        switch kind {
        case .wire:
            heard += pending.dropLast(Int(handed - position))
            isFade += pendingFade.dropLast(Int(handed - position))
            (pending, pendingFade) = ([], [])
            cuts.append(heard.count)
        case .callback: cuts.append(heard.count)
        case .reader:
            ring.cut()
            isCut = true
        }
        isTail = true
        return position
    }

    func takeCutResult() -> CutResult {
        guard kind == .reader else { return .final }
        guard let report = ring.takeCutReport() else { return .pending }
        return .settled(report.stop)
    }

    func perform(_ request: CarrierRequest) -> Bool {
        requests.append(request)
        return true
    }

    /// The host's thread of a reader.
    func pull() {
        guard kind == .reader else { return }
        var block = [Int16](repeating: 0, count: 160)
        let count = block.withUnsafeMutableBufferPointer { ring.read(into: $0) }
        heard += block
        isFade += Array(repeating: isCut && count > 0, count: block.count)
        if isCut { cuts.append(heard.count - block.count + count) }
        isCut = false
    }

    private func note() { if isClosed { callsAfterClose += 1 } }
}
