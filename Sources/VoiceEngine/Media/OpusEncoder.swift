internal import COpus
internal import VoiceEngineCore

/// PCM16 mono to Opus packets, one stream. Not `Sendable`: belongs to one call on one thread.
///
/// After `init` nothing allocates.
package final class OpusEncoder {
    /// How to encode. The defaults are for a telephone voice on a server with many calls.
    package struct Settings: Equatable, Sendable {
        /// [bit/s] 6000...510000; 24,000 is wide-band speech of good quality (RFC 7587 section 3.1.1).
        package var bitrate = 24_000
        /// 0 (cheap) ... 10 (thorough).
        package var complexity = 5
        /// [%] of packets expected to be lost, 0...100; above 0 packets carry forward error correction.
        package var expectedLossPercent = 0

        package init() {}
    }

    /// [Hz] of the input.
    package let sampleRate: Int
    /// [samples] of one frame.
    package let frameSamples: Int
    /// [samples] by which decoded audio lags.
    package let lookahead: Int
    private let encoder: OpaquePointer

    /// - Parameters:
    ///   - sampleRate: [Hz] 8000, 12000, 16000, 24000 or 48000.
    ///   - frameMs: [ms] 10, 20, 40 or 60.
    package init(sampleRate: Int, frameMs: Int, settings: Settings = Settings()) throws(MediaError) {
        guard AudioFormat.opusSampleRates.contains(sampleRate) else { throw .unsupportedRate(sampleRate) }
        guard [10, 20, 40, 60].contains(frameMs) else { throw .badFrame(expected: sampleRate / 50) }
        var error: Int32 = 0
        guard let encoder = opus_encoder_create(Int32(sampleRate), 1, OPUS_APPLICATION_VOIP, &error) else {
            throw .library(error)
        }
        self.encoder = encoder
        self.sampleRate = sampleRate
        frameSamples = sampleRate / 1_000 * frameMs
        lookahead = Int(voice_opus_encoder_lookahead(encoder))
        for (request, value) in [
            (OPUS_SET_BITRATE_REQUEST, min(max(settings.bitrate, 6_000), 510_000)),
            (OPUS_SET_COMPLEXITY_REQUEST, min(max(settings.complexity, 0), 10)),
            (OPUS_SET_PACKET_LOSS_PERC_REQUEST, min(max(settings.expectedLossPercent, 0), 100)),
            (OPUS_SET_INBAND_FEC_REQUEST, settings.expectedLossPercent > 0 ? 1 : 0),
            (OPUS_SET_SIGNAL_REQUEST, Int(OPUS_SIGNAL_VOICE)),
        ] {
            let code = voice_opus_encoder_set(encoder, request, Int32(value))
            if code != OPUS_OK { throw .library(code) }
        }
    }

    deinit {
        opus_encoder_destroy(encoder)
    }

    /// Encodes one frame.
    ///
    /// - Parameters:
    ///   - frame: exactly `frameSamples`.
    ///   - packet: `AudioFormat.maximumOpusPacketBytes` are always enough.
    /// - Returns: [bytes] written to the front of `packet`.
    /// - Throws: `badFrame`; `targetTooSmall` for an empty target; `library`.
    package func encode(_ frame: Span<Int16>, into packet: inout MutableSpan<UInt8>) throws(MediaError) -> Int {
        guard frame.count == frameSamples else { throw .badFrame(expected: frameSamples) }
        guard packet.count > 0 else { throw .targetTooSmall(needed: AudioFormat.maximumOpusPacketBytes) }
        let room = Int32(min(packet.count, AudioFormat.maximumOpusPacketBytes))
        let count = frame.withUnsafeBufferPointer { source in
            packet.withUnsafeMutableBufferPointer { target -> Int32 in
                guard let pcm = source.baseAddress, let data = target.baseAddress else { return OPUS_BAD_ARG }
                return opus_encode(encoder, pcm, Int32(source.count), data, room)
            }
        }
        guard count > 0 else { throw .library(count) }
        return Int(count)
    }

    /// Forgets what was encoded: the next frame begins a new stream.
    package func reset() {
        _ = voice_opus_encoder_reset(encoder)
    }
}
