internal import CLocalModels

/// Text to speech by Flite's voice cmu_us_slt, as Debian packages it: about 60 ms per sentence, 16 kHz.
///
/// Threads: any; they wait for each other, because Flite works in the process's globals.
///
/// `@unchecked Sendable`: an immutable handle; the C side locks.
package final class FliteVoice: @unchecked Sendable {
    /// [Hz]
    package static let sampleRate = 16_000
    /// [samples] Of the silence at each end, this much stays: 50 ms.
    static let keptSilence = sampleRate / 20
    /// Below this a sample is silence: -50 dBFS, above the voice's own noise, below its breath.
    static let silenceLevel: Int16 = 100

    private let handle: OpaquePointer

    package init() throws(LocalModelError) {
        let (handle, error) = withErrorText { local_flite_open($0, $1) }
        guard let handle else { throw .unusable("\(error); apt-get install libflite1") }
        self.handle = handle
    }

    deinit { local_flite_close(handle) }

    /// Speaks a sentence. Blocks for about 60 ms.
    ///
    /// - Parameter speed: 1 is the voice's own; 0.5...2.
    /// - Returns: Mono PCM at 16 kHz, with at most 50 ms of silence at each end; empty if nothing in the text can be
    ///   spoken.
    package func speak(_ text: String, speed: Float = 1) throws(LocalModelError) -> [Int16] {
        let speakable = Self.speakable(text)
        guard speakable.utf8.contains(where: { Self.isWordCharacter($0) }) else { return [] }
        var wave = local_flite_wave()
        let stretch = 1 / min(max(speed, 0.5), 2)
        if let error = errorText(of: { local_flite_speak(handle, speakable, stretch, &wave, $0, $1) }) {
            throw .failed(error)
        }
        defer { local_flite_wave_free(handle, &wave) }
        guard wave.sample_rate == Int32(Self.sampleRate) else { throw .unusable("flite: not a voice of 16 kHz") }
        return Self.trimmed(UnsafeBufferPointer(start: wave.samples, count: Int(max(0, wave.count))))
    }

    /// Without the silence at the ends, but for `keptSilence`.
    static func trimmed(_ samples: UnsafeBufferPointer<Int16>) -> [Int16] {
        let isLoud = { (sample: Int16) in sample.magnitude > silenceLevel.magnitude }
        guard let first = samples.firstIndex(where: isLoud), let last = samples.lastIndex(where: isLoud) else {
            return []
        }
        return Array(samples[max(0, first - keptSilence)...min(samples.count - 1, last + keptSilence)])
    }

    /// Flite reads ASCII: typographic signs and accented letters become what an English voice makes of them, the rest a
    /// pause.
    static func speakable(_ text: String) -> String {
        var result = ""
        for scalar in text.decomposed {
            switch scalar {
            case "\u{2018}", "\u{2019}", "\u{2032}": result += "'"
            case "\u{201C}", "\u{201D}": result += "\""
            case "\u{2013}", "\u{2014}": result += ", "
            case "\u{2026}": result += "..."
            case "\u{A0}", "\n", "\t": result += " "
            case "€": result += " euros "
            case "£": result += " pounds "
            case "°": result += " degrees "
            case "ß": result += "ss"
            case "æ", "Æ": result += "ae"
            case "ø", "Ø": result += "o"
            case "\u{300}"..."\u{36F}": break  // accents, taken apart from their letters
            case " "..."~": result.unicodeScalars.append(scalar)
            default: result += " "
            }
        }
        return result
    }

    private static func isWordCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"):
            true
        default: false
        }
    }
}

extension String {
    /// Scalars with the Latin letters' accents split off. Latin-1 is what English texts have; the library has no
    /// Unicode tables of its own.
    fileprivate var decomposed: [Unicode.Scalar] {
        unicodeScalars.map { scalar in
            switch scalar {
            case "à"..."å": "a"
            case "À"..."Å": "A"
            case "è"..."ë": "e"
            case "È"..."Ë": "E"
            case "ì"..."ï": "i"
            case "Ì"..."Ï": "I"
            case "ò"..."ö": "o"
            case "Ò"..."Ö": "O"
            case "ù"..."ü": "u"
            case "Ù"..."Ü": "U"
            case "ç": "c"
            case "Ç": "C"
            case "ñ": "n"
            case "Ñ": "N"
            default: scalar
            }
        }
    }
}
