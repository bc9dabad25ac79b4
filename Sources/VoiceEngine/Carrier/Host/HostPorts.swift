internal import Synchronization
package import VoiceEngineCore

// The C ABI as a carrier: host threads on one side of two rings, the call's loop on the other.
//
//     push ─► SampleRing ─► HostCarrier.tick ─► Session.receive
//     pull ◄─ PlayoutRing ◄─────────────── play ◄─ Session       or:  on_audio ◄─ play

/// Why a host's audio is not taken, or given.
package struct HostAudioError: Error, Equatable {
    package enum Reason: Sendable {
        case badArgument
        /// Another thread is inside.
        case reentrant
        case unsupported
    }

    package let reason: Reason
    package let detail: String

    package init(_ reason: Reason, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }
}

/// How the agent's audio leaves a hosted call.
package enum HostPlayout: Sendable {
    /// The host's callback is given each frame; a borrowed pointer and its bytes.
    case callback(@Sendable (UnsafeRawBufferPointer) -> Void)
    case pull
}

/// The host threads' side of a hosted call: rings, and the conversion of what is pulled.
///
/// `@unchecked Sendable`: `scratch` and `noise` are touched by the thread that holds `pulling`, `packet` by the one that
/// holds `pushing`.
package final class HostPorts: @unchecked Sendable {
    /// An Opus packet travels in a slot of fixed size behind its length, so that dropping the oldest drops whole
    /// packets.
    static let packetSlot = 2 + AudioFormat.maximumOpusPacketBytes
    /// [ms] of audio in front of a host that pulls: a frame of 60 ms and a late tick less than is filled up at once.
    package static let pullLead = 160
    /// It is filled up when so much of it was read. [ms]
    package static let pullStride = 80
    /// [samples] that are pulled at a time.
    private static let pullStep = 480

    package let input: AudioFormat
    package let output: AudioFormat
    let caller: SampleRing
    let agent: PlayoutRing?
    private let scratch: UnsafeMutableBufferPointer<Int16>
    /// Where the agent says nothing; nil: silence.
    private var noise: ComfortNoise?
    private let packet: UnsafeMutableRawBufferPointer
    private let pushing = Atomic<Bool>(false)
    private let pulling = Atomic<Bool>(false)

    /// - Parameter comfortNoise: [dBFS] Of the noise in place of silence that a host pulls; nil: none.
    package init(input: AudioFormat, output: AudioFormat, pulls: Bool, comfortNoise: Int? = nil) {
        noise = comfortNoise.map { ComfortNoise(level: $0) }
        self.input = input
        self.output = output
        // One second of caller audio, or of Opus packets of 20 ms.
        caller =
            input.encoding == .opus
            ? SampleRing(capacity: Self.packetSlot * 50, granule: Self.packetSlot)
            : SampleRing(capacity: input.bytes(forSamples: input.sampleRate), granule: input.bytesPerSample)
        agent =
            pulls
            ? PlayoutRing(
                capacity: output.samples(inMilliseconds: 2 * Self.pullLead), sampleRate: output.sampleRate) : nil
        scratch = .allocate(capacity: pulls ? Self.pullStep : 1)
        scratch.initialize(repeating: 0)
        packet = .allocate(byteCount: input.encoding == .opus ? Self.packetSlot : 2, alignment: 2)
        packet.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit {
        scratch.deallocate()
        packet.deallocate()
    }

    /// - Returns: false when old audio had to make room.
    package func push(_ audio: UnsafeRawBufferPointer) throws(HostAudioError) -> Bool {
        try Self.enter(pushing)
        defer { pushing.store(false, ordering: .releasing) }
        guard input.encoding == .opus else {
            try Self.check(audio.count, input)
            return caller.write(audio) == 0
        }
        guard audio.count <= AudioFormat.maximumOpusPacketBytes else {
            throw HostAudioError(
                .badArgument, "bytes \(audio.count): expected one Opus packet of at most 1275 bytes")
        }
        packet.storeBytes(of: UInt16(audio.count), as: UInt16.self)
        packet.baseAddress.map {
            UnsafeMutableRawBufferPointer(start: $0 + 2, count: audio.count).copyMemory(from: audio)
        }
        return caller.write(UnsafeRawBufferPointer(packet)) == 0
    }

    /// Fills the buffer, with silence where the agent says nothing.
    package func pull(into audio: UnsafeMutableRawBufferPointer) throws(HostAudioError) {
        guard let agent else {
            throw HostAudioError(
                .unsupported, "this session hands its audio to on_audio; create it with VOICE_PLAYOUT_PULL")
        }
        try Self.check(audio.count, output)
        try Self.enter(pulling)
        defer { pulling.store(false, ordering: .releasing) }
        // Through `scratch`, because the host's buffer need not lie where samples may.
        var done = 0
        while done < audio.count {
            let count = min((audio.count - done) / output.bytesPerSample, scratch.count)
            let samples = UnsafeMutableBufferPointer(rebasing: scratch[..<count])
            let spoken = agent.read(into: samples)
            noise?.fill(UnsafeMutableBufferPointer(rebasing: samples[spoken...]))
            let bytes = count * output.bytesPerSample
            let room = UnsafeMutableRawBufferPointer(rebasing: audio[done..<(done + bytes)])
            var target = room.bindMemory(to: UInt8.self).mutableSpan
            _ = output.encoding.encode(samples.span, into: &target)
            done += bytes
        }
    }

    private static func check(_ bytes: Int, _ format: AudioFormat) throws(HostAudioError) {
        guard bytes.isMultiple(of: format.bytesPerSample) else {
            throw HostAudioError(
                .badArgument, "bytes \(bytes): expected a whole number of samples of \(format.bytesPerSample) bytes")
        }
    }

    /// The rings have one writer and one reader; a second thread is sent away instead of breaking them.
    private static func enter(_ isBusy: borrowing Atomic<Bool>) throws(HostAudioError) {
        guard isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
            throw HostAudioError(.reentrant, "another thread is inside this function for the same session")
        }
    }

    /// What the host gets when the session has ended.
    package func silence(into audio: UnsafeMutableRawBufferPointer) {
        audio.initializeMemory(as: UInt8.self, repeating: output.encoding.silence)
    }
}
