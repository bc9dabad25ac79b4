internal import VoiceEngineCore

/// Plivo's audio streaming, and that of Vobiz, which speaks the same: base64 of μ-law or L16 in JSON.
///
/// Plivo acknowledges a checkpoint only when the audio before it was played; those that a `clearAudio` drops never come
/// back. Audio goes out in the format that it comes in.
package final class PlivoWire: StreamWire {
    package let name = "plivo"
    /// The XML behind `<Stream>` goes on when the socket closes, and the call ends with it.
    package let traits = StreamTraits()
    private var streamID = ""
    private var writer: StreamEventWriter?

    package init() {}

    package func decode(text: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        let fields = try StreamEventFields(text)
        switch fields.event {
        case .start: return .start(try start(text))
        case .error: return .failure(Self.reason(text))
        case .missing, .connected, .media, .dtmf, .mark, .playedStream, .clearedAudio, .stop, .unknown:
            return try fields.message(text)
        }
    }

    package func writeMedia(_ audio: UnsafeRawBufferPointer, to output: inout StreamOutput) {
        writer?.writeMedia(audio, to: &output)
    }

    package func write(_ command: StreamCommand, to output: inout StreamOutput) -> Bool {
        guard let writer else { return false }
        switch command {
        case .mark(let number): writer.writeMark(number, to: &output)
        case .clear: writer.writeClear(to: &output)
        case .digits(let digits):
            // There is no pause among Plivo's digits.
            guard !digits.isEmpty, digits.utf8.allSatisfy(StreamFields.isDigit) else { return false }
            output.text(#"{"event":"sendDTMF","dtmf":"\#(digits)"}"#)
        case .accepted, .refused, .reply, .stopped, .transfer, .hangUp: return false
        }
        return true
    }

    private func start(_ bytes: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamStart {
        let inner = try StreamFields.start(of: bytes)
        var start = StreamStart()
        var (id, encoding, rate): (String?, String?, Int64?)
        var headers: String?
        StreamFields.visit(inner) { member in
            if member.isNamed("callId") { start.callID = member.text ?? "" }
            if member.isNamed("streamId") { id = member.text }
            if member.isNamed("accountId") { start.variables["accountId"] = member.text }
            if member.isNamed("encoding", in: "mediaFormat") { encoding = member.text }
            if member.isNamed("sampleRate", in: "mediaFormat") { rate = member.integer }
        }
        StreamFields.visit(bytes) { member in
            if member.isNamed("extra_headers") { headers = member.text }
        }
        guard let id, StreamFields.isIdentifier(id) else { throw StreamWireError("start.streamId", .identifier) }
        if start.callID.isEmpty { start.callID = id }
        let format = try StreamFields.format(
            encoding ?? "audio/x-mulaw", rate ?? 8_000, linear: "audio/x-l16", field: "start.mediaFormat")
        (start.input, start.output) = (format, format)
        if let headers { try Self.addHeaders(headers, to: &start.variables) }
        start.agent = start.variables.removeValue(forKey: "agent") ?? ""
        start.variables["callId"] = start.callID
        if writer == nil { prepare(id, format.audio) }
        return start
    }

    private func prepare(_ id: String, _ format: AudioFormat) {
        let type = format.encoding == .mulaw ? "audio/x-mulaw" : "audio/x-l16"
        streamID = id
        writer = StreamEventWriter(
            media: (
                #"{"event":"playAudio","media":{"contentType":"\#(type)","sampleRate":\#(format.sampleRate),"payload":""#,
                #""},"streamId":"\#(id)"}"#
            ),
            mark: (#"{"event":"checkpoint","streamId":"\#(id)","name":"v"#, #""}"#),
            clear: #"{"event":"clearAudio","streamId":"\#(id)"}"#)
    }

    /// `k=v;k2=v2`, or a JSON object.
    private static func addHeaders(_ text: String, to variables: inout [String: String]) throws(StreamWireError) {
        if text.utf8.first == UInt8(ascii: "{") {
            var result: Result<Void, StreamWireError> = .success(())
            Array(text.utf8).withUnsafeBytes { bytes in
                do throws(StreamWireError) {
                    try StreamFields.addParameters(bytes, to: &variables)
                } catch {
                    result = .failure(error)
                }
            }
            return try result.get()
        }
        let pairs = text.split(separator: ";")
        guard pairs.count <= StreamFields.mostParameters else {
            throw StreamWireError("extra_headers", .fewerParameters(StreamFields.mostParameters))
        }
        for pair in pairs {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            variables[String(parts[0]).trimmed] = String(parts[1]).trimmed
        }
    }

    private static func reason(_ bytes: UnsafeRawBufferPointer) -> String {
        var reason = "an error without a reason"
        StreamFields.visit(bytes) { member in
            if member.isNamed("reason"), let text = member.text { reason = StreamFields.line(text) }
        }
        return reason
    }
}

extension String {
    fileprivate var trimmed: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }
}
