internal import NIOCore
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
@testable internal import VoiceEngineProviders

/// What every streaming recogniser does alike.
@Suite struct RecogniserStreamTests {
    /// The audio of these messages.
    private func audio(_ frames: [(opcode: UInt8, payload: [UInt8])]) throws -> [UInt8] {
        try frames.flatMap { frame -> [UInt8] in
            if frame.opcode == 2 { return frame.payload }
            guard frame.opcode == 1,
                let text = (try? JSONValue.parse(String(decoding: frame.payload, as: UTF8.self)))?["audio_base_64"]?
                    .string
            else { return [] }
            var bytes = [UInt8](repeating: 0, count: Base64.maximumDecodedCount(text.utf8.count))
            var span = bytes.mutableSpan
            let count = try Base64.decode(Array(text.utf8).span, into: &span)
            return Array(bytes[..<count])
        }
    }

    @Test(arguments: RecogniserHouse.all)
    func keepsAudioUntilTheSessionBegins(_ house: RecogniserHouse) throws {
        let harness = try RecogniserHarness(house)
        harness.send(milliseconds: house.chunk, 7)
        harness.server.acceptWebSocket()
        if let greeting = house.greeting {
            #expect(try audio(harness.server.takeFrames()) == [])
            harness.server.send(text: greeting)
        }
        #expect(try audio(harness.server.takeFrames()) == [UInt8](repeating: 7, count: house.chunk * 8))
        harness.send(milliseconds: house.chunk, 8)
        #expect(try audio(harness.server.takeFrames()) == [UInt8](repeating: 8, count: house.chunk * 8))
        #expect(harness.take() == [])
    }

    @Test(arguments: RecogniserHouse.all)
    func saysGoodbye(_ house: RecogniserHouse) throws {
        let harness = try RecogniserHarness(house)
        harness.begin()
        _ = harness.server.takeFrames()
        harness.stream.close()
        harness.stream.close()
        let frames = harness.server.takeFrames()
        #expect(frames.filter { $0.opcode == 1 }.map { String(decoding: $0.payload, as: UTF8.self) } == house.goodbye)
        harness.server.sendClose(1000)
        harness.advance(10)
        #expect(harness.fixture.isQuiet)
        #expect(harness.take() == [])
    }

    @Test(arguments: RecogniserHouse.all)
    func leavesAServerThatDoesNotAnswerTheGoodbye(_ house: RecogniserHouse) throws {
        let harness = try RecogniserHarness(house)
        harness.begin()
        harness.stream.close()
        harness.server.send(text: house.partial)
        harness.advance(7_000)
        #expect(harness.fixture.isQuiet)
        #expect(harness.take() == [])
    }

    @Test(arguments: RecogniserHouse.all)
    func isClosedBeforeItIsOpen(_ house: RecogniserHouse) throws {
        let harness = try RecogniserHarness(house)
        harness.send(milliseconds: 500)
        harness.stream.finishUtterance()
        harness.stream.close()
        harness.advance(60_000)
        #expect(harness.fixture.isQuiet)
        #expect(harness.take() == [])
    }

    @Test(
        arguments: RecogniserHouse.all,
        [(400, "configuration"), (401, "auth"), (402, "auth"), (429, "rateLimited"), (500, "unavailable")])
    func namesARefusal(_ house: RecogniserHouse, _ row: (Int, String)) throws {
        let harness = try RecogniserHarness(house)
        harness.server.answer("HTTP/1.1 \(row.0) No \(ProviderFixture.key)\r\nContent-Length: 0\r\n\r\n")
        let log = harness.take()
        #expect(log.count == 1)
        #expect(log.first?.hasPrefix("failed \(row.1): ") == true, "\(log)")
        #expect(!log.joined().contains(ProviderFixture.key))
        #expect(harness.fixture.isQuiet)
    }

    @Test(arguments: RecogniserHouse.all)
    func failsOnceWhenItIsCutInMidUtterance(_ house: RecogniserHouse) throws {
        let harness = try RecogniserHarness(house)
        harness.begin()
        harness.send(milliseconds: 500)
        #expect(harness.told(house.partial).last?.hasPrefix("partial 'hi'") == true)
        harness.stream.finishUtterance()
        harness.server.cut()
        #expect(harness.take() == ["failed unavailable: the connection was lost"])
        harness.send(milliseconds: 500)
        harness.stream.finishUtterance()
        harness.stream.utteranceCommitted()
        harness.stream.close()
        harness.advance(60_000)
        #expect(harness.take() == [])
        #expect(harness.fixture.isQuiet)
    }

    @Test(arguments: RecogniserHouse.all, ["nonsense", "[]", "", "{\"x", "\u{0}", "7"])
    func failsOnceOnGarbage(_ house: RecogniserHouse, _ garbage: String) throws {
        let harness = try RecogniserHarness(house)
        harness.begin()
        harness.server.send(text: garbage)
        harness.server.send(text: garbage)
        #expect(harness.take() == ["failed protocol: sent a message that is not of its protocol"])
        harness.advance(1_000)
        #expect(harness.fixture.isQuiet)
    }

    @Test(arguments: RecogniserHouse.all)
    func neverRepeatsTheKey(_ house: RecogniserHouse) throws {
        let harness = try RecogniserHarness(house)
        harness.begin()
        harness.server.sendClose(4_400, "bad \(ProviderFixture.key)")
        let log = harness.take()
        #expect(log.count == 1)
        #expect(log.first?.contains("bad …") == true, "\(log)")
    }

    @Test(arguments: RecogniserHouse.all.filter { $0.greeting != nil })
    func doesNotWaitForEverForTheSessionToBegin(_ house: RecogniserHouse) throws {
        let harness = try RecogniserHarness(house, ["timeout_ms": 700])
        harness.server.acceptWebSocket()
        harness.advance(699)
        #expect(harness.take() == [])
        harness.advance(1)
        #expect(harness.take().first?.hasPrefix("failed timeout: did not begin the session within 700 ms") == true)
        harness.advance(1_000)
        #expect(harness.fixture.isQuiet)
    }

    @Test(arguments: RecogniserHouse.all.filter { $0.greeting != nil })
    func failsWhenTheServerClosesBeforeTheSessionBegins(_ house: RecogniserHouse) throws {
        let harness = try RecogniserHarness(house)
        harness.server.acceptWebSocket()
        harness.server.sendClose(1011, "later")
        #expect(harness.take() == ["failed unavailable: closed the connection with code 1011: later"])
        #expect(harness.fixture.isQuiet)
    }

    @Test(arguments: RecogniserHouse.all)
    func keepsTenSecondsForAConnectionThatIsSlow(_ house: RecogniserHouse) throws {
        let harness = try RecogniserHarness(house, ["timeout_ms": 60_000])
        for second in 0..<14 { harness.send(milliseconds: 1_000, UInt8(second)) }
        harness.begin()
        var bytes: [UInt8] = []
        for _ in 0..<80 {
            bytes += try audio(harness.server.takeFrames())
            harness.advance(100)
        }
        // Ten seconds, and silence that keeps the connection alive behind them.
        let kept = bytes.filter { $0 < 14 }
        #expect(kept.count <= 80_000 && kept.count >= 79_000, "\(kept.count)")
        #expect(Array(Set(kept)).sorted() == (kept.first!...13).map { $0 })
        #expect(kept == kept.sorted())
    }

    @Test(arguments: [(RecogniserHouse.soniox, 5), (.assemblyAI, 3)])
    func doesNotSendABacklogFasterThanTheHouseLikes(_ row: (RecogniserHouse, Int)) throws {
        let harness = try RecogniserHarness(row.0)
        harness.send(milliseconds: 9_000)
        harness.stream.finishUtterance()
        harness.begin()
        var sent = try audio(harness.server.takeFrames()).count / 8
        #expect((1_000...1_100).contains(sent), "\(sent)")
        for _ in 0..<10 { harness.advance(100) }
        let frames = harness.server.takeFrames()
        sent += try audio(frames).count / 8
        #expect(abs(sent - (1_000 + 1_000 * row.1)) <= 600, "\(sent)")
        // The end of the utterance is behind its audio.
        #expect(!frames.contains { $0.opcode == 1 })
        for _ in 0..<40 { harness.advance(100) }
        #expect(harness.server.takeFrames().contains { $0.opcode == 1 })
    }

    @Test(arguments: RecogniserHouse.all)
    func sendsTheSameHoweverTheAudioIsSplit(_ house: RecogniserHouse) throws {
        let call = (0..<8_000).map { UInt8(truncatingIfNeeded: $0 * 31 / 7) }
        var expected: [[UInt8]]?
        for seed in 1...6 {
            let harness = try RecogniserHarness(house)
            harness.begin()
            _ = harness.server.takeFrames()
            var (rest, state) = (call[...], UInt64(seed))
            while !rest.isEmpty {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let count = seed == 1 ? rest.count : min(rest.count, 1 + Int(state >> 33) % 700)
                Array(rest.prefix(count)).withUnsafeBytes { harness.stream.send($0) }
                rest = rest.dropFirst(count)
            }
            let messages = harness.server.takeFrames().map(\.payload)
            #expect(messages == expected ?? messages, "seed \(seed)")
            expected = messages
        }
        #expect(expected?.count == 1_000 / house.chunk)
    }

    @Test(arguments: RecogniserHouse.all)
    func aCommitInsideTheSinkEndsTheUtteranceThere(_ house: RecogniserHouse) throws {
        let harness = try RecogniserHarness(house)
        harness.begin()
        harness.send(milliseconds: 1_000)
        harness.onEvent = { [unowned harness] in
            if $0.hasPrefix("partial") { harness.stream.utteranceCommitted() }
        }
        #expect(harness.told(house.partial).last?.hasPrefix("partial 'hi'") == true)
        // The same words again are no news.
        #expect(harness.told(house.partial).filter { $0.contains("hi") } == [])
    }
}

@Suite struct AudioUplinkTests {
    @Test func fillsUpShortMessagesAndKeepsHalfSamples() throws {
        let format = try AudioFormat(encoding: .pcm16, sampleRate: 8_000)
        var uplink = AudioUplink(format: format, chunkMilliseconds: 100, smallestMilliseconds: 50)
        var messages: [[UInt8]] = []
        func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
            messages.append(Array(bytes))
            return true
        }
        [UInt8](repeating: 1, count: 161).withUnsafeBytes { uplink.append($0, take) }
        #expect(messages == [])
        uplink.flush(take)
        #expect(messages == [[UInt8](repeating: 1, count: 160) + [UInt8](repeating: 0, count: 640)])
        #expect(uplink.sentMilliseconds == 50)
        // 40 ms were put in: what the server takes for 70 is 30.
        #expect(uplink.callMilliseconds(ofSent: 70) == 30)
        [UInt8](repeating: 2, count: 1_599).withUnsafeBytes { uplink.append($0, take) }
        #expect(messages.last == [1] + [UInt8](repeating: 2, count: 1_599))
        uplink.flush(take)
        #expect(messages.count == 2)
        #expect([0, 3, 10, 30, 50, 51].map { uplink.callMilliseconds(ofSent: $0) } == [0, 3, 10, 10, 10, 11])
        #expect([.max, .min, -1].map { uplink.callMilliseconds(ofSent: $0) } == [0, 0, 0])
    }

    @Test func messagesAreLongerWhileNobodySpeaks() {
        let line = UplinkLine(AudioUplink(format: .telephone, chunkMilliseconds: 40, quietMilliseconds: 100))
        line.append(60)
        #expect(line.messages == [40])
        line.uplink.quieten()
        for _ in 0..<10 { line.append(20) }
        #expect(line.messages == [40, 100, 100])
        line.uplink.attend(line.take)
        line.append(10)
        #expect(line.messages == [40, 100, 100], "less than a message waits for the rest of one")
        line.append(10)
        #expect(line.messages == [40, 100, 100, 40])
        line.uplink.quieten()
        line.append(60)
        line.uplink.attend(line.take)
        #expect(line.messages == [40, 100, 100, 40, 60], "what was collected goes at once")
        #expect(line.uplink.sentMilliseconds == 340)
    }

    @Test(arguments: [0, 30]) func whatWasCollectedGoesWithAPause(smallest: Int) {
        let line = UplinkLine(
            AudioUplink(format: .telephone, chunkMilliseconds: 80, smallestMilliseconds: smallest))
        line.uplink.pause(line.take)
        line.append(100)
        line.uplink.pause(line.take)
        #expect(line.messages == (smallest == 0 ? [80, 20] : [80]), "no silence is put in for it")
        line.append(40)
        line.uplink.pause(line.take)
        #expect(line.messages == (smallest == 0 ? [80, 20, 40] : [80, 60]))
        #expect(line.uplink.sentMilliseconds == 140)
    }

    @Test func remembersWhereSilenceWasPutIn() {
        var uplink = AudioUplink(format: .telephone, chunkMilliseconds: 20)
        for _ in 0..<100 {
            [UInt8](repeating: 1, count: 80).withUnsafeBytes { uplink.append($0) { _ in true } }
            uplink.appendSilence(milliseconds: 10) { _ in true }
            uplink.appendSilence(milliseconds: 5) { _ in true }
        }
        #expect(uplink.sentMilliseconds == 2_500)
        #expect(
            [2_500, 2_499, 2_485, 2_480].map { uplink.callMilliseconds(ofSent: $0) } == [1_000, 1_000, 1_000, 995])
    }

    @Test(
        arguments: [
            (.mulaw, 8_000, [.mulaw, .alaw], .mulaw, 8_000), (.alaw, 8_000, [.mulaw, .alaw], .alaw, 8_000),
            (.alaw, 8_000, [.mulaw], .pcm16, 8_000), (.pcm16, 24_000, [], .pcm16, 24_000),
            (.pcm16, 48_000, [], .pcm16, 16_000), (.opus, 48_000, [.mulaw], .pcm16, 16_000),
        ] as [(AudioEncoding, Int, Set<AudioEncoding>, AudioEncoding, Int)])
    func asksForAFormat(_ row: (AudioEncoding, Int, Set<AudioEncoding>, AudioEncoding, Int)) throws {
        let native = try AudioFormat(encoding: row.0, sampleRate: row.1)
        #expect(native.forRecogniser(taking: row.2) == (try AudioFormat(encoding: row.3, sampleRate: row.4)))
    }
}

@Suite struct UtteranceTextTests {
    @Test(arguments: [
        ("", "yes", "yes"), ("yes please", "Yes, please.", ""), ("yes please", "Yes please. Now.", "Now."),
        ("for too", "For two people", "people"), ("I'd like to", "I would like to book", "book"),
        ("book a", "Book a - table", "table"), ("um yes", "Yes.", ""),
        ("see you at nine", "See you at 9 tomorrow", "tomorrow"),
        ("a b c d", "b c d e", "e"), ("今日は", "今日はいい", "いい"), ("ok", "", ""), ("one two three", "one", ""),
        ("no no", "No, no, no!", "no!"),
    ])
    func findsWhatIsNew(_ row: (String, String, String)) {
        #expect(SpokenWords(row.0).rest(of: row.1) == row.2)
    }

    @Test func losesAndDoublesNoWordWhereverItIsCommitted() {
        let words = (0..<40).map { "w\($0)" }
        for seed in 1...50 {
            var state = UInt64(seed)
            func random(_ limit: Int) -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(state >> 33) % limit
            }
            var (text, committed, start) = (UtteranceText(), [String](), 0)
            for end in 1...words.count {
                text.update(words[start..<end].joined(separator: " "))
                if random(5) == 0 {
                    committed += text.text.split(separator: " ").map(String.init)
                    text.commit()
                }
                if random(7) == 0 {
                    text.close(words[start..<end].map { $0.uppercased() + "," }.joined(separator: " "))
                    start = end
                }
            }
            committed += text.text.split(separator: " ").map(String.init)
            #expect(committed.map { $0.lowercased().filter { $0 != "," } } == words, "seed \(seed)")
        }
    }

    @Test func comparesLongTurnsInTheEnd() {
        let long = (0..<2_000).map { "w\($0)" }
        let told = ["well"] + long.dropFirst() + ["more"]
        #expect(SpokenWords(long.joined(separator: " ")).rest(of: told.joined(separator: " ")) == "more")
    }
}

/// An uplink of telephone audio whose connection takes everything.
private final class UplinkLine {
    var uplink: AudioUplink
    /// [ms] Of each message that was taken.
    private(set) var messages: [Int] = []

    init(_ uplink: AudioUplink) { self.uplink = uplink }

    func take(_ message: UnsafeRawBufferPointer) -> Bool {
        messages.append(message.count / 8)
        return true
    }

    func append(_ milliseconds: Int) {
        [UInt8](repeating: 1, count: milliseconds * 8).withUnsafeBytes { uplink.append($0, take) }
    }
}
