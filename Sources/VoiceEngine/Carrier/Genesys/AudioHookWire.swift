internal import VoiceEngineCore

/// Messages of Genesys Cloud's AudioHook (protocol version 2), as the Audio Connector speaks it: JSON with counters on
/// both sides, and μ-law in binary messages.
///
///     open ─► opened ─► audio, ping ─► pong, dtmf … ─► close ─► closed
///
/// Genesys plays from a queue and says when it is through; a `barge_in` event empties it. It takes only a few messages a
/// second, so audio is sent in pieces of 200 ms.
package final class AudioHookWire: StreamWire {
    /// What the last message is to be answered with.
    private enum Reply {
        case pong
        /// A connection test of Genesys: there is no call behind it.
        case openedWithoutMedia
    }

    package let name = "genesys"
    package let traits: StreamTraits
    /// Of the session, as Genesys gave it.
    private var id = ""
    /// The last number of Genesys' messages, and of ours.
    private var clientSequence: Int64 = 0
    private var sequence: Int64 = 0
    /// The offer that is taken.
    private var media = JSONValue.null
    private var reply = Reply.pong

    package init() {
        var traits = StreamTraits()
        traits.marks = .none(delay: .milliseconds(150))
        traits.hangUp = .byMessage
        traits.messageMilliseconds = 200
        traits.leadMilliseconds = 400
        self.traits = traits
    }

    package func decode(text: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        guard let message = (try? JSONValue.parse(text))?.object else { throw StreamWireError("message", .object) }
        guard let type = message["type"]?.string else { throw StreamWireError("type", .string) }
        if let number = message["seq"]?.lenientInt { clientSequence = number }
        let parameters = message["parameters"]?.object ?? JSONObject()
        switch type {
        case "open": return try open(message, parameters)
        case "close": return .stop
        case "ping":
            reply = .pong
            return .needsReply
        case "dtmf":
            guard var text = parameters["digit"]?.string, let digit = text.withUTF8({ StreamFields.digit(.init($0)) })
            else { throw StreamWireError("parameters.digit", .digit) }
            return .digit(digit)
        case "playback_completed": return .drained
        case "playback_started", "paused", "resumed", "discarded", "update": return .nothing
        case "error":
            let code = parameters["code"]?.lenientString ?? "without a code"
            return .failure("\(code): \(parameters["message"]?.string ?? "")")
        default: return .unknown
        }
    }

    package func decode(binary: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        .media(StreamMedia(0..<binary.count))
    }

    package func writeMedia(_ audio: UnsafeRawBufferPointer, to output: inout StreamOutput) {
        output.binary { $0.writeBytes(audio) }
    }

    package func write(_ command: StreamCommand, to output: inout StreamOutput) -> Bool {
        switch command {
        case .accepted: write("opened", #"{"startPaused":false,"media":["# + media.text + "]}", to: &output)
        case .reply:
            switch reply {
            case .pong: write("pong", "{}", to: &output)
            case .openedWithoutMedia: write("opened", #"{"startPaused":false,"media":[]}"#, to: &output)
            }
        case .clear: write("event", #"{"entities":[{"type":"barge_in","data":{}}]}"#, to: &output)
        case .hangUp: write("disconnect", #"{"reason":"completed"}"#, to: &output)
        case .refused(let detail):
            write("disconnect", #"{"reason":"error","info":"# + JSONValue.string(detail).text + "}", to: &output)
        case .stopped: write("closed", "{}", to: &output)
        case .mark, .digits, .transfer: return false
        }
        return true
    }

    // MARK: -

    private func open(_ message: JSONObject, _ parameters: JSONObject) throws(StreamWireError) -> StreamMessage {
        guard let id = message["id"]?.string, StreamFields.isIdentifier(id) else {
            throw StreamWireError("id", .identifier)
        }
        // A second open is refused by the machine: it must not change what is written.
        guard self.id.isEmpty else { return .start(StreamStart()) }
        self.id = id
        let conversation = parameters["conversationId"]?.string ?? ""
        let participant = parameters["participant"]?.object ?? JSONObject()
        if Self.isNil(conversation), Self.isNil(participant["id"]?.string ?? "") {
            reply = .openedWithoutMedia
            return .needsReply
        }
        var start = StreamStart()
        start.callID = conversation.isEmpty ? id : conversation
        if let inputs = parameters["inputVariables"]?.object {
            guard inputs.members.count <= StreamFields.mostParameters else {
                throw StreamWireError("parameters.inputVariables", .fewerParameters(StreamFields.mostParameters))
            }
            for member in inputs.members { start.variables[member.key] = member.value.lenientString }
        }
        start.agent = start.variables.removeValue(forKey: "agent") ?? ""
        start.variables["caller"] = participant["ani"]?.string
        start.variables["called"] = participant["dnis"]?.string
        start.input = try offer(parameters["media"]?.array ?? [])
        start.output = .telephone
        return .start(start)
    }

    /// Takes the caller's channel alone where it is offered, else both.
    private func offer(_ offers: [JSONValue]) throws(StreamWireError) -> StreamFormat {
        let usable = offers.filter { offer in
            offer["format"]?.string == "PCMU" && offer["rate"]?.int == 8_000
                && offer["channels"]?[0]?.string == "external"
        }
        guard let best = usable.min(by: { Self.channels($0) < Self.channels($1) }) else {
            throw StreamWireError(
                "parameters.media", .format("PCMU at 8000 Hz with the external channel", got: "other media"))
        }
        media = best
        return StreamFormat(.telephone, channels: Self.channels(best))
    }

    private static func channels(_ offer: JSONValue) -> Int { min(max(offer["channels"]?.array?.count ?? 1, 1), 2) }

    private static func isNil(_ uuid: String) -> Bool {
        !uuid.isEmpty && uuid.utf8.allSatisfy { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: "-") }
    }

    private func write(_ type: String, _ parameters: String, to output: inout StreamOutput) {
        sequence += 1
        output.text(
            #"{"version":"2","id":"\#(id)","type":"\#(type)","seq":\#(sequence),"clientseq":\#(clientSequence),"#
                + #""parameters":\#(parameters)}"#)
    }
}
