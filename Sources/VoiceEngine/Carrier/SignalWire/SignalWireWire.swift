internal import VoiceEngineCore

/// SignalWire's cXML `<Stream>`: Twilio's messages, with L16 beside μ-law, and digits the other way too.
///
/// Audio goes out in the format that it comes in: `codec` of `<Stream>` names one for both.
package final class SignalWireWire: StreamWire {
    package let name = "signalwire"
    /// SignalWire goes on with the cXML behind `<Connect>` when the socket closes.
    package let traits = StreamTraits(joinsFrames: true)
    private var streamSid = ""
    private var writer: StreamEventWriter?

    package init() {}

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
        case .digits(let digits): return write(digits: digits, to: &output)
        case .accepted, .refused, .reply, .stopped, .transfer, .hangUp: return false
        }
        return true
    }

    /// One message per digit. There is none for a pause.
    private func write(digits: String, to output: inout StreamOutput) -> Bool {
        guard !digits.isEmpty, digits.utf8.allSatisfy(StreamFields.isDigit) else { return false }
        for digit in digits {
            output.text(#"{"event":"dtmf","streamSid":"\#(streamSid)","dtmf":{"digit":"\#(digit)"}}"#)
        }
        return true
    }

    private func start(_ bytes: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamStart {
        let start = try TwilioStart(bytes)
        let format = try StreamFields.format(
            start.encoding ?? "audio/x-mulaw", start.sampleRate ?? 8_000, linear: "audio/x-l16",
            field: "start.mediaFormat")
        if writer == nil {
            writer = TwilioWire.writer(streamSid: start.streamSid)
            streamSid = start.streamSid
        }
        var common = start.streamStart
        (common.input, common.output) = (format, format)
        return common
    }
}
