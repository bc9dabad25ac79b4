internal import VoiceEngineCore

/// Messages of the Vonage Voice API's WebSocket endpoint: linear samples in binary messages of exactly 20 ms, both ways,
/// and JSON beside them.
///
/// What a call is, is what the NCCO's `headers` say: their keys stand in the first message. Marks are `notify`, whose
/// payload comes back when the audio before it was played; those that a `clear` drops do not come back.
package final class VonageWire: StreamWire {
    package let name = "vonage"
    /// The NCCO goes on, and ends with the call, when the socket is closed.
    package let traits = StreamTraits()

    private enum Event { case missing, connected, digit, notified, cleared, unknown }

    package init() {}

    package func decode(text: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        var event = Event.missing
        var digit: UInt8?
        var mark: Range<Int>?
        do {
            try JSONScanner.scan(text) { member in
                guard member.kind == .string else { return }
                if member.isNamed("event") {
                    if event == .missing { event = Self.event(member) }
                } else if member.isNamed("digit") {
                    digit = digit ?? StreamFields.digit(member.valueBytes)
                } else if member.isNamed("digit", in: "dtmf") {
                    // As some captures show it.
                    digit = digit ?? StreamFields.digit(member.valueBytes)
                } else if member.isNamed("id", in: "payload") {
                    mark = mark ?? member.value
                }
            }
        } catch {
            throw StreamWireError("message", .json(error))
        }
        switch event {
        case .missing: throw StreamWireError("event", .string)
        case .connected: return .start(try start(text))
        case .digit:
            guard let digit else { throw StreamWireError("digit", .digit) }
            return .digit(digit)
        case .notified:
            return .mark(mark.flatMap { StreamMarkName.number(UnsafeRawBufferPointer(rebasing: text[$0])) })
        case .cleared: return .nothing
        case .unknown: return .unknown
        }
    }

    package func decode(binary: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        .media(StreamMedia(0..<(binary.count & ~1)))
    }

    package func writeMedia(_ audio: UnsafeRawBufferPointer, to output: inout StreamOutput) {
        output.binary { $0.writeBytes(audio) }
    }

    package func write(_ command: StreamCommand, to output: inout StreamOutput) -> Bool {
        switch command {
        case .mark(let number):
            output.text { buffer in
                buffer.writeStaticString(#"{"action":"notify","payload":{"id":"v"#)
                buffer.writeDecimal(number)
                buffer.writeStaticString(#""}}"#)
            }
        case .clear: output.text { $0.writeStaticString(#"{"action":"clear"}"#) }
        case .accepted, .refused, .reply, .digits, .transfer, .hangUp, .stopped: return false
        }
        return true
    }

    private static func event(_ member: borrowing JSONScanner.Member) -> Event {
        if member.isString("websocket:connected") { return .connected }
        if member.isString("websocket:dtmf") { return .digit }
        if member.isString("websocket:notify") { return .notified }
        if member.isString("websocket:cleared") { return .cleared }
        return .unknown
    }

    private func start(_ bytes: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamStart {
        var start = StreamStart()
        try StreamFields.addParameters(bytes, to: &start.variables)
        start.variables["event"] = nil
        let content = start.variables.removeValue(forKey: "content-type") ?? ""
        start.agent = start.variables.removeValue(forKey: "agent") ?? ""
        start.callID = ["uuid", "call", "conversation_uuid"].lazy.compactMap { start.variables[$0] }.first ?? ""
        start.input = StreamFormat(try Self.format(content))
        start.output = start.input
        return start
    }

    /// `audio/l16;rate=16000`
    private static func format(_ content: String) throws(StreamWireError) -> AudioFormat {
        let parts = content.lowercased().split(separator: ";").map { part in
            part.drop { $0 == " " }
        }
        let rate = parts.dropFirst().first { $0.hasPrefix("rate=") }.flatMap { Int($0.dropFirst(5)) }
        guard parts.first == "audio/l16", let rate, [8_000, 16_000, 24_000].contains(rate),
            let format = try? AudioFormat(encoding: .pcm16, sampleRate: rate)
        else {
            throw StreamWireError(
                "content-type",
                .format("audio/l16 with rate=8000, 16000 or 24000", got: String(content.prefix(40))))
        }
        return format
    }
}
