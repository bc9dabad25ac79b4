import Foundation

/// What the scripted providers saw, one JSON object a line: `{"t":ns,"event":"llm_request","call":17,"utterance":3,…}`.
///
/// `t` is CLOCK_MONOTONIC. Buffered, so that a benchmark does not wait for the disk; flushed once a second and at the end.
final class ProviderLog {
    private let file: FileHandle?
    private var buffer: [UInt8] = []

    /// - Parameter path: nil = no log.
    init(path: String?) throws {
        guard let path else {
            file = nil
            return
        }
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
        else { throw WaveError.unreadable(path: path, reason: "cannot be written") }
        self.file = file
    }

    /// - Parameter details: more members, already JSON.
    func write(_ event: String, tag: Tag?, details: [(String, String)] = [], at time: Int64 = monotonicNanoseconds()) {
        guard file != nil else { return }
        var line = "{\"t\":\(time),\"event\":\"\(event)\""
        if let tag { line += ",\"call\":\(tag.call),\"utterance\":\(tag.utterance)" }
        for (key, value) in details { line += ",\"\(key)\":\(value)" }
        buffer += line.utf8
        buffer += "}\n".utf8
        if buffer.count > 1 << 20 { flush() }
    }

    func flush() {
        guard !buffer.isEmpty else { return }
        try? file?.write(contentsOf: Data(buffer))
        buffer.removeAll(keepingCapacity: true)
    }
}
