import VoiceEngineCore

@testable import VoiceEngineCarrier

/// One message that a wire wrote.
enum WireText: Equatable {
    case text(String)
    case binary([UInt8])
}

extension StreamOutput {
    var written: [WireText] {
        var written: [WireText] = []
        forEach { message, isText in
            written.append(isText ? .text(String(decoding: message, as: UTF8.self)) : .binary(Array(message)))
        }
        return written
    }
}

extension StreamWire {
    /// What is written for a command; nil when the wire has nothing for it.
    func written(_ command: StreamCommand) -> [WireText]? {
        var output = StreamOutput()
        guard write(command, to: &output) else {
            precondition(output.isEmpty)
            return nil
        }
        return output.written
    }

    func writtenMedia(_ audio: [UInt8]) -> [WireText] {
        var output = StreamOutput()
        audio.withUnsafeBytes { writeMedia($0, to: &output) }
        return output.written
    }

    func says(_ text: String) throws(StreamWireError) -> StreamMessage { try says(Array(text.utf8)) }

    func says(_ bytes: [UInt8], isText: Bool = true) throws(StreamWireError) -> StreamMessage {
        var result: Result<StreamMessage, StreamWireError>?
        bytes.withUnsafeBytes { bytes in
            do throws(StreamWireError) {
                result = .success(isText ? try decode(text: bytes) : try decode(binary: bytes))
            } catch {
                result = .failure(error)
            }
        }
        guard let result else { return .unknown }
        return try result.get()
    }
}
