import Testing

@testable import VoiceEngineCore

@Suite struct JSONLexerTests {
    /// Byte by byte.
    private func plainRun(_ bytes: [UInt8], from start: Int) -> Int {
        bytes[start...].firstIndex { $0 == 0x22 || $0 == 0x5C || $0 < 0x20 || $0 >= 0x80 } ?? bytes.count
    }

    private func found(_ bytes: [UInt8], from start: Int) -> Int {
        bytes.withUnsafeBytes { JSONLexer.afterPlainRun($0, from: start) }
    }

    /// Words of eight bytes end and begin everywhere: no byte is overlooked at any place.
    @Test func everyByteIsJudgedAtEveryPlace() {
        for count in [1, 7, 8, 9, 15, 16, 31, 39, 40, 41, 80, 105] {
            for place in 0..<count {
                for value in UInt8.min ... .max {
                    var bytes = [UInt8](repeating: 0x41, count: count)
                    bytes[place] = value
                    let end = found(bytes, from: 0)
                    guard end == plainRun(bytes, from: 0) else {
                        Issue.record("\(value) at \(place) of \(count): \(end)")
                        return
                    }
                }
            }
        }
    }

    /// A special byte marks those above it, never one below.
    @Test func theFirstOfSeveralIsFound() {
        var random = SeededRandom(seed: 0x15)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...90, using: &random)).map { _ -> UInt8 in
                Bool.random(using: &random) || Bool.random(using: &random)
                    ? UInt8.random(in: 0x23...0x5B, using: &random) : UInt8.random(in: .min ... .max, using: &random)
            }
            let start = Int.random(in: 0...bytes.count, using: &random)
            #expect(found(bytes, from: start) == plainRun(bytes, from: start))
        }
    }
}
