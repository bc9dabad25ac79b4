/// One event of a server-sent event stream.
package struct ServerSentEvent: Equatable, Sendable {
    /// "message" where the stream names none.
    package var name: String
    /// The data lines joined by line feeds, as they came: not checked for UTF-8.
    package var data: [UInt8]
}

/// Why an event stream cannot be read on.
package enum EventStreamError: Error, Equatable, Sendable {
    case lineTooLong(limit: Int)
    case eventTooLong(limit: Int)
}

/// Parses a server-sent event stream (WHATWG HTML, section 9.2.6) from chunks split anywhere.
///
/// Lines end with CR LF, LF or CR; a byte order mark and comments are skipped; `id` and `retry` are ignored, since
/// nobody reconnects into the middle of an answer. An event without data is none. What follows the last empty line is
/// dropped, as the standard wants, unless `end` asks for it. After an error the parser stays in error.
package struct EventStreamParser: Sendable {
    private let longestLine: Int
    private let longestEvent: Int
    private let strayField: [UInt8]?
    private var line: [UInt8] = []
    private var name: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private enum Position { case streamStart, text, afterCarriageReturn, failed(EventStreamError) }
    private var position = Position.streamStart

    /// - Parameters:
    ///   - longestLine: [bytes] Without its end.
    ///   - longestEvent: [bytes] Data of one event.
    ///   - strayField: A field outside of the standard whose line is an event of that name by itself, such as the
    ///     `error: {…}` of some servers.
    package init(longestLine: Int = 1 << 20, longestEvent: Int = 4 << 20, strayField: String? = nil) {
        self.longestLine = longestLine
        self.longestEvent = longestEvent
        self.strayField = strayField.map { Array($0.utf8) }
    }

    /// Takes a chunk and hands over the events that it completes.
    package mutating func append(
        _ chunk: UnsafeRawBufferPointer, _ event: (ServerSentEvent) -> Void
    ) throws(EventStreamError) {
        if case .failed(let error) = position { throw error }
        var index = 0
        if case .afterCarriageReturn = position, let first = chunk.first {
            position = .text
            if first == 0x0A { index = 1 }
        }
        while index < chunk.count {
            let end = Self.lineEnd(chunk, from: index)
            guard line.count + (end - index) <= longestLine else { throw fail(.lineTooLong(limit: longestLine)) }
            line.append(contentsOf: chunk[index..<end])
            guard end < chunk.count else { return }
            try endLine(event)
            index = end + 1
            position = .text
            guard chunk[end] == 0x0D else { continue }
            if index == chunk.count {
                position = .afterCarriageReturn
            } else if chunk[index] == 0x0A {
                index += 1
            }
        }
    }

    /// Takes a chunk of any kind.
    package mutating func append(
        _ chunk: some Collection<UInt8>, _ event: (ServerSentEvent) -> Void
    ) throws(EventStreamError) {
        let bytes = Array(chunk)
        let result = bytes.withUnsafeBytes { bytes -> Result<Void, EventStreamError> in
            do throws(EventStreamError) { return .success(try append(bytes, event)) } catch { return .failure(error) }
        }
        try result.get()
    }

    /// Where the next line feed or carriage return stands, or the chunk ends.
    private static func lineEnd(_ chunk: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while index < chunk.count, chunk[index] != 0x0A, chunk[index] != 0x0D { index &+= 1 }
        return index
    }

    /// The stream has ended: hands over an event that lacks its last line break or its empty line. Some servers leave
    /// them out.
    package mutating func end(_ event: (ServerSentEvent) -> Void) {
        if case .failed = position { return }
        if !line.isEmpty { try? endLine(event) }
        if case .failed = position { return }
        dispatch(event)
    }

    private mutating func endLine(_ event: (ServerSentEvent) -> Void) throws(EventStreamError) {
        defer { line.removeAll(keepingCapacity: true) }
        if case .streamStart = position, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        guard !line.isEmpty else { return dispatch(event) }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[colon...].dropFirst()
        if value.first == UInt8(ascii: " ") { value.removeFirst() }
        let field = line[..<colon]
        if field.elementsEqual("data".utf8) {
            guard data.count + value.count < longestEvent else { throw fail(.eventTooLong(limit: longestEvent)) }
            if hasData { data.append(0x0A) }
            data += value
            hasData = true
        } else if field.elementsEqual("event".utf8) {
            name = Array(value)
        } else if let strayField, field.elementsEqual(strayField) {
            event(ServerSentEvent(name: String(decoding: strayField, as: UTF8.self), data: Array(value)))
        }
    }

    private mutating func dispatch(_ event: (ServerSentEvent) -> Void) {
        if hasData {
            event(ServerSentEvent(name: name.isEmpty ? "message" : String(decoding: name, as: UTF8.self), data: data))
        }
        name = []
        data = []
        hasData = false
    }

    private mutating func fail(_ error: EventStreamError) -> EventStreamError {
        position = .failed(error)
        (line, name, data) = ([], [], [])
        return error
    }
}
