import Glibc

/// Audio of the benchmark's callers, cut into frames that are ready to be sent.
struct BenchClip: Sendable {
    /// The payload of each 20 ms frame, base64.
    let frames: [[UInt8]]
    /// First and last audible sample.
    let speech: Range<Int>

    init(samples: [Int16], keepingSilence: Bool = false) {
        let audio: [UInt8]
        if keepingSilence {
            (audio, speech) = (MuLaw.encode(samples), 0..<samples.count)
        } else {
            let say = Scenario.Say(source: "", text: "", purpose: .turn)
            let clip = CallerMachine.Clip(say: say, samples: samples)
            (audio, speech) = (clip.audio, clip.speech)
        }
        frames = stride(from: 0, to: audio.count, by: Telephone.frameSamples).map { start in
            let end = min(start + Telephone.frameSamples, audio.count)
            let padding = [UInt8](repeating: MuLaw.silence, count: Telephone.frameSamples - (end - start))
            return Base64.encode(audio[start..<end] + padding)
        }
    }

    /// One frame of a silent line.
    static let silence = Base64.encode([UInt8](repeating: MuLaw.silence, count: Telephone.frameSamples))

    /// A sound with the rhythm and the spectrum of speech: harmonics of a gliding voice under three formants, with four
    /// syllables a second that never fall silent, so that it is one utterance to every detector.
    static func speechLike(milliseconds: Int, pitchHertz: Double) -> [Int16] {
        let count = Telephone.samples(milliseconds: milliseconds)
        var phase = 0.0
        let raw = (0..<count).map { index -> Double in
            let time = Double(index) / Double(Telephone.samplesPerSecond)
            let pitch = pitchHertz * (1 + 0.12 * sin(2 * .pi * 0.9 * time) - 0.05 * time)
            phase += 2 * .pi * pitch / Double(Telephone.samplesPerSecond)
            let shift = 1 + 0.25 * sin(2 * .pi * 2.1 * time)
            var value = 0.0
            var harmonic = 1.0
            while harmonic * pitch < 3_400 {
                let hertz = harmonic * pitch
                var weight = 0.02
                for (formant, gain) in [(560 * shift, 1.0), (1_420 / shift, 0.5), (2_500, 0.25)] {
                    let distance = (hertz - formant) / 140
                    weight += gain / (1 + distance * distance)
                }
                value += weight * sin(harmonic * phase)
                harmonic += 1
            }
            let syllable = 0.35 + 0.65 * abs(sin(2 * .pi * 2 * time))
            let edge = min(1, Double(min(index, count - 1 - index)) / 160)
            return value * syllable * edge
        }
        let peak = raw.map(abs).max() ?? 1
        return raw.map { Int16(($0 / peak * 12_000).rounded()) }
    }
}

/// Writes media messages for one stream without building strings.
struct BenchWriter {
    private var message: [UInt8] = []
    private let tail: [UInt8]
    private var sequence = 1
    private var chunk = 0

    init(streamSid: String) { tail = Array(#""},"streamSid":"\#(streamSid)"}"#.utf8) }

    /// The next media message; borrowed until the next call.
    mutating func media(_ payload: [UInt8]) -> [UInt8] {
        sequence += 1
        chunk += 1
        message.removeAll(keepingCapacity: true)
        message += Self.head
        append(sequence)
        message += Self.beforeChunk
        append(chunk)
        message += Self.beforeTimestamp
        append((chunk - 1) * 20)
        message += Self.beforePayload
        message += payload
        message += tail
        return message
    }

    /// A mark goes back.
    mutating func mark(_ name: String, streamSid: String) -> [UInt8] {
        sequence += 1
        return Array(
            #"{"event":"mark","sequenceNumber":"\#(sequence)","mark":{"name":\#(name.quotedJSON)},"streamSid":"\#(streamSid)"}"#
                .utf8)
    }

    private mutating func append(_ number: Int) {
        var divisor = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            message.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }

    private static let head = Array(#"{"event":"media","sequenceNumber":""#.utf8)
    private static let beforeChunk = Array(#"","media":{"track":"inbound","chunk":""#.utf8)
    private static let beforeTimestamp = Array(#"","timestamp":""#.utf8)
    private static let beforePayload = Array(#"","payload":""#.utf8)
}
