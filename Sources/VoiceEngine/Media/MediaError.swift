/// Why audio could not be converted. Nothing here ends a call: the caller drops the chunk and counts it.
package enum MediaError: Error, Equatable, Sendable, CustomStringConvertible {
    /// [Hz] A rate outside 8000...48000, or one that Opus does not have.
    case unsupportedRate(Int)
    /// The target has room for fewer elements than `needed`; nothing was consumed.
    case targetTooSmall(needed: Int)
    /// Not an Opus packet, or one that lasts longer than the target or 120 ms.
    case badPacket
    /// The frame given is not of the length that was agreed on at creation.
    case badFrame(expected: Int)
    /// libopus or libsamplerate refused; the library's own code.
    case library(Int32)

    package var description: String {
        switch self {
        case .unsupportedRate(let rate): "sample rate \(rate) Hz is not supported"
        case .targetTooSmall(let needed): "the target needs room for \(needed)"
        case .badPacket: "not an Opus packet that fits"
        case .badFrame(let expected): "expected a frame of \(expected) samples"
        case .library(let code): "codec library error \(code)"
        }
    }
}
