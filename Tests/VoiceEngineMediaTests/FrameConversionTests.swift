import CAllocationCounter
import Foundation
import Testing
import VoiceEngineCore
import VoiceEngineMedia

@Suite struct FrameConversionTests {
    private static let formats: [(encoding: AudioEncoding, rate: Int)] = [
        (.mulaw, 8_000), (.alaw, 8_000), (.pcm16, 8_000), (.pcm16, 16_000), (.pcm16, 24_000), (.pcm16, 44_100),
        (.pcm16, 48_000), (.opus, 8_000), (.opus, 16_000), (.opus, 48_000), (.mulaw, 16_000),
    ]

    private func decode(_ bytes: [UInt8], by decoder: FrameDecoder) throws -> [Int16] {
        var samples = [Int16](repeating: 0, count: decoder.maximumSamples(forBytes: bytes.count))
        var span = samples.mutableSpan
        let count = try decoder.decode(bytes.span, into: &span)
        return Array(samples[..<count])
    }

    private func encode(_ frame: some Collection<Int16>, by encoder: FrameEncoder) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: encoder.maximumFrameBytes)
        var span = bytes.mutableSpan
        let count = try encoder.encode(Array(frame).span, into: &span)
        return Array(bytes[..<count])
    }

    /// Every format, from and to an engine at 8, 16 and 24 kHz: one frame in is one frame out, and a tone stays a tone.
    @Test(arguments: formats, [8_000, 16_000, 24_000])
    func aToneGoesOutAndComesBack(_ row: (encoding: AudioEncoding, rate: Int), engineRate: Int) throws {
        let format = try AudioFormat(encoding: row.encoding, sampleRate: row.rate)
        let encoder = try FrameEncoder(from: engineRate, to: format, frameMs: 20)
        let decoder = try FrameDecoder(from: format, to: engineRate)
        let tone = Signals.tone(500, rate: engineRate, count: engineRate / 2, amplitude: 8_000)
        var back: [Int16] = []
        for start in stride(from: 0, to: tone.count, by: encoder.inputSamples) {
            let bytes = try encode(tone[start..<(start + encoder.inputSamples)], by: encoder)
            #expect(row.encoding == .opus ? !bytes.isEmpty : bytes.count == encoder.maximumFrameBytes)
            back += try decode(bytes, by: decoder)
        }
        var rest = [Int16](repeating: 0, count: decoder.maximumSamples(forBytes: 0))
        var span = rest.mutableSpan
        let count = try decoder.flush(into: &span)
        back += rest[..<count]
        #expect(back.count == tone.count)
        let found = Signals.analyse(back, hertz: 500, rate: engineRate)
        #expect(abs(found.amplitude - 8_000) < (row.encoding == .opus ? 1_200 : 100))
        #expect(found.rest < (row.encoding == .opus ? -12 : row.encoding == .pcm16 ? -70 : -35))
    }

    @Test(arguments: [AudioEncoding.pcm16, .mulaw])
    func bytesMayBeSplitAnywhere(_ encoding: AudioEncoding) throws {
        var random = SeededRandom(seed: 0x5EED_0104)
        let bytes = (0..<5_001).map { _ in UInt8.random(in: 0...255, using: &random) }
        let format = try AudioFormat(encoding: encoding, sampleRate: 24_000)
        let decoder = try FrameDecoder(from: format, to: 8_000)
        let whole = try decode(bytes, by: decoder)
        for most in [1, 3, 700] {
            decoder.reset()
            var (start, parts): (Int, [Int16]) = (0, [])
            while start < bytes.count {
                let end = min(bytes.count, start + Int.random(in: 0...most, using: &random))
                parts += try decode(Array(bytes[start..<end]), by: decoder)
                start = end
            }
            #expect(parts == whole)
        }
    }

    @Test func theEncodersDelayIsWhatItSays() throws {
        let encoder = try FrameEncoder(from: 24_000, to: .telephone, frameMs: 20)
        var impulse = [Int16](repeating: 0, count: 480)
        impulse[0] = 32_000
        let frame = try encode(impulse, by: encoder)
        let loudest = frame.indices.max {
            abs(Int(G711.linear(mulaw: frame[$0]))) < abs(Int(G711.linear(mulaw: frame[$1])))
        }
        #expect(loudest == encoder.delay)
        #expect(encoder.delay <= 45)
    }

    @Test(arguments: [AudioEncoding.mulaw, .opus])
    func lostAudioIsFilled(_ encoding: AudioEncoding) throws {
        let decoder = try FrameDecoder(from: try AudioFormat(encoding: encoding, sampleRate: 8_000), to: 8_000)
        var samples = [Int16](repeating: 7, count: 2_000)
        var span = samples.mutableSpan
        #expect(try decoder.conceal(160, into: &span) == 160)
        #expect(try decoder.conceal(.max, into: &span) == 960)
        #expect(try decoder.conceal(-1, into: &span) == 0)
        #expect(samples[..<960].allSatisfy { $0 == 0 })
    }

    @Test func refusesWhatItCannotDo() throws {
        #expect(throws: MediaError.self) { try FrameEncoder(from: 22_050, to: .telephone, frameMs: 10) }
        #expect(throws: MediaError.self) { try FrameEncoder(from: 8_000, to: .telephone, frameMs: 25) }
        #expect(throws: MediaError.unsupportedRate(500)) { try FrameDecoder(from: .telephone, to: 500) }
        let opus = try FrameDecoder(from: try AudioFormat(encoding: .opus, sampleRate: 8_000), to: 16_000)
        #expect(throws: MediaError.badPacket) { try decode([0xFF], by: opus) }
        #expect(try decode([], by: opus) == [])
        let encoder = try FrameEncoder(from: 8_000, to: .telephone, frameMs: 20)
        #expect(throws: MediaError.badFrame(expected: 160)) { try encode([1], by: encoder) }
        #expect(try encode([Int16](repeating: 0, count: 160), by: encoder) == [UInt8](repeating: 0xFF, count: 160))
    }

    @Test func theFramePathDoesNotAllocate() throws {
        for row in Self.formats {
            let format = try AudioFormat(encoding: row.encoding, sampleRate: row.rate)
            let encoder = try FrameEncoder(from: 16_000, to: format, frameMs: 20)
            let decoder = try FrameDecoder(from: format, to: 16_000)
            let frame = Signals.tone(400, rate: 16_000, count: 320)
            var bytes = [UInt8](repeating: 0, count: encoder.maximumFrameBytes)
            var samples = [Int16](repeating: 0, count: decoder.maximumSamples(forBytes: bytes.count))
            var detector = EnergyDetector(sampleRate: 16_000)
            var made = 0
            // The first round sets up what is made lazily.
            for round in 0..<2 {
                let before = voice_test_allocations()
                for _ in 0..<100 {
                    var target = bytes.mutableSpan
                    let count = try encoder.encode(frame.span, into: &target)
                    var room = samples.mutableSpan
                    let got = try decoder.decode(bytes.span.extracting(0..<count), into: &room)
                    var offset = 0
                    while detector.next(samples.span.extracting(0..<got), offset: &offset) != nil {}
                    made += got
                }
                if round == 1 { #expect(voice_test_allocations() - before == 0, "\(format)") }
            }
            #expect(made > 60_000)
        }
    }

    @Test func theAllocationCounterCounts() {
        let before = voice_test_allocations()
        let array = [Int](repeating: made(), count: 100)
        #expect(array.count == 100)
        #expect(before == -1 || voice_test_allocations() > before)
    }

    @inline(never) private func made() -> Int { 1 }
}
