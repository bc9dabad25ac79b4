/// How samples are coded on their way in or out. All audio is mono.
package enum AudioEncoding: String, Hashable, Sendable, CaseIterable {
    /// Signed 16-bit linear, native byte order.
    case pcm16
    /// G.711 μ-law, one byte per sample.
    case mulaw
    /// G.711 A-law, one byte per sample.
    case alaw
    /// RFC 6716 packets of varying length.
    case opus
}

/// A setting of an audio format that cannot be used: which one, what was given, what would have been right.
package struct AudioFormatError: Error, Hashable, CustomStringConvertible {
    package enum Field: String, Hashable, Sendable {
        case sampleRate = "sample_rate"
        case frameMilliseconds = "ptime_ms"
    }

    package let field: Field
    /// The refused value, in the field's unit.
    package let given: Int
    /// Human-readable range with its unit, such as `8000...48000 Hz`.
    package let expected: String

    package var description: String { "\(field.rawValue) \(given): expected \(expected)" }
}

/// Encoding and rate of one mono stream. The only place where milliseconds become samples and samples bytes.
package struct AudioFormat: Hashable, Sendable {
    /// [Hz]
    package static let sampleRates = 8_000...48_000
    /// [Hz] The rates libopus codes without resampling (RFC 6716 section 2.1.3).
    package static let opusSampleRates = [8_000, 12_000, 16_000, 24_000, 48_000]
    /// [ms] Frame lengths the engine sends.
    package static let frameMilliseconds = [10, 20, 30, 60]
    /// [bytes] The longest Opus packet that is sent or accepted: one frame of the most bytes RFC 6716 (3.2.1) allows.
    package static let maximumOpusPacketBytes = 1_275

    package let encoding: AudioEncoding
    /// [Hz] within `sampleRates`.
    package let sampleRate: Int

    /// G.711 μ-law at 8 kHz: what a telephone network speaks in North America and Japan.
    package static let telephone = AudioFormat(unchecked: .mulaw, 8_000)

    /// - Throws: `AudioFormatError` naming the rate and those that this encoding allows.
    package init(encoding: AudioEncoding, sampleRate: Int) throws(AudioFormatError) {
        if encoding == .opus {
            guard Self.opusSampleRates.contains(sampleRate) else {
                throw AudioFormatError(
                    field: .sampleRate, given: sampleRate, expected: "8000, 12000, 16000, 24000 or 48000 Hz with opus")
            }
        }
        guard Self.sampleRates.contains(sampleRate) else {
            throw AudioFormatError(field: .sampleRate, given: sampleRate, expected: "8000...48000 Hz")
        }
        self.init(unchecked: encoding, sampleRate)
    }

    private init(unchecked encoding: AudioEncoding, _ sampleRate: Int) {
        self.encoding = encoding
        self.sampleRate = sampleRate
    }

    /// [bytes] of one sample; 0 for Opus, whose packets have no fixed size.
    package var bytesPerSample: Int {
        switch encoding {
        case .pcm16: 2
        case .mulaw, .alaw: 1
        case .opus: 0
        }
    }

    /// Whole samples in `milliseconds`, rounded down; 0 when negative, clamped when absurdly long.
    package func samples(inMilliseconds milliseconds: Int) -> Int {
        let (product, overflow) = max(0, milliseconds).multipliedReportingOverflow(by: sampleRate)
        return overflow ? .max : product / 1_000
    }

    /// [ms] that `samples` last, with their fraction.
    package func milliseconds(ofSamples samples: Int) -> Double {
        Double(samples) * 1_000 / Double(sampleRate)
    }

    /// [bytes] that `samples` take; with Opus the room that one packet needs at most.
    package func bytes(forSamples samples: Int) -> Int {
        switch encoding {
        case .pcm16, .mulaw, .alaw: samples * bytesPerSample
        case .opus: Self.maximumOpusPacketBytes
        }
    }

    /// Whole samples in `bytes`, rounded down; 0 for Opus, where only the decoder knows.
    package func samples(inBytes bytes: Int) -> Int {
        bytesPerSample == 0 ? 0 : bytes / bytesPerSample
    }

    /// Samples of one frame.
    ///
    /// - Throws: `AudioFormatError` when the length is not one the engine sends, or not a whole number of samples
    ///   (10 ms at 22,050 Hz is 220.5).
    package func frameSamples(milliseconds: Int) throws(AudioFormatError) -> Int {
        guard Self.frameMilliseconds.contains(milliseconds) else {
            throw AudioFormatError(field: .frameMilliseconds, given: milliseconds, expected: "10, 20, 30 or 60 ms")
        }
        if encoding == .opus, milliseconds == 30 {
            // RFC 6716 section 2.1.4 has frames of 2.5, 5, 10, 20, 40 and 60 ms.
            throw AudioFormatError(field: .frameMilliseconds, given: 30, expected: "10, 20 or 60 ms with opus")
        }
        guard (milliseconds * sampleRate).isMultiple(of: 1_000) else {
            throw AudioFormatError(
                field: .frameMilliseconds, given: milliseconds,
                expected: "a whole number of samples at \(sampleRate) Hz, such as 20 ms")
        }
        return milliseconds * sampleRate / 1_000
    }

    /// [bytes] of one frame; with Opus the room that one packet needs at most.
    ///
    /// - Throws: as `frameSamples(milliseconds:)`.
    package func frameBytes(milliseconds: Int) throws(AudioFormatError) -> Int {
        bytes(forSamples: try frameSamples(milliseconds: milliseconds))
    }
}
