import Testing

@testable import VoiceEngineCore

@Suite struct AudioHistoryTests {
    /// As uninitialised as memory can be.
    private final class Memory {
        let bytes: UnsafeMutableRawBufferPointer
        init(bytes count: Int) {
            bytes = .allocate(byteCount: count, alignment: 16)
            bytes.initializeMemory(as: UInt8.self, repeating: 0xA5)
        }
        deinit { bytes.deallocate() }

        /// [bytes] Up to the furthest that was written to, by whatever is not 0xA5.
        var touched: Int { (bytes.lastIndex { $0 != 0xA5 } ?? -1) + 1 }
    }

    /// Appends records whose bytes are their number.
    private func append(_ numbers: Range<UInt8>, bytes: Int = 100, to history: inout AudioHistory) {
        for number in numbers {
            let record = [UInt8](repeating: number, count: bytes)
            record.withUnsafeBytes { history.append($0, at: Int64(number) * 160, until: Int64(number) * 160 + 160) }
        }
    }

    private func readAll(_ history: inout AudioHistory) -> [UInt8] {
        var record: [UInt8] = []
        var numbers: [UInt8] = []
        while history.read(into: &record) { numbers.append(record.first ?? 255) }
        return numbers
    }

    @Test func isReadInOrderFromAnyPosition() {
        let memory = Memory(bytes: 20_000)
        var history = AudioHistory(in: memory.bytes)
        append(0..<50, to: &history)
        #expect(readAll(&history) == Array(0..<50))
        #expect(history.isRead)
        let middle = history.rewind(to: 160 * 40 + 5)
        #expect(middle == 160 * 40)
        #expect(readAll(&history) == Array(40..<50))
        let start = history.rewind(to: -7)
        #expect(start == 0)
        #expect(history.nextPosition == 0)
        let end = history.rewind(to: 1_000_000)
        #expect(end == 160 * 49)
    }

    @Test func dropsTheOldestWhenFull() {
        let memory = Memory(bytes: 4_096)
        var history = AudioHistory(in: memory.bytes)
        append(0..<100, to: &history)
        // 112 bytes each: 36 fit.
        #expect(history.start == 160 * 64)
        #expect(history.lost == 64)
        #expect(readAll(&history) == Array(64..<100))
    }

    @Test func releasesWhatWasRead() {
        let memory = Memory(bytes: 20_000)
        var history = AudioHistory(in: memory.bytes)
        append(0..<10, to: &history)
        history.release(before: 160 * 5)
        #expect(history.start == 0)
        history.skip()
        history.release(before: 160 * 5 + 1)
        #expect(history.start == 160 * 5)
        history.release(before: 1_000_000)
        #expect(history.isEmpty)
        #expect(history.newest == 1_600)
        let position = history.rewind(to: 0)
        #expect(position == 1_600)
    }

    @Test func aGapIsARecordWithoutBytes() {
        let memory = Memory(bytes: 4_096)
        var history = AudioHistory(in: memory.bytes)
        history.append(UnsafeRawBufferPointer(start: nil, count: 0), at: 0, until: 160)
        var record: [UInt8] = [1]
        let (first, bytes) = (history.read(into: &record), record)
        #expect(first && bytes.isEmpty)
        let second = history.read(into: &record)
        #expect(!second)
    }

    @Test func silenceStaysAtTheBeginning() {
        let memory = Memory(bytes: 100_000)
        var history = AudioHistory(in: memory.bytes)
        let frame = [UInt8](repeating: 9, count: 160)
        func speak(_ frames: Int, keeping kept: Int64, from position: inout Int64) {
            for _ in 0..<frames {
                frame.withUnsafeBytes { history.append($0, at: position, until: position + 160) }
                history.skip()
                position += 160
                history.release(before: position - kept)
            }
        }
        var position: Int64 = 0
        speak(3_000, keeping: 10 * 160, from: &position)
        let silent = memory.touched
        #expect(silent <= 8_192 + 172)
        // Three seconds that are kept to their end.
        speak(150, keeping: .max, from: &position)
        speak(3_000, keeping: 10 * 160, from: &position)
        let spoken = memory.touched
        #expect(spoken <= 8_192 + 150 * 172 + 172)
        speak(150, keeping: .max, from: &position)
        let again = memory.touched
        #expect(again <= 8_192 + 150 * 172 + 172)
        #expect(history.lost == 0)
    }

    @Test func tooMuchAtOnceIsNotKept() {
        let memory = Memory(bytes: 4_096)
        var history = AudioHistory(in: memory.bytes)
        let bytes = [UInt8](repeating: 1, count: 4_096)
        bytes.withUnsafeBytes { history.append($0, at: 0, until: 10) }
        #expect(history.isEmpty)
    }

    /// Against a plain list of records.
    @Test(arguments: [(5_000, 400), (20_000, 1_000), (60_000, 3_000)]) func anythingAtRandom(
        capacity: Int, longest: Int
    ) {
        for seed in UInt64(0)..<40 {
            var random = SeededRandom(seed: seed)
            let memory = Memory(bytes: capacity)
            var history = AudioHistory(in: memory.bytes)
            var model: [(position: Int64, bytes: [UInt8])] = []
            var (next, kept) = (0, 0)
            var position: Int64 = 0
            var record: [UInt8] = []
            for _ in 0..<600 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0...4:
                    let from = UInt8.random(in: 0...255, using: &random)
                    let bytes = (0..<Int.random(in: 0...longest, using: &random)).map {
                        from &+ UInt8(truncatingIfNeeded: $0)
                    }
                    bytes.withUnsafeBytes { history.append($0, at: position, until: position + 160) }
                    model.append((position, bytes))
                    position += 160
                    kept += bytes.count + 12
                    while kept > capacity {
                        kept -= model.removeFirst().bytes.count + 12
                        next = max(next - 1, 0)
                    }
                case 5...7:
                    let there = history.read(into: &record)
                    #expect(there == (next < model.count), "seed \(seed)")
                    guard there, next < model.count else { break }
                    #expect(record == model[next].bytes, "seed \(seed)")
                    next += 1
                case 8:
                    let target = Int64.random(in: 0...position, using: &random)
                    next = max(model.lastIndex { $0.position <= target } ?? 0, 0)
                    let found = history.rewind(to: target)
                    #expect(found == (model.isEmpty ? position : model[next].position), "seed \(seed)")
                default:
                    let target = Int64.random(in: 0...position, using: &random)
                    history.release(before: target)
                    while next > 0, let first = model.first, first.position + 160 <= target {
                        kept -= model.removeFirst().bytes.count + 12
                        next -= 1
                    }
                }
            }
        }
    }
}
