import Testing
import VoiceEngineCore

@testable import VoiceEngineCarrier

/// A frame of the parser, copied.
private struct Frame: Equatable {
    let kind: UInt8
    let payload: [UInt8]
}

extension AudioSocketFrameParser {
    /// All frames that end in these bytes, which are an array of their own so that reading beyond them is found.
    fileprivate mutating func frames(_ bytes: [UInt8]) -> [Frame] {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes
            var frames: [Frame] = []
            while case .frame(let kind, let payload) = next(&rest) {
                frames.append(Frame(kind: kind, payload: Array(payload)))
            }
            #expect(rest.isEmpty)
            return frames
        }
    }
}

@Suite struct AudioSocketWireTests {
    private func decode(_ kind: UInt8, _ payload: [UInt8]) -> Result<AudioSocketMessage, AudioSocketWireError> {
        payload.withUnsafeBytes { payload in
            do throws(AudioSocketWireError) {
                return .success(try AudioSocketWire.decode(kind: kind, payload: payload))
            } catch {
                return .failure(error)
            }
        }
    }

    static let messages: [(UInt8, [UInt8], AudioSocketMessage)] = [
        (0x00, [], .terminate),
        (0x02, [], .silence),
        (0x03, [UInt8(ascii: "5")], .digit(UInt8(ascii: "5"))),
        (0x03, [UInt8(ascii: "#")], .digit(UInt8(ascii: "#"))),
        (0x03, [UInt8(ascii: "*")], .digit(UInt8(ascii: "*"))),
        (0x03, [UInt8(ascii: "D")], .digit(UInt8(ascii: "D"))),
        (0x03, [UInt8(ascii: "b")], .digit(UInt8(ascii: "B"))),
        (0x10, [1, 2], .audio(sampleRate: 8_000)),
        (0x11, [1, 2], .audio(sampleRate: 12_000)),
        (0x12, [1, 2], .audio(sampleRate: 16_000)),
        (0x13, [1, 2], .audio(sampleRate: 24_000)),
        (0x14, [1, 2], .audio(sampleRate: 32_000)),
        (0x15, [1, 2], .audio(sampleRate: 44_100)),
        (0x16, [1, 2], .audio(sampleRate: 48_000)),
        (0x17, [1, 2], .audio(sampleRate: 96_000)),
        (0x18, [1, 2], .audio(sampleRate: 192_000)),
        (0x10, [], .audio(sampleRate: 8_000)),
        (0x19, [1, 2], .unknown(0x19)),
        (0x04, [], .unknown(0x04)),
        (0xFE, [9], .unknown(0xFE)),
        (0xFF, [], .error(nil)),
        (0xFF, [1], .error(.hungUp)),
        (0xFF, [2], .error(.forwarding)),
        (0xFF, [4], .error(.memory)),
        (0xFF, [7, 7], .error(AudioSocketErrorCode(7))),
    ]

    @Test(arguments: messages)
    func readsEveryKind(kind: UInt8, payload: [UInt8], message: AudioSocketMessage) {
        #expect(decode(kind, payload) == .success(message))
    }

    @Test(arguments: [
        (UInt8(0x01), [UInt8](repeating: 1, count: 15), "uuid: expected 16 bytes, got 15"),
        (0x01, [], "uuid: expected 16 bytes, got 0"),
        (0x03, [], "digit: expected 1 byte, got 0"),
        (0x03, [0x31, 0x32], "digit: expected 1 byte, got 2"),
        (0x03, [0x20], "digit: expected 0-9, A-D, * or #, got byte 32"),
        (0x12, [1, 2, 3], "audio: expected whole samples of 2 bytes, got 3 bytes"),
    ])
    func namesWhatIsWrong(kind: UInt8, payload: [UInt8], text: String) {
        guard case .failure(let error) = decode(kind, payload) else { return #expect(Bool(false)) }
        #expect(error.description == text)
    }

    @Test func readsTheIdentifierOfTheDocumentation() throws {
        var parser = AudioSocketFrameParser()
        let frames = parser.frames(AudioSocketSays.identifier)
        let frame = try #require(frames.first)
        guard case .success(.identifier(let id)) = decode(frame.kind, frame.payload) else {
            return #expect(Bool(false))
        }
        #expect("\(id)" == AudioSocketSays.id)
    }

    @Test func ratesAndKindsAreOneTable() {
        for (index, rate) in AudioSocketWire.sampleRates.enumerated() {
            #expect(AudioSocketWire.kind(ofSampleRate: rate) == UInt8(0x10 + index))
        }
        #expect(AudioSocketWire.kind(ofSampleRate: 22_050) == nil)
    }

    @Test func anySplitGivesTheSameFrames() {
        let bytes =
            AudioSocketSays.identifier + AudioSocketSays.audio() + AudioSocketSays.digit("7")
            + AudioSocketSays.frame(0x18, [UInt8](repeating: 3, count: 65_535))
            + AudioSocketSays.audio(0x12, samples: 320)
            + AudioSocketSays.terminate
        var whole = AudioSocketFrameParser()
        let expected = whole.frames(bytes)
        #expect(expected.map(\.kind) == [0x01, 0x10, 0x03, 0x18, 0x12, 0x00])
        var random = SeededRandom(seed: 11)
        for longest in [1, 2, 3, 7, 323, 4_000, 70_000] {
            var parser = AudioSocketFrameParser()
            var found: [Frame] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = min(rest.count, Int.random(in: 1...longest, using: &random))
                found += parser.frames(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(found == expected, "pieces of up to \(longest) bytes")
        }
    }

    @Test func standsAnything() {
        var random = SeededRandom(seed: 12)
        let real = AudioSocketSays.identifier + AudioSocketSays.audio() + AudioSocketSays.digit("1")
        for _ in 0..<2_000 {
            var bytes = real
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            if Bool.random(using: &random) {
                bytes = (0..<Int.random(in: 0...600, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
            }
            var parser = AudioSocketFrameParser()
            var machine = AudioSocketStateMachine()
            var starts = 0
            for frame in parser.frames(bytes) {
                let action =
                    switch decode(frame.kind, frame.payload) {
                    case .success(let message): machine.received(message)
                    case .failure(let error): machine.receivedMalformed(error)
                    }
                if case .startCall = action { starts += 1 }
                if case .close(let anomaly) = action { #expect(!anomaly.description.isEmpty) }
            }
            #expect(starts <= 1)
            #expect(machine.anomalies <= AudioSocketStateMachine.mostAnomalies + 1)
        }
    }
}
