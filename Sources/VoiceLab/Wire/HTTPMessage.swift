import NIOCore

/// What is wrong with a message of the other side.
struct WireViolation: Error, Equatable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// One HTTP/1.1 request or response with its whole body.
struct HTTPMessage: Equatable {
    /// "POST /path HTTP/1.1" or "HTTP/1.1 200 OK".
    var startLine: String
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    /// The first value of a header, whatever the case of its name.
    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The words of the start line: method, target, version or version, status, reason.
    var startWords: [String] { startLine.split(separator: " ", maxSplits: 2).map(String.init) }
    var status: Int? { startWords.count >= 2 ? Int(startWords[1]) : nil }
    var method: String { startWords.first ?? "" }
    var target: String { startWords.count >= 2 ? startWords[1] : "/" }

    static func == (left: HTTPMessage, right: HTTPMessage) -> Bool {
        left.startLine == right.startLine && left.body == right.body
            && left.headers.elementsEqual(right.headers) { $0 == $1 }
    }
}

/// Bytes to HTTP/1.1 messages, for either direction. Limits: 64 KiB of head, 16 MiB of body.
struct HTTPParser {
    private enum State {
        case head
        case fixed(HTTPMessage, remaining: Int)
        case chunkSize(HTTPMessage)
        case chunk(HTTPMessage, remaining: Int)
        case trailer(HTTPMessage)
    }

    private static let maxHead = 65_536
    private static let maxBody = 16 << 20
    private var state = State.head

    /// The next whole message, or nil until more bytes are there. After a 101 or an upgrade the rest belongs to the
    /// next protocol and stays in the buffer.
    mutating func next(from buffer: inout ByteBuffer) throws -> HTTPMessage? {
        while true {
            switch state {
            case .head:
                guard let message = try Self.head(from: &buffer) else { return nil }
                if let encoding = message.header("Transfer-Encoding"), encoding.lowercased().contains("chunked") {
                    state = .chunkSize(message)
                } else {
                    let length = message.header("Content-Length") ?? "0"
                    guard let bytes = Int(length), (0...Self.maxBody).contains(bytes) else {
                        throw WireViolation("Content-Length: \(length)")
                    }
                    state = .fixed(message, remaining: bytes)
                }
            case .fixed(var message, let remaining):
                guard buffer.readableBytes >= remaining else { return nil }
                message.body = buffer.readBytes(length: remaining) ?? []
                state = .head
                return message
            case .chunkSize(let message):
                guard let line = try Self.line(from: &buffer) else { return nil }
                let digits = line.prefix { $0 != ";" && $0 != " " }
                guard let size = Int(digits, radix: 16), size >= 0, message.body.count + size <= Self.maxBody else {
                    throw WireViolation("chunk size “\(line)”")
                }
                state = size == 0 ? .trailer(message) : .chunk(message, remaining: size)
            case .chunk(var message, let remaining):
                guard buffer.readableBytes >= remaining + 2 else { return nil }
                message.body += buffer.readBytes(length: remaining) ?? []
                buffer.moveReaderIndex(forwardBy: 2)
                state = .chunkSize(message)
            case .trailer(let message):
                guard let line = try Self.line(from: &buffer) else { return nil }
                if line.isEmpty {
                    state = .head
                    return message
                }
            }
        }
    }

    private static func head(from buffer: inout ByteBuffer) throws -> HTTPMessage? {
        let view = buffer.readableBytesView
        guard let end = firstBlankLine(in: view) else {
            if view.count > maxHead { throw WireViolation("a head of more than \(maxHead) bytes") }
            return nil
        }
        let text = buffer.readString(length: end) ?? ""
        buffer.moveReaderIndex(forwardBy: 4)
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
        guard !lines.isEmpty else { throw WireViolation("an empty head") }
        var message = HTTPMessage(startLine: lines.removeFirst())
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { throw WireViolation("header “\(line)”") }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            message.headers.append((String(line[..<colon]), String(value)))
        }
        return message
    }

    private static func firstBlankLine(in view: ByteBufferView) -> Int? {
        let (carriage, newline) = (UInt8(ascii: "\r"), UInt8(ascii: "\n"))
        var index = view.startIndex
        while index + 3 < view.endIndex {
            if view[index] == carriage, view[index + 1] == newline, view[index + 2] == carriage,
                view[index + 3] == newline
            {
                return index - view.startIndex
            }
            index += 1
        }
        return nil
    }

    private static func line(from buffer: inout ByteBuffer) throws -> String? {
        let view = buffer.readableBytesView
        guard let end = view.firstIndex(of: UInt8(ascii: "\n")) else {
            if view.count > maxHead { throw WireViolation("a line of more than \(maxHead) bytes") }
            return nil
        }
        let line = buffer.readString(length: end - view.startIndex) ?? ""
        buffer.moveReaderIndex(forwardBy: 1)
        return line.hasSuffix("\r") ? String(line.dropLast()) : line
    }
}
