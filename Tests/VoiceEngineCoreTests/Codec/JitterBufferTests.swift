import Testing

@testable import VoiceEngineCore

@Suite struct JitterBufferTests {
    /// What comes out, one word each: the packet's number, `lost60`, `late`.
    private struct Line: ~Copyable {
        var buffer = JitterBuffer(.init(packetBytes: 160))
        var heard: [String] = []

        mutating func arrive(_ number: Int64, at ms: Int64, isTime: Bool = false) {
            let now = Instant.zero + .milliseconds(ms)
            let bytes = withUnsafeBytes(of: number) { Array($0) }
            let verdict = bytes.withUnsafeBytes { packet in
                buffer.arrived(
                    packet, number: isTime ? nil : number, time: isTime ? number : nil, milliseconds: 20, at: now)
            }
            switch verdict {
            case .play: heard.append("\(number)")
            case .kept: break
            case .late: heard.append("late")
            }
            drain(at: ms)
        }

        mutating func drain(at ms: Int64) {
            while true {
                switch buffer.next(at: Instant.zero + .milliseconds(ms)) {
                case .nothing: return
                case .lost(let milliseconds): heard.append("lost\(milliseconds)")
                case .packet(let slot):
                    heard.append("\(buffer.withPacket(slot) { $0.loadUnaligned(as: Int64.self) })")
                }
            }
        }
    }

    /// Numbers with their times, and what is heard.
    private static let rows: [(String, [(Int64, Int64)], String)] = [
        ("in order", [(1, 0), (2, 20), (3, 40)], "1 2 3"),
        ("begins anywhere", [(77, 0), (78, 20)], "77 78"),
        ("two change places", [(1, 0), (3, 20), (2, 25), (4, 40)], "1 2 3 4"),
        ("three come backwards", [(1, 0), (4, 20), (3, 21), (2, 22), (5, 60)], "1 2 3 4 5"),
        ("one is lost", [(1, 0), (3, 40), (4, 60), (5, 80), (6, 100)], "1 lost20 3 4 5 6"),
        ("the window is to the millisecond", [(1, 0), (3, 40), (4, 99)], "1"),
        ("two are lost", [(1, 0), (4, 60), (5, 80), (6, 100), (7, 120)], "1 lost40 4 5 6 7"),
        ("two gaps", [(1, 0), (3, 40), (5, 80), (6, 100), (7, 140)], "1 lost20 3 lost20 5 6 7"),
        ("too late", [(1, 0), (3, 40), (4, 100), (2, 101), (5, 110)], "1 lost20 3 4 late 5"),
        ("copies", [(1, 0), (1, 1), (3, 20), (3, 21), (2, 22), (2, 23)], "1 late late 2 3 late"),
        ("a long gap is filled a little", [(1, 0), (21, 20), (22, 80)], "1 lost120 21 22"),
        ("a jump begins anew", [(1, 0), (1_000, 20), (1_001, 40)], "1 1000 1001"),
        ("back to the start", [(900, 0), (1, 20), (2, 40)], "900 1 2"),
        (
            "a new stream near the old one", [(10, 0), (1, 20), (2, 40), (3, 60), (4, 80), (5, 100), (6, 120)],
            "10 late late late late 5 6"
        ),
        (
            "numbers at their end", [(Int64.max, 0), (Int64.min, 1), (Int64.min + 1, 2)],
            "9223372036854775807 -9223372036854775808 -9223372036854775807"
        ),
    ]

    @Test(arguments: 0..<15) func playsInOrder(row: Int) {
        let (name, packets, expected) = Self.rows[row]
        var line = Line()
        for (number, ms) in packets { line.arrive(number, at: ms) }
        let heard = line.heard.joined(separator: " ")
        #expect(heard == expected, "\(name)")
    }

    @Test func withoutNumbersTheTimeCounts() {
        var line = Line()
        // Times are rounded, and a packet may be a little early or late.
        for (time, ms) in [(5, 0), (25, 20), (66, 40), (46, 41), (84, 60), (125, 100), (145, 160)] as [(Int64, Int64)] {
            line.arrive(time, at: ms, isTime: true)
        }
        let heard = line.heard
        #expect(heard == ["5", "25", "46", "66", "84", "lost20", "125", "145"])
    }

    @Test func whatWaitsGoesOnWithoutMorePackets() {
        var line = Line()
        line.arrive(1, at: 0)
        let none = line.buffer.deadline
        #expect(none == nil)
        line.arrive(3, at: 40)
        let deadline = line.buffer.deadline
        #expect(deadline == .zero + .milliseconds(100))
        line.drain(at: 99)
        line.drain(at: 100)
        let (heard, after, lost) = (line.heard, line.buffer.deadline, line.buffer.lostCount)
        #expect(heard == ["1", "lost20", "3"])
        #expect(after == nil)
        #expect(lost == 1)
    }

    @Test func manyWaitingPacketsDoNotWaitLonger() {
        var line = Line()
        line.arrive(0, at: 0)
        for number in 2...9 { line.arrive(Int64(number), at: 1) }
        let heard = line.heard
        #expect(heard == ["0", "lost20"] + (2...9).map { "\($0)" })
    }

    @Test func packetsWithoutPlaceAndLongOnesGoOn() {
        var buffer = JitterBuffer(.init(packetBytes: 4))
        [UInt8](repeating: 0, count: 5).withUnsafeBytes { packet in
            #expect(buffer.arrived(packet, number: nil, time: nil, milliseconds: 20, at: .zero) == .play)
            #expect(buffer.arrived(packet, number: 1, time: nil, milliseconds: 0, at: .zero) == .play)
            #expect(buffer.arrived(packet, number: 3, time: nil, milliseconds: 20, at: .zero) == .play)
        }
        let next = buffer.next(at: .zero + .seconds(9))
        #expect(next == .nothing)
    }

    /// Any order, any numbers: each packet is heard at most once, in order but for new beginnings, and nothing stays.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func randomStreamsAreHeardOnce(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var line = Line()
        var arrivals: [(number: Int64, at: Int64)] = []
        for number in 0..<500 where number == 0 || Int.random(in: 0..<20, using: &random) > 0 {
            // The first one begins the stream: what is before it is late.
            let delay = number == 0 ? 0 : Int64.random(in: 0...59, using: &random)
            let at = Int64(number) * 20 + delay
            arrivals.append((Int64(number), at))
        }
        for (number, at) in arrivals.sorted(by: { $0.at < $1.at }) { line.arrive(number, at: at) }
        line.drain(at: 20_000)
        let heard = line.heard
        let numbers = heard.compactMap { Int64($0) }
        #expect(numbers == numbers.sorted(), "seed \(seed)")
        #expect(Set(numbers).count == numbers.count, "seed \(seed)")
        // Nothing that came within the window is missing.
        #expect(numbers.count == arrivals.count, "seed \(seed)")
        let lost = heard.filter { $0.hasPrefix("lost") }.compactMap { Int($0.dropFirst(4)) }.reduce(0, +) / 20
        #expect(lost + numbers.count >= 495, "seed \(seed)")
    }
}

@Suite struct LossConcealmentTests {
    private func concealed(_ format: AudioFormat, _ audio: [UInt8], milliseconds: Int) -> [UInt8] {
        var concealment = LossConcealment(format)
        var made: [UInt8] = []
        audio.withUnsafeBytes { concealment.heard($0) }
        concealment.conceal(milliseconds: milliseconds) { made += Array($0) }
        return made
    }

    @Test func repeatsToAndFroAndFades() throws {
        let format = try AudioFormat(encoding: .pcm16, sampleRate: 8_000)
        let samples = (0..<160).map { Int16($0 * 100) }
        let made = concealed(format, samples.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }, milliseconds: 100)
        #expect(made.count == 1_600)
        let heard = stride(from: 0, to: made.count, by: 2).map { Int(Int16(made[$0]) | Int16(made[$0 + 1]) << 8) }
        for index in 0..<800 {
            let place = index % 320
            let source = place < 160 ? 159 - place : place - 160
            #expect(heard[index] == Int(samples[source]) * max(0, 480 - index) / 480)
        }
    }

    @Test(arguments: [AudioEncoding.mulaw, .alaw]) func g711GoesOnWhereItEnded(encoding: AudioEncoding) throws {
        let format = try AudioFormat(encoding: encoding, sampleRate: 8_000)
        let audio = (0..<200).map { UInt8(($0 * 7) & 0xFF) }
        let made = concealed(format, audio, milliseconds: 20)
        #expect(made.count == 160)
        #expect(made.first == audio.last)
    }

    @Test func withoutAnythingHeardThereIsSilence() {
        #expect(concealed(.telephone, [], milliseconds: 20) == [UInt8](repeating: 0xFF, count: 160))
        #expect(concealed(.telephone, [1, 2, 3], milliseconds: 0) == [])
    }

    @Test func opusIsLeftToItsDecoder() throws {
        let format = try AudioFormat(encoding: .opus, sampleRate: 16_000)
        #expect(concealed(format, [1, 2, 3], milliseconds: 20) == [])
    }
}
