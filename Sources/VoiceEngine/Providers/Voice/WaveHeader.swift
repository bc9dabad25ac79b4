internal import VoiceEngineCore

/// The head of a WAV stream. Pure.
///
/// Servers that stream do not know how long the file will be: sizes of 0, 0xFFFFFFFF and other nonsense are common and
/// mean "until the end". The header is searched for its chunks; it is not assumed to be 44 bytes.
struct WaveHeader: Equatable, Sendable {
    enum Encoding: Equatable, Sendable { case known(AudioEncoding), other(String) }

    enum Reading: Equatable, Sendable {
        /// The bytes end inside the header.
        case incomplete
        /// `length`: [bytes] before the first sample.
        case complete(WaveHeader, length: Int)
        /// Begins like a WAV file and is none.
        case invalid
    }

    /// [bytes] A header that is longer holds something that does not belong in front of a stream.
    static let longest = 64 << 10

    var encoding: Encoding
    /// [Hz]
    var sampleRate: Int
    var channels: Int
    /// [bytes] of samples, where the header can be believed.
    var dataBytes: Int?

    /// - Parameter bytes: From `RIFF` on.
    static func read(_ bytes: UnsafeRawBufferPointer) -> Reading {
        guard bytes.count >= 12 else { return .incomplete }
        guard name(bytes, 0) == "RIFF", name(bytes, 8) == "WAVE" else { return .invalid }
        var header: WaveHeader?
        var at = 12
        while bytes.count >= at + 8 {
            let size = number(bytes, at + 4, bytes: 4)
            let content = at + 8
            switch name(bytes, at) {
            case "data":
                guard var header else { return .invalid }
                // The largest multiple of what writers put there when they do not know.
                header.dataBytes = size > 0 && size < 0x7FFF_0000 ? size : nil
                return .complete(header, length: content)
            case "fmt ":
                guard size >= 16, size <= 1_024 else { return .invalid }
                guard bytes.count >= content + size else { return .incomplete }
                header = format(bytes, content, size)
            case _:
                guard size <= longest else { return .invalid }
            }
            // Chunks begin at even places.
            at = content + size + size % 2
            guard at <= longest else { return .invalid }
        }
        return .incomplete
    }

    private static func format(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ size: Int) -> WaveHeader {
        var tag = number(bytes, at, bytes: 2)
        let bits = number(bytes, at + 14, bytes: 2)
        // WAVE_FORMAT_EXTENSIBLE: the tag proper are the first bytes of the sub-format.
        if tag == 0xFFFE, size >= 26 { tag = number(bytes, at + 24, bytes: 2) }
        let encoding: Encoding =
            switch (tag, bits) {
            case (1, 16): .known(.pcm16)
            case (6, 8): .known(.alaw)
            case (7, 8): .known(.mulaw)
            case _: .other("format \(tag) with \(bits) bits")
            }
        return WaveHeader(
            encoding: encoding, sampleRate: number(bytes, at + 4, bytes: 4), channels: number(bytes, at + 2, bytes: 2))
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, _ at: Int, bytes count: Int) -> Int {
        (0..<count).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
    }

    private static func name(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> String {
        String(decoding: UnsafeRawBufferPointer(rebasing: bytes[at..<at + 4]), as: UTF8.self)
    }
}
