import CVoiceEngine
import Foundation
import VoiceBenchScript
import VoiceEngineCore
import VoiceEngineSession

/// Why the engine did not do what a benchmark needs.
struct EngineRefusal: Error, CustomStringConvertible {
    let description: String

    init(_ what: String, _ status: voice_status) {
        description = "\(what): \(String(cString: voice_status_text(status))), \(String(cString: voice_last_error()))"
    }
}

/// An engine behind its C handle, with one agent whose providers are scripted.
///
/// `@unchecked Sendable`: the handle is a token that any thread may use.
final class BenchEngine: @unchecked Sendable {
    let handle: OpaquePointer
    let line: BenchLine

    init(line: BenchLine, loops: Int) throws {
        self.line = line
        var config = voice_engine_config()
        config.struct_size = UInt32(MemoryLayout<voice_engine_config>.size)
        config.loops = UInt32(loops)
        config.max_sessions = 65_535
        var made: OpaquePointer?
        let status = voice_engine_create(&config, &made)
        guard status == VOICE_OK, let made else { throw EngineRefusal("voice_engine_create", status) }
        handle = made
        try BenchAgent.add(to: made)
        let ready = voice_engine_wait_ready(made, 10_000)
        guard ready == VOICE_OK else { throw EngineRefusal("voice_engine_wait_ready", ready) }
    }

    deinit { voice_engine_destroy(handle) }

    /// A call that is pulled and polled.
    func makeSession() throws -> OpaquePointer {
        var config = voice_session_config()
        config.struct_size = UInt32(MemoryLayout<voice_session_config>.size)
        config.input_encoding = line.encoding
        config.input_rate = 8_000
        config.playout = UInt32(VOICE_PLAYOUT_PULL)
        var made: OpaquePointer?
        let status = BenchAgent.name.withCString { name in
            config.agent_name = name
            return voice_session_create(handle, &config, nil, &made)
        }
        guard status == VOICE_OK, let made else { throw EngineRefusal("voice_session_create", status) }
        return made
    }

    /// The engine's counters.
    var metrics: MetricsPage {
        var size = 0
        _ = voice_engine_metrics(handle, nil, 0, &size)
        // It may grow between the two calls.
        var text = [CChar](repeating: 0, count: size + 4_096)
        guard voice_engine_metrics(handle, &text, text.count, nil) == VOICE_OK else { return MetricsPage("") }
        return MetricsPage(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}

/// How the calls of a run carry their audio.
struct BenchLine: Sendable {
    /// VOICE_ENCODING_*.
    let encoding: UInt32
    let format: AudioFormat
    /// 20 ms.
    let frameBytes: Int
    /// What fills the frames of one who says nothing.
    let silence: UInt8

    /// μ-law.
    static let telephone = BenchLine(UInt32(VOICE_ENCODING_MULAW), .telephone)

    private init(_ encoding: UInt32, _ format: AudioFormat) {
        self.encoding = encoding
        self.format = format
        frameBytes = format.bytes(forSamples: 160)
        silence = format.encoding.silence
    }

    /// - Parameter name: mulaw, alaw or pcm16.
    init?(_ name: String) {
        let (encoding, coding): (Int32, AudioEncoding)
        switch name {
        case "mulaw": (encoding, coding) = (VOICE_ENCODING_MULAW, .mulaw)
        case "alaw": (encoding, coding) = (VOICE_ENCODING_ALAW, .alaw)
        case "pcm16": (encoding, coding) = (VOICE_ENCODING_PCM16, .pcm16)
        default: return nil
        }
        guard let format = try? AudioFormat(encoding: coding, sampleRate: 8_000) else { return nil }
        self.init(UInt32(encoding), format)
    }

    /// Whether a frame holds anything but silence.
    func isAudible(_ frame: UnsafeRawBufferPointer) -> Bool {
        let quiet = UInt64(silence) &* 0x0101_0101_0101_0101
        for offset in stride(from: 0, to: frame.count & ~7, by: 8)
        where frame.loadUnaligned(fromByteOffset: offset, as: UInt64.self) != quiet { return true }
        return false
    }
}
