internal import NIOCore
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
@testable internal import VoiceEngineProviders

/// The HTTP driver through OpenAI's speech endpoint, against a server in virtual time.
@Suite struct HTTPVoiceTests {
    let fixture: ProviderFixture
    let log = VoiceLog()
    init() throws { fixture = try ProviderFixture() }

    private func open(_ options: JSONValue = [:]) throws -> any TextToSpeechStream {
        let provider = try OpenAISpeech.make(
            fixture.voice("openai", model: "m", voice: "marin", baseURL: "http://v/v1", options: options),
            profile: .openAI)
        return provider.open(fixture.context, format: provider.format(for: .telephone), sink: log.sink)
    }

    private func connection(_ index: Int) -> ScriptedConnection { fixture.network.connections[index] }

    private let head = "HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\nTransfer-Encoding: chunked\r\n\r\n"
    private let end: [UInt8] = Array("0\r\n\r\n".utf8)
    private func chunk(_ bytes: [UInt8]) -> [UInt8] {
        Array(String(bytes.count, radix: 16).utf8) + [13, 10] + bytes + [13, 10]
    }

    @Test func asksForEachSegmentAndForTheNextOneAhead() throws {
        let stream = try open()
        stream.speak("One.", as: segment(1, 0))
        stream.speak("Two.", as: segment(1, 1))
        stream.speak("Three.", as: segment(1, 2))
        stream.finish(turn(1))
        #expect(fixture.network.connections.count == 1)
        let request = connection(0).takeText()
        #expect(request.hasPrefix("POST /v1/audio/speech HTTP/1.1\r\n") && request.contains("Bearer sk-"))
        #expect(request.hasSuffix(#"{"model":"m","input":"One. ","voice":"marin","response_format":"pcm"}"#))
        connection(0).answer(head)
        #expect(fixture.network.connections.count == 2)
        #expect(connection(1).takeText().contains(#""input":"Two. ""#))
        connection(0).answer(chunk([1, 2, 3]))
        // What comes ahead of its time waits.
        connection(1).answer(Array(head.utf8) + chunk([7, 8]))
        #expect(!connection(1).isRead)
        connection(0).answer(chunk([4]))
        #expect(log.take() == ["audio 1.0 [1, 2]", "audio 1.0 [3, 4]"])
        connection(0).answer(end)
        #expect(log.take() == ["completed 1.0", "audio 1.1 [7, 8]"])
        #expect(connection(1).isRead)
        // The third goes out on the connection that is free again.
        #expect(connection(0).takeText().contains(#""input":"Three. ""#))
        connection(1).answer(end)
        connection(0).answer(Array(head.utf8) + chunk([9, 9]) + end)
        #expect(log.take() == ["completed 1.1", "audio 1.2 [9, 9]", "completed 1.2"])
        stream.close()
        #expect(fixture.network.client.counters.requests == 0)
    }

    @Test func aCancelClosesTheRequestsAndNothingOldIsHeard() throws {
        let stream = try open()
        stream.speak("One.", as: segment(1, 0))
        stream.speak("Two.", as: segment(1, 1))
        connection(0).answer(Array(head.utf8) + chunk([1, 2]))
        stream.cancel(turn(1))
        #expect(!connection(0).isOpen && !connection(1).isOpen)
        stream.speak("Late.", as: segment(1, 2))
        stream.speak("New.", as: segment(2, 0))
        connection(0).answer(chunk([3, 4]) + end)
        let new = fixture.server
        #expect(new.takeText().contains("New."))
        new.answer(Array(head.utf8) + chunk([5, 6]) + end)
        #expect(log.take() == ["audio 1.0 [1, 2]", "audio 2.0 [5, 6]", "completed 2.0"])
    }

    @Test func aCancelFromInsideAnEventStopsTheRest() throws {
        let stream = try open()
        stream.speak("One.", as: segment(1, 0))
        stream.speak("Two.", as: segment(1, 1))
        connection(0).answer(head)
        connection(1).answer(Array(head.utf8) + chunk([7, 8]) + end)
        log.onEvent = { if case .completed = $0 { stream.cancel(turn(1)) } }
        connection(0).answer(chunk([1, 2]) + end)
        #expect(log.take() == ["audio 1.0 [1, 2]", "completed 1.0"])
        #expect(fixture.network.client.counters.requests == 0)
    }

    @Test func backPressureStopsReadingAndTheClock() throws {
        let stream = try open()
        stream.speak("One.", as: segment(1, 0))
        connection(0).answer(Array(head.utf8) + chunk([1, 2]))
        stream.holdAudio(true)
        #expect(!connection(0).isRead)
        fixture.network.advance(.seconds(60))
        stream.holdAudio(false)
        #expect(connection(0).isRead)
        #expect(log.take() == ["audio 1.0 [1, 2]"])
        fixture.network.advance(.seconds(6))
        #expect(log.take() == ["failed 1 timeout"])
    }

    @Test(arguments: [
        (
            "401 No", "application/json",
            #"{"error":{"message":"bad key sk-0123456789abcdef","code":"invalid_api_key"}}"#, "auth"
        ),
        (
            "429 Slow", "application/json", #"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#,
            "rateLimited"
        ),
        ("429 Pay", "application/json", #"{"error":{"message":"pay","code":"insufficient_quota"}}"#, "auth"),
        ("500 Oh", "text/plain", "oh", "unavailable"),
        ("400 Bad", "application/json", #"{"detail":"no such voice"}"#, "configuration"),
        ("422 Bad", "application/json", #"{"detail":[{"msg":"field required","type":"missing"}]}"#, "configuration"),
        ("404 No", "application/json", #"{"error":"model missing"}"#, "configuration"),
        ("200 OK", "application/json", #"{"error":{"message":"busy","code":"overloaded"}}"#, "unavailable"),
        ("200 OK", "application/octet-stream", #"{"error":{"message":"no","code":"invalid_voice"}}"#, "configuration"),
        ("200 OK", "audio/pcm", "", "protocol"),
    ])
    func aRefusalEndsTheReply(_ row: (String, String, String, String)) throws {
        let stream = try open()
        stream.speak("One.", as: segment(1, 0))
        stream.speak("Two.", as: segment(1, 1))
        connection(0).answer(
            "HTTP/1.1 \(row.0)\r\nContent-Type: \(row.1)\r\nRetry-After: 7\r\nContent-Length: \(row.2.utf8.count)\r\n\r\n\(row.2)"
        )
        #expect(log.take() == ["failed 1 \(row.3)"])
        let detail = try #require(log.lastError?.detail)
        #expect(
            !detail.contains(ProviderFixture.key) && (!row.0.hasPrefix("429") || detail.contains("retry after 7 s")))
        if row.0.hasPrefix("429") { #expect(log.lastError?.retryAfter == .seconds(7)) }
        stream.speak("More of it.", as: segment(1, 2))
        #expect(fixture.network.client.counters.requests == 0)
        stream.speak("Next.", as: segment(2, 0))
        #expect(fixture.network.client.counters.requests == 1)
    }

    @Test func aConnectionCutInTheMiddleFailsTheReply() throws {
        let stream = try open()
        stream.speak("One.", as: segment(1, 0))
        connection(0).answer(Array(head.utf8) + chunk([1, 2]))
        connection(0).cut()
        #expect(log.take() == ["audio 1.0 [1, 2]", "failed 1 unavailable"])
        stream.close()
        #expect(fixture.isQuiet)
    }

    @Test func aConnectionLostBeforeTheAnswerIsTriedOnceMore() throws {
        let stream = try open()
        stream.speak("One.", as: segment(1, 0))
        connection(0).cut()
        #expect(fixture.network.connections.count == 2 && connection(1).takeText().contains("One."))
        connection(1).cut()
        #expect(log.take() == ["failed 1 unavailable"] && fixture.network.connections.count == 2)
    }

    @Test func aRequestAheadThatFailsIsMadeAgainWhenItIsDue() throws {
        let stream = try open()
        stream.speak("One.", as: segment(1, 0))
        stream.speak("Two.", as: segment(1, 1))
        connection(0).answer(head)
        #expect(connection(1).takeText().contains("Two."))
        connection(1).answer("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
        #expect(log.take() == [])
        connection(0).answer(chunk([1, 2]) + end)
        #expect(log.take() == ["audio 1.0 [1, 2]", "completed 1.0"])
        let again = try #require(fixture.network.connections.first { $0.isOpen && $0.takeText().contains("Two.") })
        again.answer(Array(head.utf8) + chunk([3, 4]) + end)
        #expect(log.take() == ["audio 1.1 [3, 4]", "completed 1.1"])
    }

    @Test func aServerThatSaysNothingIsATimeout() throws {
        let stream = try open(["timeout_ms": 700])
        stream.speak("One.", as: segment(1, 0))
        fixture.network.advance(.milliseconds(699))
        #expect(log.take() == [])
        fixture.network.advance(.milliseconds(1))
        #expect(log.take() == ["failed 1 timeout"])
    }

    @Test func aRefusedConnectionIsReported() throws {
        fixture.network.behaviour = .refuse
        let stream = try open()
        stream.speak("One.", as: segment(1, 0))
        fixture.network.run()
        #expect(log.take() == ["failed 1 unavailable"])
    }

    @Test func textWithoutAWordIsCompleteAtOnce() throws {
        let stream = try open()
        stream.speak("…", as: segment(1, 0))
        #expect(log.take() == [])
        fixture.network.run()
        #expect(log.take() == ["completed 1.0"] && fixture.network.connections.isEmpty)
    }

    @Test func longTextsBecomeSeveralRequests() throws {
        let stream = try open(["max_characters": 60])
        stream.speak(
            "First sentence of a longer text. Then another one, which is too long for both.", as: segment(1, 0))
        connection(0).answer(Array(head.utf8) + chunk([1, 2]) + end)
        #expect(log.take() == ["audio 1.0 [1, 2]"])
        fixture.server.answer(Array(head.utf8) + chunk([3, 4]) + end)
        #expect(log.take() == ["audio 1.0 [3, 4]", "completed 1.0"])
    }

    @Test func readsAWaveStreamAndRefusesAnotherRate() throws {
        let wave: [UInt8] =
            Array("RIFF".utf8) + [255, 255, 255, 255] + Array("WAVEfmt ".utf8) + [16, 0, 0, 0, 1, 0, 1, 0]
            + [0xC0, 0x5D, 0, 0, 0x80, 0xBB, 0, 0, 2, 0, 16, 0] + Array("data".utf8) + [255, 255, 255, 255]
        let stream = try open(["response_format": "wav"])
        stream.speak("One.", as: segment(1, 0))
        connection(0).answer(Array(head.utf8) + chunk(Array(wave[..<30])) + chunk(Array(wave[30...]) + [5, 6]) + end)
        #expect(log.take() == ["audio 1.0 [5, 6]", "completed 1.0"])
        let other = try open(["response_format": "wav", "sample_rate": 22_050])
        other.speak("One.", as: segment(2, 0))
        fixture.server.answer(Array(head.utf8) + chunk(wave + [5, 6]) + end)
        #expect(log.take() == ["failed 2 configuration"])
        #expect(log.lastError?.detail.contains("set sample_rate to 24000") == true)
    }

    /// Whatever is done in whatever order: no audio of a dead turn, segments complete in order, and nothing is left.
    @Test func anyOrderOfEventsKeepsThePromises() {
        for seed in 0..<300 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var machine = HTTPVoiceStateMachine(longestText: 40)
            var out: Set<Int> = []
            var due: [Int] = []
            var completed: [SegmentID] = []
            var dead: UInt64 = 0
            var (turnNumber, index) = (UInt64(1), 0)
            func perform(_ output: [HTTPVoiceStateMachine.Output]) {
                for action in output {
                    switch action {
                    case .ask(let number, let piece):
                        #expect(piece.segment.turn.number > dead, "seed \(seed)")
                        out.insert(number)
                        if machine.owner(of: number) != nil { due.append(number) }
                    case .play(let number): due.append(number)
                    case .drop(let number):
                        out.remove(number)
                        due.removeAll { $0 == number }
                    case .completed(let segment):
                        #expect(completed.last.map { $0 < segment } ?? true, "seed \(seed)")
                        completed.append(segment)
                    }
                }
                #expect(out.count <= 2, "seed \(seed)")
            }
            for _ in 0..<60 {
                switch Int.random(in: 0..<8, using: &random) {
                case 0, 1:
                    perform(
                        machine.speak(
                            ["Yes.", "…", "A longer text. It needs two."][index % 3], segment(turnNumber, index)))
                    index += 1
                case 2:
                    dead = turnNumber
                    perform(machine.cancel(turn(turnNumber)))
                    (turnNumber, index) = (turnNumber + 1, 0)
                case 3, 4: if let number = out.randomElement(using: &random) { perform(machine.answered(number)) }
                case 5, 6:
                    if let number = due.first {
                        due.removeFirst()
                        out.remove(number)
                        perform(machine.ended(number))
                    }
                default:
                    if let number = out.randomElement(using: &random) {
                        out.remove(number)
                        due.removeAll { $0 == number }
                        let (lost, output) = machine.failed(number, mayRepeat: Bool.random(using: &random))
                        if let lost {
                            dead = max(dead, lost.number)
                            if lost.number >= turnNumber { (turnNumber, index) = (lost.number + 1, 0) }
                        }
                        perform(output)
                    }
                }
                #expect(due.count <= 1 && (due.first.map { machine.owner(of: $0) != nil } ?? true), "seed \(seed)")
            }
            perform(machine.cancel(turn(turnNumber)))
            #expect(out.isEmpty && !machine.isBusy, "seed \(seed)")
        }
    }
}
