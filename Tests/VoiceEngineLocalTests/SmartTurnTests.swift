import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineLocal

/// Reference figures by Tests/GoldenAudio/make_smart_turn.py.
@Suite("Smart Turn") struct SmartTurnTests {
    /// As in make_smart_turn.py.
    private static func signal(_ count: Int) -> [Float] {
        var state: UInt32 = 1
        return (0..<count).map { n in
            state = state &* 1_664_525 &+ 1_013_904_223
            let noise = Int(state >> 22) - 512
            let saw = (n * (3 + n / 4_000)) % 80 * 100 - 4_000
            return Float(noise + saw * (n / 2_000 % 3)) / 32_768
        }
    }

    private static let reference: [(seconds: Int, frame: Int, bands: [Float])] = [
        (3, 0, [0.8881, -0.1850, -0.1850, -0.1850, -0.1850, -0.1850, -0.1850, -0.1850]),
        (3, 300, [0.8881, -0.1850, -0.1850, -0.1850, -0.1850, -0.1850, -0.1850, -0.1850]),
        (3, 499, [0.8901, -0.1850, -0.0649, -0.1850, -0.1367, -0.1850, -0.0388, -0.0852]),
        (3, 500, [0.8756, 0.7304, 0.7518, 0.5572, 0.6096, 0.6363, 0.6837, 0.6088]),
        (3, 501, [0.8403, 0.6975, 0.8287, 0.8333, 0.6542, 0.8514, 0.8280, 0.8137]),
        (3, 640, [1.4028, 0.6916, 0.8113, 0.7349, 0.7630, 0.8634, 0.7442, 0.6826]),
        (3, 799, [1.0079, 1.2547, 1.3932, 1.2491, 0.7590, 0.9188, 1.1532, 1.4007]),
        (10, 0, [1.0038, 0.9443, 0.9875, 0.8280, 0.8803, 0.9775, 0.9763, 0.8973]),
        (10, 300, [0.9450, 0.8343, 0.7342, 0.8129, 0.6955, 0.8091, 0.7764, 0.6582]),
        (10, 499, [1.0602, 0.6768, 0.4335, 0.6199, 0.6004, 0.5857, 0.6655, 0.7106]),
        (10, 500, [1.0937, 1.0126, 0.7219, 1.0367, 0.7871, 1.2288, 1.2631, 0.8749]),
        (10, 501, [0.9880, 1.0742, 0.9374, 0.9548, 0.7692, 1.2837, 1.3030, 0.9557]),
        (10, 640, [0.6223, 0.7182, 1.1224, 0.5029, 0.6151, 0.6772, 0.6041, 1.0699]),
        (10, 799, [0.9832, 1.0079, 1.3563, 0.9762, 0.7558, 0.7394, 0.8609, 0.8239]),
    ]

    @Test("the features are those of the model's own code") func features() {
        let features = WhisperFeatures(seconds: 8)
        for seconds in [10, 3] {
            features.take(Self.signal(16_000 * seconds))
            for row in Self.reference where row.seconds == seconds {
                for (index, expected) in row.bands.enumerated() {
                    let value = features.values[index * 10 * features.frames + row.frame]
                    #expect(abs(value - expected) < 0.001, "\(seconds) s, frame \(row.frame), band \(index * 10)")
                }
            }
        }
    }

    @Test(
        "a telephone's sound is doubled in rate, its end counts, and any length is taken",
        arguments: [0, 1, 100, 70_000])
    func telephone(_ count: Int) {
        let sound = (0..<count).map { Int16($0 % 200 * 50) }
        let features = WhisperFeatures(seconds: 8)
        features.take(telephone: sound)
        let doubled = features.values.map { $0 }
        #expect(doubled.allSatisfy { $0.isFinite })
        features.take(Recordings.doubled(sound.suffix(64_000).map { Float($0) / 32_768 }))
        let expected = features.values.map { $0 }
        #expect(zip(doubled, expected).allSatisfy { abs($0 - $1) < 0.01 })
    }

    @Test(
        "judges as the model's own code does", .enabled(if: Models.have(.endOfTurn), Models.hint),
        .enabled(if: Recordings.areThere, Recordings.hint),
        arguments: [
            ("vm-nobodyavail", 0.987, 0.687), ("conf-onlyperson", 0.982, 0.050), ("vm-goodbye", 0.249, 0.786),
            ("demo-instruct", 0.970, 0.679), ("queue-thankyou", 0.917, 0.048), ("vm-options", 0.976, 0.973),
        ] as [(String, Float, Float)])
    func judges(_ name: String, _ whole: Float, _ half: Float) throws {
        let model = try Models.store.smartTurn()
        let samples = try Recordings.read("\(Recordings.prompts)/\(name).wav").samples
        let silence = [Int16](repeating: 0, count: 1_200)
        // The rates are doubled by other filters.
        #expect(abs(try model.probability(ofEndAfter: samples + silence) - whole) < 0.05)
        let middle = try model.probability(ofEndAfter: samples.prefix(samples.count / 2) + silence)
        // Where the model hesitates a little of the filters' difference becomes more: the judgement must be the same.
        #expect(abs(middle - half) < 0.15 && (middle > 0.5) == (half > 0.5), "\(middle)")
    }
}

@Suite("Questions about pauses") struct LocalEndOfTurnTests {
    private let loop = NIOAsyncTestingEventLoop()
    private let pool = InferencePool(.init(cores: 1))
    /// Touched on the loop only.
    private final class Calls: @unchecked Sendable { var streams: [any EndOfTurnStream] = [] }
    private let calls = Calls()

    private func ask(_ call: Int, _ count: Int) async throws {
        try await loop.executeInContext { [self] in
            [Int16](repeating: 0, count: count).withUnsafeBufferPointer {
                calls.streams[call].judge($0, question: count)
            }
        }
    }

    @Test("the newest question is answered; the lane takes no more than it can answer in time")
    func questions() async throws {
        let (began, goOn) = (Gate(), Gate())
        let provider = LocalEndOfTurn(pool: pool) { sound throws(LocalModelError) in
            if sound.count == 1 {
                began.open()
                goOn.wait()
            }
            if sound.count == 5 { throw .failed("too hard") }
            return Float(sound.count)
        }
        let answers = Collected<String>()
        let context = context(on: loop)
        try await loop.executeInContext { [self] in
            calls.streams = (0..<4).map { call in
                provider.open(context) { answers.add("\(call): \($0) \($1)") }
            }
        }
        try await ask(0, 1)
        began.wait()
        try await ask(1, 2)
        try await ask(1, 3)  // the pause of 2 is over
        try await ask(2, 4)
        try await ask(3, 6)  // nobody could answer it in time
        try await loop.executeInContext { [self] in calls.streams[0].close() }
        goOn.open()
        while pool.load(of: .turns) != (0, 0) { await Task.yield() }
        try await ask(3, 5)
        while pool.load(of: .turns) != (0, 0) { await Task.yield() }
        await loop.run()
        #expect(answers.all == ["1: 3 3.0", "2: 4 4.0"])
        try await loop.executeInContext { [self] in calls.streams = [] }
        pool.shutdown()
    }
}
