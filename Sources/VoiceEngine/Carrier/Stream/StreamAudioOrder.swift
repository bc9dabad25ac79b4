internal import VoiceEngineCore
internal import VoiceEngineMedia

/// Caller audio of a carrier whose messages may overtake each other or be lost: put in order by `JitterBuffer`, gaps
/// filled by `LossConcealment` or, for Opus, by libopus. Confined to its stream.
///
/// Opus is decoded here, because only its decoder can fill gaps. All memory is taken at the start.
final class StreamAudioOrder {
    /// What comes out.
    let format: AudioFormat
    private let input: AudioFormat
    private var buffer: JitterBuffer
    private var concealment: LossConcealment
    private let opus: OpusDecoder?
    private let decoded: UnsafeMutableBufferPointer<Int16>

    /// - Throws: When libopus has no decoder for this rate.
    init(_ input: AudioFormat) throws(MediaError) {
        self.input = input
        // 60 ms of the widest format, or the longest Opus packet.
        let bytes =
            input.encoding == .opus
            ? AudioFormat.maximumOpusPacketBytes : input.bytes(forSamples: input.samples(inMilliseconds: 60))
        buffer = JitterBuffer(.init(packetBytes: bytes))
        if input.encoding == .opus {
            let decoder = try OpusDecoder(sampleRate: input.sampleRate)
            opus = decoder
            format = AudioFormat.linear(input)
            decoded = .allocate(capacity: decoder.maximumPacketSamples)
        } else {
            opus = nil
            format = input
            decoded = .allocate(capacity: 1)
        }
        decoded.initialize(repeating: 0)
        concealment = LossConcealment(input)
    }

    deinit { decoded.deallocate() }

    /// When audio that waits must go on, even if nothing arrives until then.
    var deadline: Instant? { buffer.deadline }
    var lost: Int64 { buffer.lostCount }
    var late: Int64 { buffer.lateCount }

    /// Takes one packet, and hands out what can be heard now.
    func take(
        _ packet: UnsafeRawBufferPointer, _ media: StreamMedia, at now: Instant,
        _ deliver: (UnsafeRawBufferPointer) -> Void
    ) {
        let verdict = buffer.arrived(
            packet, number: media.sequence, time: media.timestamp, milliseconds: milliseconds(packet), at: now)
        if verdict == .play { play(packet, deliver) }
        drain(at: now, deliver)
    }

    /// Hands out what has waited long enough.
    func drain(at now: Instant, _ deliver: (UnsafeRawBufferPointer) -> Void) {
        while true {
            switch buffer.next(at: now) {
            case .nothing: return
            case .lost(let milliseconds): conceal(milliseconds, deliver)
            case .packet(let slot): buffer.withPacket(slot) { play($0, deliver) }
            }
        }
    }

    private func milliseconds(_ packet: UnsafeRawBufferPointer) -> Int {
        if let opus {
            let samples = opus.duration(of: packet.assumingMemoryBound(to: UInt8.self).span) ?? 0
            return samples * 1_000 / input.sampleRate
        }
        return input.samples(inBytes: packet.count) * 1_000 / input.sampleRate
    }

    private func play(_ packet: UnsafeRawBufferPointer, _ deliver: (UnsafeRawBufferPointer) -> Void) {
        guard packet.count > 0 else { return }
        guard let opus else {
            deliver(packet)
            return concealment.heard(packet)
        }
        var target = decoded.mutableSpan
        // A packet that is no Opus is a lost one.
        let count =
            (try? opus.decode(packet.assumingMemoryBound(to: UInt8.self).span, into: &target))
            ?? (try? opus.conceal(input.sampleRate / 50, into: &target)) ?? 0
        deliverDecoded(count, deliver)
    }

    private func conceal(_ milliseconds: Int, _ deliver: (UnsafeRawBufferPointer) -> Void) {
        guard let opus else { return concealment.conceal(milliseconds: milliseconds, deliver) }
        var target = decoded.mutableSpan
        let count = (try? opus.conceal(input.sampleRate * milliseconds / 1_000, into: &target)) ?? 0
        deliverDecoded(count, deliver)
    }

    private func deliverDecoded(_ count: Int, _ deliver: (UnsafeRawBufferPointer) -> Void) {
        guard count > 0 else { return }
        deliver(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: decoded[..<count])))
    }
}

extension AudioFormat {
    /// 16-bit samples at the rate of `format`.
    static func linear(_ format: AudioFormat) -> AudioFormat {
        // Every rate of Opus is one of PCM.
        (try? AudioFormat(encoding: .pcm16, sampleRate: format.sampleRate)) ?? .telephone
    }
}
