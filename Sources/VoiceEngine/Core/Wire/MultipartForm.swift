/// Writes a `multipart/form-data` body (RFC 7578). Pure.
package struct MultipartForm: Sendable {
    private let boundary: String
    private var bytes: [UInt8] = []

    /// - Parameter boundary: Letters and digits, at most 70; must not stand in any value. 128 random bits do not.
    package init(boundary: String, reserving capacity: Int = 0) {
        self.boundary = boundary
        bytes.reserveCapacity(capacity)
    }

    /// The value of the `Content-Type` header.
    package var contentType: String { "multipart/form-data; boundary=\(boundary)" }

    package mutating func field(_ name: String, _ value: String) {
        append("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(Self.quoted(name))\"\r\n\r\n\(value)\r\n")
    }

    package mutating func file(_ name: String, filename: String, type: String, _ content: some Collection<UInt8>) {
        let names = "name=\"\(Self.quoted(name))\"; filename=\"\(Self.quoted(filename))\""
        append("--\(boundary)\r\nContent-Disposition: form-data; \(names)\r\nContent-Type: \(type)\r\n\r\n")
        bytes += content
        append("\r\n")
    }

    /// The whole body.
    package consuming func finish() -> [UInt8] {
        append("--\(boundary)--\r\n")
        return bytes
    }

    private mutating func append(_ text: String) { bytes += text.utf8 }

    /// As browsers do it (WHATWG HTML, section 4.10.21.8).
    private static func quoted(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "%22"
            case "\r": result += "%0D"
            case "\n": result += "%0A"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
