import Foundation
import Testing
internal import VoiceEngineCore
@testable internal import VoiceEngineProviders

/// The recognisers' codecs against Tests/provider-types/*.jsonl, which are held against the providers' own SDKs in
/// Python.
@Suite struct RecogniserGoldenTests {
    /// Holds one file: what is sent must be what `sent` writes, what is received must begin as `expected` says.
    private func check(
        _ house: String, sent: (String) throws -> JSONValue?, expected: [String: String],
        received: (UnsafeRawBufferPointer) -> String?
    ) throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("provider-types/\(house).jsonl")
        var missing = Set(expected.keys)
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
            let row = try JSONValue.parse(String(line))
            let name = try #require(row["name"]?.string)
            let message = try #require(row["message"])
            if row["direction"]?.string == "sent" {
                #expect(try sent(name) == message, "\(house) \(name)")
            } else {
                let text = message.serialized().withUnsafeBytes { received($0) } ?? "not understood"
                #expect(text == (try #require(expected[name], "\(name)")), "\(house) \(name)")
                missing.remove(name)
            }
        }
        #expect(missing == [])
    }

    private func json(_ bytes: [UInt8]) throws -> JSONValue {
        try JSONValue.parse(String(decoding: bytes, as: UTF8.self))
    }

    /// A query as an object; a parameter that `lists` names is a list of all its values.
    private func object(_ query: [(name: String, value: String)], lists: Set<String> = []) -> JSONValue {
        var object = JSONObject()
        for item in query {
            if lists.contains(item.name) {
                object[item.name] = .array((object[item.name]?.array ?? []) + [.string(item.value)])
            } else {
                let isNew = object.append(item.name, .string(item.value))
                #expect(isNew, "\(item.name) twice")
            }
        }
        return .object(object)
    }

    private func setup(_ model: String?, _ options: JSONValue) throws -> ProviderSetup {
        try ProviderFixture().setup("x", model: model, baseURL: "ws://x", language: "en-US", options: options)
    }

    @Test func flux() throws {
        let setup = try setup(
            "flux-general-multi",
            [
                "eot_threshold": 0.8, "eager_eot_threshold": 0.5, "eot_timeout_ms": 3000, "numerals": true,
                "profanity_filter": true, "mip_opt_out": true, "language_hints": ["de"], "keyterms": ["ACME"],
                "tags": ["x"],
            ])
        var reader = OptionReader(setup)
        let options = try DeepgramFluxOptions(setup, &reader)
        func turn(_ event: String) -> String {
            """
            turn(VoiceEngineProviders.DeepgramFluxWire.Turn(event: VoiceEngineProviders.DeepgramFluxWire.TurnEvent.\(event), \
            index: 2, transcript: "Move it to Friday.", windowEnd: 13.2))
            """
        }
        try check(
            "deepgram_flux",
            sent: { name in
                switch name {
                case "forceEndTurn": try json(DeepgramFluxWire.forceEndTurn)
                case "closeStream": try json(DeepgramFluxWire.closeStream)
                case "query":
                    object(
                        DeepgramFluxWire.query(options, .telephone), lists: ["language_hint", "keyterm", "tag"])
                default: nil
                }
            },
            expected: [
                "connected": #"connected(requestID: Optional("r"))"#, "start": turn("start"), "update": turn("update"),
                "eagerEnd": turn("eagerEnd"), "resumed": turn("resumed"), "end": turn("end"),
                "warning": #"warning(code: "FORCE_END_TURN_NO_ACTIVE_TURN", description: "no turn")"#,
                "error": #"error(code: "INTERNAL_SERVER_ERROR", description: "oh")"#,
                "configured": #"other("ConfigureSuccess")"#,
            ],
            received: { DeepgramFluxWire.decode($0).map { "\($0)" } })
    }

    @Test func soniox() throws {
        let setup = try setup(
            nil,
            [
                "language_hints": ["de"], "language_hints_strict": true, "context": "A dentist.", "keyterms": ["ACME"],
                "max_endpoint_delay_ms": 700, "endpoint_sensitivity": 0.5, "endpoint_latency_level": 2,
            ])
        var reader = OptionReader(setup)
        let options = try SonioxOptions(setup, &reader)
        let format = try AudioFormat(encoding: .alaw, sampleRate: 8_000)
        typealias Wire = SonioxWire
        try check(
            "soniox",
            sent: { name in
                switch name {
                case "configuration": try json(Wire.configuration(options, format))
                case "keepAlive": try json(Wire.keepAlive)
                case "finalize": try json(Wire.finalize(trailingSilence: 200))
                default: nil
                }
            },
            expected: [
                "tokens":
                    "\(Wire.Message.progress(.init(tokens: [.text("Hel", isFinal: true), .text("lo", isFinal: false)], finalMilliseconds: 240, totalMilliseconds: 1_200)))",
                "end":
                    "\(Wire.Message.progress(.init(tokens: [.end, .finalized], finalMilliseconds: 240, totalMilliseconds: 1_200, isFinished: true)))",
                "error": #"error(code: 503, "Cannot continue request (code 7). Please restart the request.")"#,
            ],
            received: { Wire.decode($0).map { "\($0)" } })
    }

    @Test func assemblyAI() throws {
        let setup = try setup(
            "universal-streaming-multilingual",
            [
                "format_turns": true, "end_of_turn_confidence_threshold": 0.5, "min_turn_silence_ms": 200,
                "max_turn_silence_ms": 900, "vad_threshold": 0.3, "keyterms": ["ACME"], "language_codes": ["de", "en"],
                "prompt": "A dentist.",
            ])
        var reader = OptionReader(setup)
        let options = try AssemblyAIOptions(setup, &reader)
        typealias Wire = AssemblyAIWire
        try check(
            "assemblyai",
            sent: { name in
                switch name {
                case "query": object(Wire.query(options, .telephone))
                case "forceEndpoint": try json(Wire.forceEndpoint)
                case "keepAlive": try json(Wire.keepAlive)
                case "terminate": try json(Wire.terminate)
                default: nil
                }
            },
            expected: [
                "begin": #"begin(id: "s")"#,
                "turn": "\(Wire.Message.turn(.init(order: 3, text: "hi the", coveredMilliseconds: 500)))",
                "turnEnd":
                    "\(Wire.Message.turn(.init(order: 3, text: "Hi there.", coveredMilliseconds: 500, isEnd: true, isFormatted: true)))",
                "speechStarted": "speechStarted", "termination": "termination",
                "error": #"error(code: Optional(3006), "bad parameter")"#, "warning": #"warning("careful")"#,
                "heartbeat": #"other("Heartbeat")"#,
            ],
            received: { Wire.decode($0).map { "\($0)" } })
    }

    @Test func scribe() throws {
        let setup = try setup(
            nil,
            [
                "commit_strategy": "vad", "vad_silence_ms": 700, "vad_threshold": 0.5, "min_speech_ms": 100,
                "min_silence_ms": 120, "secondary_languages": ["es"], "keyterms": ["ACME"], "no_verbatim": true,
                "filter_background_audio": true,
            ])
        var reader = OptionReader(setup)
        let options = try ElevenLabsScribeOptions(setup, &reader)
        typealias Wire = ElevenLabsScribeWire
        func error(_ kind: ProviderError.Kind, _ type: String) -> String {
            "\(Wire.Message.error(kind, "\(type): oh"))"
        }
        try check(
            "scribe",
            sent: { name in
                switch name {
                case "query":
                    return object(Wire.query(options, .telephone), lists: ["secondary_languages", "keyterms"])
                case "commit": return try json(Wire.commit(sampleRate: 8_000))
                case "audio":
                    var message: [UInt8] = []
                    let ending = Wire.ending(commit: false, sampleRate: 16_000)
                    [UInt8]([1, 2, 3, 255]).withUnsafeBytes { Wire.writeAudio($0, ending: ending, to: &message) }
                    return try json(message)
                default: return nil
                }
            },
            expected: [
                "started": "started", "partial": #"partial("book a")"#, "committed": #"committed("Book a table.")"#,
                "timestamps": #"other("committed_transcript_with_timestamps")"#,
                "warning": #"other("warning: careful")"#, "error": error(.unavailable, "error"),
                "auth": error(.auth, "auth_error"), "quota": error(.auth, "quota_exceeded"),
                "terms": error(.auth, "unaccepted_terms"), "throttled": #"nothingCommitted("commit_throttled")"#,
                "insufficient": #"nothingCommitted("insufficient_audio_activity")"#,
                "rateLimited": error(.rateLimited, "rate_limited"),
                "overflow": error(.unavailable, "queue_overflow"),
                "exhausted": error(.unavailable, "resource_exhausted"),
                "timeLimit": error(.unavailable, "session_time_limit_exceeded"),
                "input": error(.configuration, "input_error"), "invalid": error(.configuration, "invalid_request"),
                "chunkSize": error(.protocol, "chunk_size_exceeded"),
                "transcriber": error(.unavailable, "transcriber_error"),
            ],
            received: { Wire.decode($0).map { "\($0)" } })
    }
}
