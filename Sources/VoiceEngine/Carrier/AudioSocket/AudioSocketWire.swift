internal import VoiceEngineCore

// Asterisk's AudioSocket: a TCP connection per call, opened by Asterisk.
//
//     kind (1 byte) | length of the payload (2 bytes, most significant first) | payload
//
// Asterisk says who it is once (a UUID), then sends audio and digits; it never says goodbye but closes. It takes audio
// and the end of the call, nothing else: any other kind, or audio without a sample, makes it drop the connection.

/// One message of the protocol, without the samples of an audio message.
package enum AudioSocketMessage: Equatable, Sendable {
    /// The AudioSocket is to end. Asterisk takes it and never sends it; other clients may.
    case terminate
    /// Which call this is: always the first message.
    case identifier(AudioSocketID)
    /// Known from the protocol's Go library only.
    case silence
    /// The caller has released this key.
    case digit(UInt8)
    /// Signed linear samples, little-endian. [Hz]
    case audio(sampleRate: Int)
    /// Something went wrong on the other side; nil: it does not say what.
    case error(AudioSocketErrorCode?)
    /// A kind of a later version.
    case unknown(UInt8)
}

/// What the code of an error message means, by the protocol's Go library.
package struct AudioSocketErrorCode: Equatable, Sendable, CustomStringConvertible {
    package let code: UInt8

    package init(_ code: UInt8) { self.code = code }

    package static let hungUp = AudioSocketErrorCode(0x01)
    package static let forwarding = AudioSocketErrorCode(0x02)
    package static let memory = AudioSocketErrorCode(0x04)

    package var description: String {
        switch self {
        case .hungUp: "the caller hung up"
        case .forwarding: "a frame could not be forwarded"
        case .memory: "no memory"
        default: "code \(code)"
        }
    }
}

/// The UUID that the dialplan gave to a call.
package struct AudioSocketID: Hashable, Sendable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt64

    /// - Parameter bytes: Exactly 16, in network order; else nil.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 16 else { return nil }
        high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    /// Reads what `description` writes, in either case; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let digits = parts.joined()
        guard parts.map(\.utf8.count) == [8, 4, 4, 4, 12], digits.utf8.count == 32,
            digits.utf8.allSatisfy({ "0123456789abcdefABCDEF".utf8.contains($0) }),
            let high = UInt64(digits.prefix(16), radix: 16), let low = UInt64(digits.suffix(16), radix: 16)
        else { return nil }
        (self.high, self.low) = (high, low)
    }

    /// `40325ec2-5efd-4bd3-805f-53576e581d13`
    package var description: String {
        var text = ""
        for position in 0..<32 {
            if position == 8 || position == 12 || position == 16 || position == 20 { text += "-" }
            let half = position < 16 ? high : low
            let digit = UInt8(truncatingIfNeeded: half >> UInt64((15 - position % 16) * 4)) & 0xF
            text.unicodeScalars.append(Unicode.Scalar(digit < 10 ? 0x30 + digit : 0x57 + digit))
        }
        return text
    }
}

/// A message that breaks the protocol, though its frame is sound.
package enum AudioSocketWireError: Error, Equatable, Sendable, CustomStringConvertible {
    case identifierLength(Int)
    case digitLength(Int)
    case notADigit(UInt8)
    case oddAudio(Int)

    package var description: String {
        switch self {
        case .identifierLength(let count): "uuid: expected 16 bytes, got \(count)"
        case .digitLength(let count): "digit: expected 1 byte, got \(count)"
        case .notADigit(let byte): "digit: expected 0-9, A-D, * or #, got byte \(byte)"
        case .oddAudio(let count): "audio: expected whole samples of 2 bytes, got \(count) bytes"
        }
    }
}

/// Kinds to messages and back. Pure.
package enum AudioSocketWire {
    package static let headerBytes = 3
    package static let terminate: [UInt8] = [0x00, 0x00, 0x00]
    /// [Hz] of the kinds from 0x10 on.
    package static let sampleRates = [8_000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000]

    private static let firstAudioKind: UInt8 = 0x10

    /// The kind of audio at this rate; nil for one that the protocol does not have.
    package static func kind(ofSampleRate rate: Int) -> UInt8? {
        sampleRates.firstIndex(of: rate).map { firstAudioKind + UInt8($0) }
    }

    package static func decode(
        kind: UInt8, payload: UnsafeRawBufferPointer
    ) throws(AudioSocketWireError) -> AudioSocketMessage {
        switch kind {
        case 0x00: return .terminate
        case 0x01:
            guard let id = AudioSocketID(payload) else { throw .identifierLength(payload.count) }
            return .identifier(id)
        case 0x02: return .silence
        case 0x03:
            guard payload.count == 1 else { throw .digitLength(payload.count) }
            guard let digit = digit(payload[0]) else { throw .notADigit(payload[0]) }
            return .digit(digit)
        case firstAudioKind..<(firstAudioKind + UInt8(sampleRates.count)):
            guard payload.count.isMultiple(of: 2) else { throw .oddAudio(payload.count) }
            return .audio(sampleRate: sampleRates[Int(kind - firstAudioKind)])
        case 0xFF: return .error(payload.first.map { AudioSocketErrorCode($0) })
        default: return .unknown(kind)
        }
    }

    /// The key, A-D in capitals; nil for what is none.
    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "*"), UInt8(ascii: "#"),
            UInt8(ascii: "A")...UInt8(ascii: "D"):
            byte
        case UInt8(ascii: "a")...UInt8(ascii: "d"): byte - 0x20
        default: nil
        }
    }
}
