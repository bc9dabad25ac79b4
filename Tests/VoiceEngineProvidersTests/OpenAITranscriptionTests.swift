internal import NIOCore
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
@testable internal import VoiceEngineProviders

@Suite struct OpenAITranscriptionTests {
    final class Log {
        var entries: [String] = []
        func sink(_ event: SpeechToTextEvent) {
            switch event {
            case .transcript(let transcript):
                let covered = transcript.coveredMilliseconds.map { "\($0)" } ?? "-"
                entries.append("\(transcript.isSettled ? "settled" : "partial") '\(transcript.text)' \(covered)")
            case .failed(let error): entries.append("failed \(error.kind.rawValue): \(error.detail)")
            default: entries.append("\(event)")
            }
        }
        func take() -> [String] {
            defer { entries = [] }
            return entries
        }
    }

    let fixture: ProviderFixture
    let log = Log()
    init() throws { fixture = try ProviderFixture() }

    private func open(
        _ provider: String = "groq", model: String? = nil, language: String? = "en-US", options: JSONValue = [:]
    ) throws -> any SpeechToTextStream {
        let provider = try ProviderRegistry.network.makeSpeechToText(
            fixture.setup(
                provider, model: model, baseURL: "http://stt:1/v1", language: language, options: options))
        return provider.open(fixture.context, format: provider.format(for: .telephone), sink: log.sink)
    }

    /// 16 kHz, loud enough to be speech.
    private func speak(_ milliseconds: Int, into stream: any SpeechToTextStream, level: Int16 = 1_000) {
        let frame = [Int16](repeating: level, count: 320)
        for _ in 0..<(milliseconds / 20) { frame.withUnsafeBytes { stream.send($0) } }
    }

    private struct Upload {
        let head: String
        let fields: [String: String]
        let samples: Int
    }

    private func upload() -> Upload {
        let bytes = fixture.server.takeBytes()
        let text = String(latin1: bytes)
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
        guard parts.count == 2 else { return Upload(head: text, fields: [:], samples: 0) }
        let head = String(parts[0])
        let boundary = head.split(separator: "boundary=").last?.split(separator: "\r\n").first ?? ""
        var fields: [String: String] = [:]
        var samples = 0
        for part in parts[parts.count - 1].split(separator: "--\(boundary)") {
            let pieces = part.split(separator: "\r\n\r\n", maxSplits: 1)
            guard pieces.count == 2,
                let name = pieces[0].split(separator: "name=\"").dropFirst().first?.split(separator: "\"").first
            else { continue }
            if name == "file" {
                #expect(pieces[0].contains("filename=\"audio.wav\""))
                samples = (pieces[1].unicodeScalars.count - 2 - 44) / 2
            } else {
                fields[String(name)] = String(pieces[1].dropLast(1))
            }
        }
        return Upload(head: head, fields: fields, samples: samples)
    }

    private func answer(_ body: String, status: Int = 200, header: String = "") {
        fixture.server.answer(
            "HTTP/1.1 \(status) X\r\n\(header)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    @Test func uploadsAtThePauseAndReports() throws {
        let stream = try open(options: ["keyterms": ["Ada", "Bert"], "temperature": 0])
        speak(1_000, into: stream, level: 0)
        #expect(fixture.network.connections.isEmpty)
        stream.hint(.started(atMilliseconds: 800))
        fixture.network.run()
        // The connection is made while the caller speaks.
        #expect(fixture.network.connections.count == 1)
        speak(1_000, into: stream)
        stream.hint(.paused(atMilliseconds: 1_900))
        let upload = upload()
        #expect(upload.head.hasPrefix("POST /v1/audio/transcriptions HTTP/1.1\r\nHost: stt:1\r\n"))
        #expect(upload.head.contains("Authorization: Bearer \(ProviderFixture.key)"))
        // From 300 ms before the voice was noticed to now.
        #expect(upload.samples == 1_500 * 16)
        #expect(
            upload.fields == [
                "model": "whisper-large-v3-turbo", "response_format": "verbose_json", "language": "en",
                "prompt": "Ada, Bert", "temperature": "0.0",
            ])
        stream.finishUtterance()
        #expect(log.take() == [])
        answer(
            #"{"text":" Hello there. ","x_groq":{"id":"r"},"segments":[{"text":" Hello there.","avg_logprob":-0.2,"no_speech_prob":0.01,"compression_ratio":0.8}]}"#
        )
        #expect(log.take() == ["settled 'Hello there.' 1900"])
        stream.utteranceCommitted()
        stream.close()
        fixture.network.advance(.minutes(1))
        #expect(fixture.isQuiet)
    }

    @Test func resumingCancelsTheUpload() throws {
        let stream = try open()
        stream.hint(.started(atMilliseconds: 0))
        fixture.network.run()
        speak(1_000, into: stream)
        stream.hint(.paused(atMilliseconds: 900))
        let first = fixture.server
        #expect(upload().samples == 16_000)
        stream.hint(.resumed)
        fixture.network.run()
        #expect(!first.isOpen)
        speak(1_000, into: stream)
        stream.hint(.paused(atMilliseconds: 1_900))
        fixture.network.run()
        #expect(upload().samples == 32_000)
        answer(#"{"text":"a b"}"#)
        #expect(log.take() == ["settled 'a b' 1900"])
        stream.close()
        fixture.network.advance(.minutes(1))
        #expect(fixture.isQuiet)
    }

    @Test func cutsALongSpeechAndSendsNoSilence() throws {
        let stream = try open()
        stream.hint(.started(atMilliseconds: 0))
        speak(23_500, into: stream)
        speak(200, into: stream, level: 10)
        speak(1_300, into: stream)
        let upload = upload()
        // In the quiet place.
        #expect(abs(upload.samples - 23_600 * 16) <= 100 * 16)
        answer(#"{"text":"one"}"#)
        #expect(log.take().first?.hasPrefix("partial 'one' ") == true)
        stream.utteranceCommitted()
        stream.hint(.paused(atMilliseconds: 25_000))
        _ = self.upload()
        stream.utteranceCommitted()
        speak(1_000, into: stream, level: 20)
        stream.hint(.started(atMilliseconds: 25_500))
        speak(500, into: stream, level: 20)
        stream.hint(.paused(atMilliseconds: 26_000))
        fixture.network.run()
        #expect(log.take() == ["settled '' 26000"])
        stream.close()
        fixture.network.advance(.minutes(1))
        #expect(fixture.isQuiet)
    }

    @Test(arguments: [
        (500, #"{"error":{"message":"oops"}}"#, "unavailable: answered with status 500: oops"),
        (
            429, #"{"error":{"message":"slow","code":"rate_limit_exceeded"}}"#,
            "rateLimited: answered with status 429, retry after 1 s: rate_limit_exceeded: slow"
        ),
        (422, #"{"error":{"message":"odd"}}"#, "protocol: answered with status 422: odd"),
        (200, "<html>", "protocol: sent an answer that is no transcript"),
        (200, #"{"error":{"message":"busy"}}"#, "protocol: sent an answer that is no transcript: busy"),
    ])
    func triesOnceMoreThenFails(_ row: (Int, String, String)) throws {
        let stream = try open()
        stream.hint(.started(atMilliseconds: 0))
        speak(1_000, into: stream)
        stream.hint(.paused(atMilliseconds: 900))
        let header = row.0 == 429 ? "retry-after: 1\r\n" : ""
        answer(row.1, status: row.0, header: header)
        #expect(log.take() == [])
        fixture.network.advance(.milliseconds(row.0 == 429 ? 999 : 249))
        _ = fixture.server.takeBytes()
        fixture.network.advance(.milliseconds(1))
        #expect(upload().samples == 16_000)
        answer(row.1, status: row.0, header: header)
        #expect(log.take() == ["failed " + row.2])
        speak(100, into: stream)
        stream.finishUtterance()
        fixture.network.advance(.minutes(1))
        #expect(log.take() == [])
        #expect(fixture.isQuiet)
    }

    @Test(arguments: [
        (
            401, #"{"error":{"message":"Invalid sk-012","code":"invalid_api_key"}}"#, "",
            "auth: answered with status 401: invalid_api_key"
        ),
        (404, #"{"error":{"message":"no model"}}"#, "", "configuration: answered with status 404: no model"),
        (
            429, #"{"error":{"message":"slow"}}"#, "retry-after: 30\r\n",
            "rateLimited: answered with status 429, retry after 30 s: slow"
        ),
    ])
    func failsAtOnceWhereWaitingDoesNotHelp(_ row: (Int, String, String, String)) throws {
        let stream = try open()
        stream.hint(.started(atMilliseconds: 0))
        speak(1_000, into: stream)
        stream.hint(.paused(atMilliseconds: 900))
        answer(row.1, status: row.0, header: row.2)
        #expect(log.take() == ["failed " + row.3])
        fixture.network.advance(.minutes(1))
        #expect(fixture.isQuiet)
    }

    @Test func survivesACutAndAStall() throws {
        let stream = try open(options: ["timeout_ms": 2_000])
        stream.hint(.started(atMilliseconds: 0))
        fixture.network.run()
        speak(1_000, into: stream)
        stream.hint(.paused(atMilliseconds: 900))
        fixture.server.answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        fixture.server.cut()
        fixture.network.advance(.milliseconds(250))
        #expect(fixture.network.connections.count == 2)
        fixture.network.advance(.milliseconds(2_000))
        #expect(log.take() == ["failed timeout: timed out while waiting for an answer"])
        #expect(fixture.isQuiet)
    }

    @Test(
        arguments: [
            (
                #"{"text":"a b","segments":[{"text":" a","avg_logprob":-0.2,"no_speech_prob":0.9},{"text":" b","avg_logprob":-1.5,"no_speech_prob":0.7}]}"#,
                "a"
            ),
            (#"{"text":"you you","segments":[{"text":" you you","compression_ratio":3.1}]}"#, ""),
            (#"{"text":"Thank you.","segments":[{"text":"Thank you.","no_speech_prob":0.95}]}"#, ""),
            (#"{"text":" ok \n","segments":[]}"#, "ok"), (#"{"text":"","segments":null}"#, ""),
            (#"{"text":"x","usage":{"type":"tokens"}}"#, "x"), (#"{"detail":"no"}"#, nil), ("[]", nil), ("", nil),
            (#"{"text":5}"#, nil),
        ] as [(String, String?)])
    func readsAnswersAndDropsWhatWasInvented(_ row: (String, String?)) {
        #expect(OpenAITranscriptionWire.text(Array(row.0.utf8)) == row.1)
    }

    @Test func knowsItsServices() throws {
        let registry = ProviderRegistry.network
        func format(_ provider: String, _ baseURL: String?, _ native: AudioFormat) throws -> Int {
            try registry.makeSpeechToText(fixture.setup(provider, baseURL: baseURL)).format(for: native).sampleRate
        }
        #expect(try format("openai", nil, .telephone) == 8_000)
        #expect(try format("groq", nil, AudioFormat(encoding: .pcm16, sampleRate: 48_000)) == 16_000)
        #expect(try format("openai_compatible", "http://x/v1", .telephone) == 16_000)
        let options = OpenAITranscriptionOptions(model: "gpt-transcribe", keyterms: ["a", "b"])
        let request = OpenAITranscriptionWire.request([1], sampleRate: 8_000, options, boundary: "q")
        let text = String(decoding: request.body, as: UTF8.self)
        #expect(text.contains("name=\"keywords[]\"\r\n\r\na\r\n") && text.contains("name=\"keywords[]\"\r\n\r\nb\r\n"))
        #expect(!text.contains("name=\"prompt\"") && !text.contains("name=\"language\""))
        for (tag, expected) in [("de_AT", "de"), ("multi", nil), ("EN", "en"), ("", nil)] as [(String, String?)] {
            #expect(OpenAITranscriptionOptions.iso639(tag) == expected)
        }
        do {
            _ = try registry.makeSpeechToText(fixture.setup("openai_compatible", baseURL: nil))
            Issue.record("made")
        } catch { #expect(error.path == "stt[0].base_url") }
    }
}
