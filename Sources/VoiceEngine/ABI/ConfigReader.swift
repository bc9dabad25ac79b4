internal import CVoiceEngine
internal import Glibc
internal import VoiceEngineCore

// Structs and texts of the host: bounded, copied, checked. Every refusal names the field and what was expected.

enum ConfigReader {
    /// Copies a versioned struct: what the host's version lacks is zero, what ours lacks must be zero.
    static func copy<Config>(_ pointer: UnsafePointer<Config>?, as empty: Config, named name: String) throws(VoiceError)
        -> Config
    {
        guard let pointer else { throw VoiceError(.badArgument, "\(name): expected a struct, found NULL") }
        let known = MemoryLayout<Config>.size
        let raw = UnsafeRawPointer(pointer)
        let size = Int(raw.loadUnaligned(as: UInt32.self))
        try check(structSize: size, of: Config.self, named: name)
        if size > known, UnsafeRawBufferPointer(start: raw + known, count: size - known).contains(where: { $0 != 0 }) {
            throw VoiceError(
                .badArgument,
                "\(name).struct_size \(size): fields beyond the \(known) bytes that this library knows are set; expected 0"
            )
        }
        var config = empty
        withUnsafeMutableBytes(of: &config) { target in
            target.copyMemory(from: UnsafeRawBufferPointer(start: raw, count: min(size, known)))
        }
        return config
    }

    /// Every version of a struct ends where a field ends; a size in between would give us half a pointer.
    static func check<Config>(structSize size: Int, of: Config.Type, named name: String) throws(VoiceError) {
        let alignment = MemoryLayout<Config>.alignment
        guard size >= alignment, size <= 65_536, size.isMultiple(of: alignment) else {
            throw VoiceError(
                .badArgument,
                "\(name).struct_size \(size): expected sizeof(\(name)), which is \(MemoryLayout<Config>.size)")
        }
    }

    /// - Returns: nil for NULL.
    static func text(_ pointer: UnsafePointer<CChar>?, named name: String, most: Int) throws(VoiceError) -> String? {
        guard let pointer else { return nil }
        let count = strnlen(pointer, most + 1)
        guard count <= most else { throw VoiceError(.badArgument, "\(name): expected at most \(most) bytes of text") }
        guard let text = String(validatingCString: pointer) else {
            throw VoiceError(.badArgument, "\(name): expected UTF-8 text")
        }
        return text
    }

    static func requiredText(_ pointer: UnsafePointer<CChar>?, named name: String, most: Int) throws(VoiceError)
        -> String
    {
        guard let text = try text(pointer, named: name, most: most), !text.isEmpty else {
            throw VoiceError(.badArgument, "\(name): expected a text of 1 to \(most) bytes")
        }
        return text
    }

    static func bytes(_ pointer: UnsafePointer<CChar>?, _ count: Int, named name: String) throws(VoiceError) -> [UInt8]
    {
        guard let pointer, count > 0, count <= 1 << 20 else {
            throw VoiceError(.badArgument, "\(name): expected 1 byte to 1 MiB of JSON")
        }
        return Array(UnsafeRawBufferPointer(start: pointer, count: count))
    }

    static func number(
        _ value: UInt32, named name: String, range: ClosedRange<UInt32>, orZero zero: UInt32
    ) throws(VoiceError) -> Int {
        if value == 0 { return Int(zero) }
        guard range.contains(value) else {
            throw VoiceError(.badArgument, "\(name) \(value): expected \(range.lowerBound) to \(range.upperBound)")
        }
        return Int(value)
    }

    static func zero(_ value: UInt32, named name: String) throws(VoiceError) {
        if value != 0 { throw VoiceError(.badArgument, "\(name) \(value): expected 0") }
    }

    static func format(
        encoding: UInt32, rate: UInt32, prefix: String, defaultEncoding: AudioEncoding, defaultRate: Int
    ) throws(VoiceError) -> AudioFormat {
        let coding: AudioEncoding
        switch Int32(bitPattern: encoding) {
        case 0: coding = defaultEncoding
        case VOICE_ENCODING_PCM16: coding = .pcm16
        case VOICE_ENCODING_MULAW: coding = .mulaw
        case VOICE_ENCODING_ALAW: coding = .alaw
        case VOICE_ENCODING_OPUS: coding = .opus
        default:
            throw VoiceError(
                .badArgument, "\(prefix)_encoding \(encoding): expected 1 (PCM16), 2 (mu-law), 3 (A-law) or 4 (Opus)")
        }
        do {
            return try AudioFormat(encoding: coding, sampleRate: rate == 0 ? defaultRate : Int(rate))
        } catch {
            throw VoiceError(.badArgument, "\(prefix)_rate \(error.given): expected \(error.expected)")
        }
    }
}
