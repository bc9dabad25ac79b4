internal import VoiceEngineCore

/// Agent audio on its way into messages: frames are collected until there is enough for one, and brought into the
/// carrier's byte order. Through one buffer that is reused.
struct StreamOutboundAudio: ~Copyable {
    /// The audio of one message. Borrowed until the next call.
    struct Message {
        let audio: UnsafeRawBufferPointer
        /// Of the session's audio.
        let samples: Int
        /// Silence behind them.
        let padding: Int
    }

    private let format: StreamFormat
    /// [bytes] of one message; 0: every frame is a message.
    private let wanted: Int
    private var bytes: UnsafeMutableRawBufferPointer
    private var count = 0
    private var g722: SpanDSP.Encoder?
    /// Collected and not yet in a message.
    private(set) var waitingSamples = 0
    /// The carrier takes no audio now.
    var isHeld = false

    init(_ format: StreamFormat, _ traits: StreamTraits) {
        self.format = format
        let message = format.audio.samples(inMilliseconds: traits.messageMilliseconds)
        let collects = traits.messageMilliseconds > traits.frameMilliseconds && format.audio.bytesPerSample > 0
        wanted = collects ? format.audio.bytes(forSamples: message) : 0
        let frame = format.audio.bytes(forSamples: format.audio.samples(inMilliseconds: 60))
        bytes = .allocate(byteCount: wanted + frame, alignment: 8)
        g722 = format.packing == .g722 ? SpanDSP.shared.flatMap { SpanDSP.Encoder($0) } : nil
    }

    deinit { bytes.deallocate() }

    /// Frames wait to be sent together.
    var collects: Bool { wanted > 0 }

    /// Takes one frame.
    ///
    /// - Returns: The message that is complete with it.
    mutating func take(_ frame: UnsafeRawBufferPointer, samples: Int) -> Message? {
        if !collects, format.packing == .same { return Message(audio: frame, samples: samples, padding: 0) }
        grow(to: count + frame.count)
        UnsafeMutableRawBufferPointer(rebasing: bytes[count...]).copyMemory(from: frame)
        count += frame.count
        waitingSamples += samples
        return count >= wanted ? message(padding: 0) : nil
    }

    /// What is left at the end of speech, filled up with silence.
    mutating func rest() -> Message? {
        guard count > 0 else { return nil }
        let missing = max(0, wanted - count)
        UnsafeMutableRawBufferPointer(rebasing: bytes[count..<(count + missing)])
            .initializeMemory(as: UInt8.self, repeating: format.audio.encoding.silence)
        count += missing
        return message(padding: format.audio.samples(inBytes: missing))
    }

    /// One message of silence.
    mutating func silence(milliseconds: Int) -> Message {
        let samples = format.audio.samples(inMilliseconds: milliseconds)
        let length = format.audio.bytes(forSamples: samples)
        grow(to: length)
        UnsafeMutableRawBufferPointer(rebasing: bytes[..<length])
            .initializeMemory(as: UInt8.self, repeating: format.audio.encoding.silence)
        (count, waitingSamples) = (0, 0)
        let audio = UnsafeMutableRawBufferPointer(rebasing: bytes[..<length])
        return Message(audio: packed(audio), samples: 0, padding: samples)
    }

    /// Throws away what waits.
    ///
    /// - Returns: Samples thrown away.
    mutating func drop() -> Int {
        defer { (count, waitingSamples) = (0, 0) }
        return waitingSamples
    }

    private mutating func message(padding: Int) -> Message {
        let audio = UnsafeMutableRawBufferPointer(rebasing: bytes[..<count])
        defer { (count, waitingSamples) = (0, 0) }
        return Message(audio: packed(audio), samples: waitingSamples, padding: padding)
    }

    /// As the wire has it, in place: packed audio is no longer than what it is made of.
    private mutating func packed(_ audio: UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer {
        switch format.packing {
        case .same: break
        case .bigEndian: StreamInboundAudio.swapBytes(audio)
        case .g722:
            let made = g722?.encode(UnsafeBufferPointer(audio.bindMemory(to: Int16.self)), into: audio) ?? 0
            return UnsafeRawBufferPointer(rebasing: audio[..<made])
        }
        return UnsafeRawBufferPointer(audio)
    }

    private mutating func grow(to needed: Int) {
        guard needed > bytes.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: needed, alignment: 8)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        bytes.deallocate()
        bytes = larger
    }
}
