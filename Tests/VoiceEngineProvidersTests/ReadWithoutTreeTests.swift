import Testing
internal import VoiceEngineCore
@testable internal import VoiceEngineProviders

/// What comes often is read without a tree: it says the same as the tree does.
@Suite struct ReadWithoutTreeTests {
    /// Changes, removes or doubles a few bytes.
    private func mutated(_ text: String, _ random: inout SeededRandom) -> [UInt8] {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: bytes.indices, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[index] = UInt8.random(in: 0x20...0x7D, using: &random)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(bytes[Int.random(in: bytes.indices, using: &random)], at: index)
            default:
                let end = min(bytes.count, index + Int.random(in: 1...20, using: &random))
                bytes.replaceSubrange(index..<end, with: "null".utf8)
            }
        }
        return bytes
    }

    // MARK: Chunks of a chat

    private func chunk(_ delta: String, _ rest: String = #""finish_reason":null"#, _ more: String = "") -> String {
        #"{"id":"c","object":"chat.completion.chunk","created":1733000000,"#
            + #""choices":[ {"index":0,"delta":\#(delta),\#(rest)}]\#(more)}"#
    }

    private func plain(_ text: String) -> String? {
        Array(text.utf8).withUnsafeBytes { OpenAIPlainChunk($0)?.text }
    }

    @Test func takesTextAndNothingElse() {
        #expect(plain(chunk(#"{"content":" table"}"#)) == " table")
        #expect(plain(chunk(#"{"role":"assistant","content":"","refusal":null}"#)) == "")
        #expect(plain(chunk(#"{"content":null,"tool_calls":null}"#)) == "")
        #expect(plain(chunk("{}", #""logprobs":null"#, #","usage":null,"error":null"#)) == "")
        #expect(plain(chunk(#"{"content":"gr\u00fc\n\"ß\""}"#)) == "grü\n\"ß\"")
        for other in [
            chunk(#"{"content":"a"}"#, #""finish_reason":"stop""#), chunk(#"{"content":[{"text":"a"}]}"#),
            chunk(#"{"content":"a","refusal":"no"}"#), chunk(#"{"tool_calls":[]}"#), chunk(#"{"function_call":{}}"#),
            chunk("null"), chunk(#"{"content":"a"}"#, #""x":1"#, #","usage":{}"#),
            chunk(#"{"content":"a"}"#, #""x":1"#, #","error":"x""#),
            chunk(#"{"content":"a"}"#, #""x":1"#, #","detail":1"#),
            chunk(#"{"content":"a"}"#, #""x":1"#, #","x_groq":{}"#), #"{"choices":[]}"#, #"{"choices":[1]}"#,
            #"{"choices":[{"message":{"content":"a"}}]}"#, "{}", "[]", "", "[DONE]",
        ] {
            #expect(plain(other) == nil, "\(other)")
        }
    }

    @Test func chunksSayWhatTheTreeSays() throws {
        let texts = [
            chunk(#"{"content":" ta\u0062le"}"#), chunk(#"{"role":"assistant","content":"a","refusal":null}"#),
            chunk(#"{"content":"a"}"#, #""finish_reason":"stop""#, #","usage":null"#),
            chunk(#"{"tool_calls":[{"index":0}]}"#, #""x":1"#), chunk(#"{"content":"a"}"#, #""x":{"delta":1}"#),
        ]
        var random = SeededRandom(seed: 1)
        var taken = 0
        for round in 0..<20_000 {
            let bytes = mutated(texts[round % texts.count], &random)
            guard let text = bytes.withUnsafeBytes({ OpenAIPlainChunk($0)?.text }) else { continue }
            // Only repeated keys are seen differently.
            guard let value = try? JSONValue.parse(bytes) else { continue }
            taken += 1
            let choice = try #require(value["choices"]?[0])
            let delta = try #require(choice["delta"]?.object)
            #expect(delta["content"]?.string ?? "" == text)
            #expect(delta["content"]?.isNull ?? true || delta["content"]?.string != nil)
            for key in ["refusal", "tool_calls", "function_call"] { #expect(delta[key]?.isNull ?? true) }
            #expect(choice["finish_reason"]?.isNull ?? true)
            for key in ["usage", "error", "detail", "x_groq"] { #expect(value[key]?.isNull ?? true) }
        }
        #expect(taken > 4_000)
    }

    // MARK: Results of Deepgram

    private let results = #"""
        {"type":"Results","channel_index":[0,1],"duration":1.98,"start":5.99,"is_final":true,"speech_final":false,
        "channel":{"alternatives":[ {"transcript":"two \u0061t n\u00f6","confidence":0.99,"words":[{"word":"two","start":6.0,
        "end":6.25,"punctuated_word":"Two"},{"word":"at","start":6.3,"end":6.4},{"word":"x","start":7}]},{"transcript":"b"}]},
        "metadata":{"start":1},"from_finalize":true}
        """#

    @Test func readsResults() throws {
        let words = [
            DeepgramListenWire.Word(text: "Two", start: 6, end: 6.25),
            DeepgramListenWire.Word(text: "at", start: 6.3, end: 6.4),
        ]
        var expected = DeepgramListenWire.Results(
            transcript: "two at nö", words: words, start: 5.99, duration: 1.98, isFinal: true, speechFinal: false,
            fromFinalize: true)
        let bytes = Array(results.utf8)
        #expect(bytes.withUnsafeBytes { DeepgramListenWire.decode($0) } == .results(expected))
        #expect(bytes.withUnsafeBytes { DeepgramListenWire.decode($0, committedEnd: 6) } == .results(expected))
        // Words of a segment after all that was committed are not asked for.
        expected.words = []
        #expect(bytes.withUnsafeBytes { DeepgramListenWire.decode($0, committedEnd: 5.99) } == .results(expected))
    }

    @Test func resultsSayWhatTheTreeSays() throws {
        var random = SeededRandom(seed: 2)
        var taken = 0
        for _ in 0..<20_000 {
            let bytes = mutated(results, &random)
            let found = bytes.withUnsafeBytes { DeepgramListenWire.decode($0) }
            guard let value = try? JSONValue.parse(bytes), value["type"] == "Results" else { continue }
            guard case .results(let results)? = found else {
                let isComplete =
                    value["start"]?.double != nil && value["duration"]?.double != nil
                    && value["channel"]?["alternatives"]?[0]?.object != nil
                #expect(!isComplete, "\(String(decoding: bytes, as: UTF8.self))")
                continue
            }
            taken += 1
            let best = try #require(value["channel"]?["alternatives"]?[0])
            #expect(results.transcript == best["transcript"]?.string ?? "")
            #expect(results.start == value["start"]?.double && results.duration == value["duration"]?.double)
            #expect(results.isFinal == value["is_final"]?.bool ?? false)
            #expect(results.speechFinal == value["speech_final"]?.bool ?? false)
            #expect(results.fromFinalize == value["from_finalize"]?.bool ?? false)
            #expect(results.words.count <= best["words"]?.array?.count ?? 0)
        }
        #expect(taken > 4_000)
    }
}
