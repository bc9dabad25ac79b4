internal import VoiceEngineCore

/// Exotel's AgentStream (the Voicebot applet): base64 of 16-bit samples, least significant byte first, in JSON.
///
/// Exotel wants at least 3,200 bytes in a message and a multiple of 320; anything else is heard as a gap. So frames are
/// collected, and the last message of what the agent says is filled up with silence.
package final class ExotelWire: StreamWire {
    private static let messageBytes = 3_200

    package let name = "exotel"
    private var sampleRate = 8_000
    private var writer: StreamEventWriter?

    package init() {}

    package var traits: StreamTraits {
        var traits = StreamTraits()
        // Whole frames of 20 ms, each a multiple of 320 bytes at 8, 16 and 24 kHz.
        let frame = sampleRate * 2 / 50
        traits.messageMilliseconds = (Self.messageBytes + frame - 1) / frame * 20
        traits.leadMilliseconds = traits.messageMilliseconds + 60
        return traits
    }

    package func decode(text: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        let fields = try StreamEventFields(text)
        return fields.event == .start ? .start(try start(text)) : try fields.message(text)
    }

    package func writeMedia(_ audio: UnsafeRawBufferPointer, to output: inout StreamOutput) {
        writer?.writeMedia(audio, to: &output)
    }

    package func write(_ command: StreamCommand, to output: inout StreamOutput) -> Bool {
        guard let writer else { return false }
        switch command {
        case .mark(let number): writer.writeMark(number, to: &output)
        case .clear: writer.writeClear(to: &output)
        // The flow goes on with its next applet when the socket closes: that is Exotel's only way.
        case .accepted, .refused, .reply, .stopped, .digits, .transfer, .hangUp: return false
        }
        return true
    }

    private func start(_ bytes: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamStart {
        let inner = try StreamFields.start(of: bytes)
        var start = StreamStart()
        var (id, encoding, rate): (String?, String?, Int64?)
        var parameters: Range<Int>?
        StreamFields.visit(bytes) { member in
            if member.isNamed("stream_sid") { id = member.text }
        }
        StreamFields.visit(inner) { member in
            if member.isNamed("stream_sid") { id = member.text }
            if member.isNamed("call_sid") { start.callID = member.text ?? "" }
            if member.isNamed("account_sid") { start.variables["accountSid"] = member.text }
            if member.isNamed("from") { start.variables["caller"] = member.text }
            if member.isNamed("to") { start.variables["called"] = member.text }
            if member.isNamed("encoding", in: "media_format") { encoding = member.text }
            if member.isNamed("sample_rate", in: "media_format") { rate = member.integer }
            if member.isNamed("custom_parameters"), member.kind == .object { parameters = member.value }
        }
        guard let id, StreamFields.isIdentifier(id) else { throw StreamWireError("start.stream_sid", .identifier) }
        if start.callID.isEmpty { start.callID = id }
        let format = try StreamFields.format(
            encoding ?? "audio/x-raw", rate ?? 8_000, linear: "audio/x-raw", field: "start.media_format")
        (start.input, start.output) = (format, format)
        if let parameters {
            try StreamFields.addParameters(UnsafeRawBufferPointer(rebasing: inner[parameters]), to: &start.variables)
        }
        start.agent = start.variables.removeValue(forKey: "agent") ?? ""
        start.variables["callSid"] = start.callID
        if writer == nil { prepare(id, format.audio.sampleRate) }
        return start
    }

    private func prepare(_ id: String, _ rate: Int) {
        sampleRate = rate
        writer = StreamEventWriter(
            media: (#"{"event":"media","stream_sid":"\#(id)","media":{"payload":""#, #""}}"#),
            mark: (#"{"event":"mark","stream_sid":"\#(id)","mark":{"name":"v"#, #""}}"#),
            clear: #"{"event":"clear","stream_sid":"\#(id)"}"#)
    }
}
