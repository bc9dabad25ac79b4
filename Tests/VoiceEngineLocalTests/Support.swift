import Foundation
import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineLocal

/// The models of this machine, loaded once for all tests.
enum Models {
    static let store = ModelStore(llama: .init(threads: 2))

    /// For `.enabled(if:)`: tests with real models run where `make models` has run.
    static func have(_ part: ModelStore.Part) -> Bool { store.problem(with: part) == nil }

    static let hint: Comment = "the local models are not there: run 'make models'"
}

/// Recordings of real people with known texts, from Debian packages.
enum Recordings {
    /// asterisk-core-sounds-en-wav (Allison Smith, CC-BY-SA-3.0): 8 kHz PCM, the texts from core-sounds-en.txt.
    static let prompts = "/usr/share/asterisk/sounds/en_US_f_Allison"
    /// pocketsphinx-testdata (LibriVox, public domain): 16 kHz PCM.
    static let librivox = "/usr/share/pocketsphinx/test/data/librivox"

    static var areThere: Bool {
        access(prompts + "/vm-goodbye.wav", R_OK) == 0 && access(librivox + "/fileids", R_OK) == 0
    }
    static let hint: Comment = "the recordings are not there: run scripts/system-packages.sh"

    /// Mono PCM of a RIFF file, with its rate.
    static func read(_ path: String) throws -> (samples: [Int16], rate: Int) {
        let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        func word(_ at: Int) -> Int { Int(data[at]) | Int(data[at + 1]) << 8 }
        func long(_ at: Int) -> Int { word(at) | word(at + 2) << 16 }
        var offset = 12
        var rate = 0
        while offset + 8 <= data.count {
            let name = String(decoding: data[offset..<(offset + 4)], as: UTF8.self)
            let size = long(offset + 4)
            if name == "fmt " { rate = long(offset + 12) }
            if name == "data" {
                let end = min(offset + 8 + size, data.count - 1)
                let samples = stride(from: offset + 8, to: end, by: 2).map { Int16(truncatingIfNeeded: word($0)) }
                return (samples, rate)
            }
            offset += 8 + size + size % 2
        }
        throw CocoaError(.fileReadCorruptFile)
    }

    /// A recording as the recogniser takes it: 16 kHz, -1...1.
    static func speech(_ path: String) throws -> [Float] {
        let (samples, rate) = try read(path)
        let floats = samples.map { Float($0) / 32_768 }
        return rate == 16_000 ? floats : doubled(floats)
    }

    /// Twice the rate, by a windowed sinc of 32 taps.
    static func doubled(_ samples: [Float]) -> [Float] {
        let taps = (0..<32).map { tap -> Float in
            let x = Float(tap) - 15.5
            let window = 0.5 + 0.5 * cosf(.pi * x / 16)
            return window * sinf(.pi * x) / (.pi * x)
        }
        var result: [Float] = []
        result.reserveCapacity(2 * samples.count)
        for index in samples.indices {
            result.append(samples[index])
            var between: Float = 0
            for (tap, weight) in taps.enumerated() {
                let source = index + tap - 15
                if samples.indices.contains(source) { between += weight * samples[source] }
            }
            result.append(between)
        }
        return result
    }
}

/// Word errors, counted as speech recognition does.
struct WordErrors {
    private(set) var errors = 0
    private(set) var words = 0

    var rate: Double { words == 0 ? 0 : Double(errors) / Double(words) }

    mutating func add(expected: String, recognised: String) {
        let expected = Self.words(expected)
        let recognised = Self.words(recognised)
        words += expected.count
        errors += Self.distance(expected, recognised)
    }

    /// Lower case, numbers as words, no punctuation.
    static func words(_ text: String) -> [String] {
        let numbers = ["0": "zero", "1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six"]
        let plain = text.lowercased().replacingOccurrences(of: "voice mail", with: "voicemail")
            .replacingOccurrences(of: "-", with: " ")
        let kept = plain.map { $0.isLetter || $0.isNumber || $0 == "'" ? $0 : " " }
        return String(kept).split(separator: " ").map { numbers[String($0)] ?? String($0) }
    }

    private static func distance(_ a: [String], _ b: [String]) -> Int {
        var row = Array(0...b.count)
        for (i, word) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in b.enumerated() {
                let substitution = diagonal + (word == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}

/// Something a thread waits for and another lets happen.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    func open() { semaphore.signal() }
    func wait() { semaphore.wait() }
}

/// Values collected from several threads.
final class Collected<Value: Sendable>: @unchecked Sendable {
    // Invariant: `values` is only touched with the lock held.
    private let lock = NSLock()
    private var values: [Value] = []

    func add(_ value: Value) { lock.withLock { values.append(value) } }
    var all: [Value] { lock.withLock { values } }
}

func context(on loop: any EventLoop) -> ProviderContext {
    ProviderContext(callID: "test", eventLoop: loop, log: .none)
}
