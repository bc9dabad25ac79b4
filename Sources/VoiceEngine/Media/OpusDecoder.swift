internal import COpus
internal import VoiceEngineCore

/// Opus packets to PCM16 mono, one stream. Not `Sendable`: belongs to one call on one thread.
///
/// After `init` nothing allocates. Packets come from outside: garbage gives an error, never a trap, and the decoder
/// stays usable.
package final class OpusDecoder {
    /// [ms] The longest packet that RFC 6716 allows.
    package static let maximumPacketMs = 120

    /// [Hz] of the output.
    package let sampleRate: Int
    private let decoder: OpaquePointer

    /// - Parameter sampleRate: [Hz] 8000, 12000, 16000, 24000 or 48000: libopus decodes any packet to any of them.
    package init(sampleRate: Int) throws(MediaError) {
        guard AudioFormat.opusSampleRates.contains(sampleRate) else { throw .unsupportedRate(sampleRate) }
        var error: Int32 = 0
        guard let decoder = opus_decoder_create(Int32(sampleRate), 1, &error) else { throw .library(error) }
        self.decoder = decoder
        self.sampleRate = sampleRate
    }

    deinit {
        opus_decoder_destroy(decoder)
    }

    /// [samples] of the longest packet: what a target that takes any packet holds.
    package var maximumPacketSamples: Int { sampleRate * Self.maximumPacketMs / 1_000 }

    /// [samples] that `packet` lasts, or nil when it is no Opus packet.
    package func duration(of packet: Span<UInt8>) -> Int? {
        guard (1...AudioFormat.maximumOpusPacketBytes).contains(packet.count) else { return nil }
        let count = packet.withUnsafeBufferPointer { source in
            source.baseAddress.map { opus_packet_get_nb_samples($0, Int32(source.count), Int32(sampleRate)) } ?? 0
        }
        return count > 0 ? Int(count) : nil
    }

    /// Decodes one packet.
    ///
    /// - Returns: [samples] written to the front of `samples`.
    /// - Throws: `badPacket`; `targetTooSmall` with the packet's length.
    package func decode(_ packet: Span<UInt8>, into samples: inout MutableSpan<Int16>) throws(MediaError) -> Int {
        guard let needed = duration(of: packet) else { throw .badPacket }
        guard samples.count >= needed else { throw .targetTooSmall(needed: needed) }
        return try run(packet, frame: needed, useNext: false, into: &samples)
    }

    /// Invents the audio of a packet that was lost, from what came before.
    ///
    /// - Parameter count: [samples] that the lost packet lasted; rounded down to a multiple of 2.5 ms, at most 120 ms.
    /// - Parameter next: the packet after the lost one, if it is already here: its forward error correction is used.
    /// - Returns: [samples] written to the front of `samples`.
    package func conceal(
        _ count: Int, next: Span<UInt8>? = nil, into samples: inout MutableSpan<Int16>
    ) throws(MediaError) -> Int {
        let unit = sampleRate / 400
        let frame = min(count, maximumPacketSamples) / unit * unit
        guard frame > 0 else { return 0 }
        guard samples.count >= frame else { throw .targetTooSmall(needed: frame) }
        if let next {
            guard duration(of: next) != nil else { throw .badPacket }
            // libopus conceals by itself what the correction does not cover.
            return try run(next, frame: frame, useNext: true, into: &samples)
        }
        return try run(Span(), frame: frame, useNext: false, into: &samples)
    }

    /// Forgets what was decoded: the next packet begins a new stream.
    package func reset() {
        _ = voice_opus_decoder_reset(decoder)
    }

    private func run(
        _ packet: Span<UInt8>, frame: Int, useNext: Bool, into samples: inout MutableSpan<Int16>
    ) throws(MediaError) -> Int {
        let count = packet.withUnsafeBufferPointer { source in
            samples.withUnsafeMutableBufferPointer { target in
                // The callers have checked that there is room, so there is an address.
                target.baseAddress.map {
                    opus_decode(
                        decoder, source.isEmpty ? nil : source.baseAddress, Int32(source.count), $0, Int32(frame),
                        useNext ? 1 : 0)
                } ?? 0
            }
        }
        if count < 0 {
            throw count == OPUS_INVALID_PACKET || count == OPUS_BUFFER_TOO_SMALL ? .badPacket : .library(count)
        }
        return Int(count)
    }
}
