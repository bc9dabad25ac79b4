import Foundation
import NIOCore

/// `wss://…/v1/speak`: Deepgram's text-to-speech protocol around `SpeakMachine`.
final class SpeakSocket: LabSocket {
    private var machine: SpeakMachine
    private let bank: ToneBank
    private let log: ProviderLog
    private let requestID: String
    private var connection: LabConnection?
    private var timer: Scheduled<Void>?
    private var tag: Tag?

    init(settings: SpeakMachine.Settings, bank: ToneBank, number: Int, log: ProviderLog) {
        machine = SpeakMachine(settings: settings)
        self.bank = bank
        self.log = log
        requestID = "lab-speak-\(number)"
    }

    /// Reads the query of the handshake.
    static func form(_ query: QueryParameters) -> Result<AudioForm, WireViolation> {
        let name = query["encoding"] ?? "linear16"
        guard let encoding = AudioForm.Encoding(rawValue: name) else { return .failure(.init("encoding \(name)")) }
        let rates = encoding == .mulaw ? [8_000, 16_000] : [8_000, 16_000, 24_000, 32_000, 48_000]
        let rate = query["sample_rate"] ?? (encoding == .mulaw ? "8000" : "24000")
        guard let hertz = Int(rate), rates.contains(hertz) else { return .failure(.init("sample_rate \(rate)")) }
        for name in ["container", "bit_rate", "callback"] where query[name] != nil {
            return .failure(.init("\(name) is not for the socket"))
        }
        return .success(AudioForm(encoding: encoding, sampleRate: hertz))
    }

    func opened(_ connection: LabConnection) {
        self.connection = connection
        log.write("tts_open", tag: nil)
        send(
            #"{"type":"Metadata","request_id":"\#(requestID)","model_name":"lab","model_version":"1","#
                + #""model_uuid":"lab"}"#)
    }

    func received(_ message: WebSocketMessage) {
        switch message {
        case .text(let text): control(Array(text.readableBytesView))
        case .binary: refuse("DATA-0000: a binary message")
        case .ping, .pong, .close: break
        }
    }

    func closed(_ violation: WireViolation?) {
        timer?.cancel()
        connection = nil
        log.write("tts_close", tag: tag, details: violation.map { [("violation", $0.description.quotedJSON)] } ?? [])
    }

    private func control(_ text: [UInt8]) {
        let now = monotonicNanoseconds()
        let object = (try? JSONSerialization.jsonObject(with: Data(text))) as? [String: Any]
        switch object?["type"] as? String {
        case "Speak":
            guard let words = object?["text"] as? String, words.utf8.count <= 2_000 else {
                return refuse("Speak needs a text of up to 2000 characters")
            }
            tag = Tag(lastIn: words.utf8) ?? (words.utf8.count > 12 ? nil : tag)
            log.write("tts_speak", tag: tag, details: [("characters", "\(words.utf8.count)")], at: now)
            machine.speak(words.utf8, at: now)
        case "Flush":
            log.write("tts_flush", tag: tag, at: now)
            perform(machine.flush(at: now))
        case "Clear":
            log.write("tts_clear", tag: tag, at: now)
            perform(machine.clear())
        case "Close": machine.close(at: now)
        default: return refuse("an unknown message: \(String(decoding: text.prefix(80), as: UTF8.self))")
        }
        work()
    }

    /// As with Deepgram, a message outside the vocabulary ends the connection.
    private func refuse(_ reason: String) {
        log.write("tts_bad_message", tag: tag, details: [("reason", reason.quotedJSON)])
        connection?.close(code: 1008, reason: reason)
    }

    private func work() {
        perform(machine.advance(to: monotonicNanoseconds()))
        timer?.cancel()
        timer = nil
        guard let wake = machine.wake, let loop = connection?.eventLoop else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        timer = loop.scheduleTask(in: .nanoseconds(max(0, wake - monotonicNanoseconds()))) { bound.value.work() }
    }

    private func perform(_ outputs: [SpeakMachine.Output]) {
        for output in outputs {
            switch output {
            case .audio(let tone, let offset, let milliseconds, let tag, let isFirst):
                if isFirst { log.write("tts_first", tag: tag, details: [("tone", "\(tone)")]) }
                bank.withBytes(
                    tone, offset: offset * bank.bytesPerSecond / 1_000,
                    count: milliseconds * bank.bytesPerSecond / 1_000
                ) { connection?.send(binary: $0) }
            case .flushed(let sequence):
                send(#"{"type":"Flushed","sequence_id":\#(sequence)}"#)
                log.write("tts_flushed", tag: tag)
            case .cleared(let sequence): send(#"{"type":"Cleared","sequence_id":\#(sequence)}"#)
            case .tooManyFlushes:
                send(#"{"type":"Warning","description":"more than 20 flushes a minute","code":"EXCESSIVE_FLUSH"}"#)
                log.write("tts_excessive_flush", tag: tag)
            case .close: connection?.close(code: 1000)
            }
        }
    }

    private func send(_ text: String) { connection?.send(text: text.utf8) }
}
