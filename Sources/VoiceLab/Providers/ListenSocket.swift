import Foundation
import NIOCore

/// `wss://…/v1/listen`: checks the handshake, feeds the machine, writes its events as Deepgram's JSON.
final class ListenSocket: LabSocket {
    private var machine: ListenMachine
    private let latency: TimeAmount
    private let log: ProviderLog
    private let requestID: String
    private var connection: LabConnection?
    private var lastActivity = monotonicNanoseconds()
    private var hadAudio = false
    private var watchdog: RepeatedTask?
    private var messages = 0
    private var bytes = 0

    /// The longest a client may be silent, without audio and KeepAlive, before NET-0001.
    private static let idleNanoseconds: Int64 = 10_000_000_000

    init(settings: ListenMachine.Settings, connection: Int, latency: TimeAmount, log: ProviderLog) {
        machine = ListenMachine(settings: settings, connection: connection)
        self.latency = latency
        self.log = log
        requestID = "lab-listen-\(connection)"
    }

    /// Reads the query of the handshake; a refusal is Deepgram's `dg-error`.
    static func settings(_ query: QueryParameters) -> Result<ListenMachine.Settings, WireViolation> {
        guard let model = query["model"], !model.isEmpty else { return .failure(.init("model is required")) }
        guard let name = query["encoding"], let encoding = AudioForm.Encoding(rawValue: name) else {
            return .failure(.init("encoding \(query["encoding"] ?? "missing"); this lab hears linear16 and mulaw"))
        }
        guard let rate = query["sample_rate"].flatMap({ Int($0) }), [8_000, 16_000, 24_000, 48_000].contains(rate)
        else {
            return .failure(.init("sample_rate \(query["sample_rate"] ?? "missing")"))
        }
        guard query["channels"] ?? "1" == "1" else { return .failure(.init("channels: one only")) }
        var settings = ListenMachine.Settings(form: AudioForm(encoding: encoding, sampleRate: rate))
        for name in ["interim_results", "vad_events", "smart_format", "punctuate", "no_delay", "filler_words"] {
            guard ["true", "false", nil].contains(query[name]) else { return .failure(.init("\(name): true or false")) }
        }
        settings.interimResults = query["interim_results"] == "true"
        settings.vadEvents = query["vad_events"] == "true"
        if let endpointing = query["endpointing"] {
            guard endpointing == "false" || Int(endpointing) != nil else { return .failure(.init("endpointing")) }
            settings.endpointingMilliseconds = Int(endpointing)
        }
        if let end = query["utterance_end_ms"] {
            guard let milliseconds = Int(end), milliseconds >= 1_000, settings.interimResults else {
                return .failure(.init("utterance_end_ms needs at least 1000 and interim_results"))
            }
            settings.utteranceEndMilliseconds = milliseconds
        }
        return .success(settings)
    }

    func opened(_ connection: LabConnection) {
        self.connection = connection
        let form = machine.settings.form
        log.write("stt_open", tag: nil, details: [("form", "\(form.encoding.rawValue) \(form.sampleRate)".quotedJSON)])
        let bound = connection.eventLoop.map { NIOLoopBound(self, eventLoop: $0) }
        watchdog = connection.eventLoop?.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            bound?.value.check()
        }
    }

    func received(_ message: WebSocketMessage) {
        lastActivity = monotonicNanoseconds()
        switch message {
        case .binary(let audio):
            // As with Deepgram, an empty frame is the end of the stream.
            guard audio.readableBytes > 0 else { return closeStream() }
            hadAudio = true
            messages += 1
            bytes += audio.readableBytes
            emit(machine.audio(audio.readableBytesView))
        case .text(let text): control(Array(text.readableBytesView))
        case .ping, .pong, .close: break
        }
    }

    func closed(_ violation: WireViolation?) {
        watchdog?.cancel()
        connection = nil
        var details = [("messages", "\(messages)"), ("bytes", "\(bytes)")]
        if let violation { details.append(("violation", violation.description.quotedJSON)) }
        log.write("stt_close", tag: machine.tag, details: details)
    }

    private func control(_ text: [UInt8]) {
        let object = (try? JSONSerialization.jsonObject(with: Data(text))) as? [String: Any]
        switch object?["type"] as? String {
        case "KeepAlive": break
        case "Finalize":
            log.write("stt_finalize", tag: machine.tag)
            emit(machine.finalize())
        case "CloseStream": closeStream()
        default:
            log.write("stt_bad_message", tag: machine.tag)
            let echo = String(decoding: text.prefix(200), as: UTF8.self).quotedJSON
            send(#"{"type":"Error","variant":"SchemaError","description":"unknown message","message":\#(echo)}"#)
        }
    }

    private func closeStream() {
        emit(machine.close())
        // The results above may be delayed; Metadata and the close come after them.
        after(latency) { socket in
            socket.send(
                #"{"type":"Metadata","transaction_key":"deprecated","request_id":"\#(socket.requestID)","sha256":"","#
                    + #""created":"2026-01-01T00:00:00.000Z","duration":\#(socket.machine.seconds),"channels":1}"#)
            socket.connection?.close(code: 1000)
        }
    }

    private func check() {
        guard monotonicNanoseconds() - lastActivity > Self.idleNanoseconds else { return }
        connection?.close(code: 1011, reason: "NET-0001: no audio and no KeepAlive within 10 s")
    }

    private func emit(_ events: [ListenMachine.Event]) {
        for event in events {
            let tag = machine.tag
            let text = json(event)
            after(latency) { socket in
                socket.send(text)
                if case .results(let results) = event, results.isFinal {
                    let final = [("speech_final", "\(results.speechFinal)"), ("text", results.transcript.quotedJSON)]
                    socket.log.write("stt_final", tag: tag, details: final)
                } else if case .speechStarted = event {
                    socket.log.write("stt_speech", tag: tag)
                }
            }
        }
    }

    private func after(_ delay: TimeAmount, _ body: @escaping (ListenSocket) -> Void) {
        guard delay.nanoseconds > 0, let loop = connection?.eventLoop else { return body(self) }
        let bound = NIOLoopBound((self, body), eventLoop: loop)
        loop.scheduleTask(in: delay) { bound.value.1(bound.value.0) }
    }

    private func send(_ text: String) { connection?.send(text: text.utf8) }

    private func json(_ event: ListenMachine.Event) -> String {
        switch event {
        case .speechStarted(let time): return #"{"type":"SpeechStarted","channel":[0,1],"timestamp":\#(time)}"#
        case .utteranceEnd(let end): return #"{"type":"UtteranceEnd","channel":[0,1],"last_word_end":\#(end)}"#
        case .results(let results):
            let words = results.words.map {
                #"{"word":"\#($0.text)","start":\#($0.start),"end":\#($0.end),"confidence":0.99,"punctuated_word":"\#($0.text)"}"#
            }
            return
                #"{"type":"Results","channel_index":[0,1],"duration":\#(results.duration),"start":\#(results.start),"#
                + #""is_final":\#(results.isFinal),"speech_final":\#(results.speechFinal),"#
                + #""channel":{"alternatives":[{"transcript":"\#(results.transcript)","confidence":0.98,"#
                + #""words":[\#(words.joined(separator: ","))]}]},"metadata":{"request_id":"\#(requestID)","#
                + #""model_info":{"name":"lab","version":"1","arch":"nova-3"},"model_uuid":"lab"},"#
                + #""from_finalize":\#(results.fromFinalize)}"#
        }
    }
}

extension String {
    /// The text as a JSON string, quotes included.
    var quotedJSON: String { StreamWriter.quoted(self) }
}
