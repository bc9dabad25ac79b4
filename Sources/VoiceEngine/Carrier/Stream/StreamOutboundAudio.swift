internal import VoiceEngineCore

/// Agent audio on its way into messages: frames are collected until there is enough for one, or until they leave, and
/// brought into the carrier's byte order. Through one buffer that is reused.
struct StreamOutboundAudio: ~Copyable {
    /// The audio of one message. Borrowed until the next call.
    struct Message {
        let audio: UnsafeRawBufferPointer
        /// Of the session's audio.
        let samples: Int
        /// Silence behind them.
        let padding: Int
    }

    private enum Messages {
        /// Every frame is one.
        case frames
        /// Frames that leave together are one.
        case joined
        /// Of so many bytes.
        case fixed(Int)
    }

    private let format: StreamFormat
    private let messages: Messages
    private var bytes: UnsafeMutableRawBufferPointer
    private var count = 0
    private var g722: SpanDSP.Encoder?
    /// Collected and not yet in a message.
    private(set) var waitingSamples = 0
    /// The carrier takes no audio now.
    var isHeld = false

    init(_ format: StreamFormat, _ traits: StreamTraits) {
        func bytes(_ milliseconds: Int) -> Int {
            format.audio.bytes(forSamples: format.audio.samples(inMilliseconds: milliseconds))
        }
        self.format = format
        let isDivisible = format.audio.bytesPerSample > 0
        if isDivisible, traits.messageMilliseconds > traits.frameMilliseconds {
            messages = .fixed(bytes(traits.messageMilliseconds))
        } else {
            messages = isDivisible && traits.joinsFrames ? .joined : .frames
        }
        // Room for a message, and what a late tick adds to it.
        let longest = max(traits.messageMilliseconds, traits.strideMilliseconds)
        self.bytes = .allocate(byteCount: bytes(longest + 3 * traits.frameMilliseconds), alignment: 8)
        g722 = format.packing == .g722 ? SpanDSP.shared.flatMap { SpanDSP.Encoder($0) } : nil
    }

    deinit { bytes.deallocate() }

    /// Takes one frame.
    ///
    /// - Returns: The message that is complete with it.
    mutating func take(_ frame: UnsafeRawBufferPointer, samples: Int) -> Message? {
        if case .frames = messages, format.packing == .same {
            return Message(audio: frame, samples: samples, padding: 0)
        }
        grow(to: count + frame.count)
        UnsafeMutableRawBufferPointer(rebasing: bytes[count...]).copyMemory(from: frame)
        count += frame.count
        waitingSamples += samples
        switch messages {
        case .frames: return message(padding: 0)
        case .joined: return nil
        case .fixed(let wanted): return count >= wanted ? message(padding: 0) : nil
        }
    }

    /// Frames that leave now, where they are joined.
    mutating func leaving() -> Message? {
        guard case .joined = messages, count > 0 else { return nil }
        return message(padding: 0)
    }

    /// What is left at the end of speech, filled up with silence.
    mutating func rest() -> Message? {
        guard case .fixed(let wanted) = messages, count > 0 else { return nil }
        let missing = max(0, wanted - count)
        grow(to: wanted)
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
