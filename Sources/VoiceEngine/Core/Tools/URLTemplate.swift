/// An address with places for a tool's arguments, such as `https://example.org/orders/{id}?day={day}`.
///
/// Places stand behind the host only: whom the request and its secrets go to is the document's choice, never the
/// model's. Values are percent-encoded, so that none can end a path segment or a parameter.
package struct URLTemplate: Equatable, Sendable {
    package struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
        package let description: String
    }

    private enum Piece: Equatable, Sendable {
        case literal(String)
        case argument(String, isPath: Bool)
    }

    private let pieces: [Piece]

    /// The arguments that have a place.
    package var names: [String] {
        pieces.compactMap { if case .argument(let name, _) = $0 { name } else { nil } }
    }

    /// - Throws: For a brace without its other half, a name that is none, a place in front of the path.
    package init(_ text: String) throws(Problem) {
        var pieces: [Piece] = []
        var literal = ""
        var isPath = true
        /// Slashes seen so far: the third one begins the path.
        var slashes = 0
        var rest = text[...]
        while let character = rest.popFirst() {
            switch character {
            case "/": slashes += 1
            case "?": (isPath, slashes) = (false, max(slashes, 3))
            case "}": throw Problem(description: "\"}\" without \"{\"")
            case "{":
                // Two braces are a variable of the document that is not filled in yet.
                if rest.first == "{", let close = rest.firstIndex(of: "}") {
                    let end = rest[rest.index(after: close)...].first == "}" ? rest.index(after: close) : close
                    literal += "{" + rest[...end]
                    rest = rest[rest.index(after: end)...]
                    continue
                }
                guard let close = rest.firstIndex(of: "}") else { throw Problem(description: "\"{\" without \"}\"") }
                let name = String(rest[..<close])
                guard TextRule.variable.accepts(name) else {
                    throw Problem(description: "\"{\(name.prefix(64))}\", which names no argument")
                }
                guard slashes >= 3 else { throw Problem(description: "{\(name)} in front of the path") }
                pieces += [.literal(literal), .argument(name, isPath: isPath)]
                literal = ""
                rest = rest[rest.index(after: close)...]
                continue
            case _: break
            }
            literal.append(character)
        }
        self.pieces = pieces + [.literal(literal)]
    }

    /// The address for these arguments.
    /// - Throws: For an argument that is missing, or that would change the path by what it is.
    package func filled(_ arguments: JSONObject) throws(Problem) -> String {
        var text = ""
        for piece in pieces {
            switch piece {
            case .literal(let literal): text += literal
            case .argument(let name, let isPath):
                guard let value = arguments[name], !value.isNull else {
                    throw Problem(description: "the argument \(name) is missing")
                }
                let plain = value.parameterText
                // An empty segment, "." and ".." would be another path.
                if isPath, plain.isEmpty || plain == "." || plain == ".." {
                    throw Problem(description: "the argument \(name) cannot be \"\(plain)\"")
                }
                text += PercentEncoding.encoded(plain)
            }
        }
        return text
    }
}

extension JSONValue {
    /// The value as it stands in an address: text as it is, everything else as JSON.
    package var parameterText: String { string ?? text }
}
