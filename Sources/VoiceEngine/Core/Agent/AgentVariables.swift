/// `{{name}}` in the texts of an agent document. Spaces inside the braces do not matter; values are not searched again.
enum AgentVariables {
    /// Sections that are taken as they are.
    private static let literal = providers.union(["$schema", "variables"])

    private static let providers: Set<String> = ["name", "realtime", "stt", "llm", "tts", "voices"]

    /// Refuses braces that open no variable, and variables where none are filled in.
    static func check(_ document: JSONValue) throws(AgentError) {
        _ = try walk(document, path: "") { (_) in "" }
        for member in document.object?.members ?? [] where providers.contains(member.key) {
            try refuse(member.value, path: member.key)
        }
    }

    /// The document with every variable replaced.
    static func filled(_ document: JSONValue, with values: [String: String]) throws(AgentError) -> JSONValue {
        try walk(document, path: "") { values[$0] }
    }

    private static func walk(
        _ value: JSONValue, path: String, _ lookUp: (String) -> String?
    ) throws(AgentError) -> JSONValue {
        switch value {
        case .null, .bool, .int, .double: return value
        case .string(let text):
            // In an address a value must not mean more than itself: the "+" of a telephone number is no blank.
            let encodes = path.hasPrefix("tools[") && path.hasSuffix("].http.url")
            return .string(
                try filled(text, path: path) { lookUp($0).map { encodes ? PercentEncoding.encoded($0) : $0 } })
        case .array(let elements):
            var filled: [JSONValue] = []
            for (position, element) in elements.enumerated() {
                filled.append(try walk(element, path: "\(path)[\(position)]", lookUp))
            }
            return .array(filled)
        case .object(let object):
            var filled = JSONObject()
            for member in object.members {
                let isLiteral = path.isEmpty && literal.contains(member.key)
                let memberPath = path.isEmpty ? member.key : "\(path).\(member.key)"
                filled.append(member.key, isLiteral ? member.value : try walk(member.value, path: memberPath, lookUp))
            }
            return .object(filled)
        }
    }

    private static func filled(
        _ text: String, path: String, _ lookUp: (String) -> String?
    ) throws(AgentError) -> String {
        var result = ""
        var rest = text[...]
        while let open = rest.firstRange(of: "{{") {
            result += rest[..<open.lowerBound]
            rest = rest[open.upperBound...]
            guard let close = rest.firstRange(of: "}}") else {
                throw .value(path: path, found: "\"{{\" without \"}}\"", expected: "a variable such as {{business}}")
            }
            let name = String(
                rest[..<close.lowerBound].drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
            guard TextRule.variable.accepts(name) else {
                let found = KeyedReader.described(.string("{{\(rest[..<close.lowerBound])}}"))
                throw .value(path: path, found: found, expected: "a variable such as {{business}}")
            }
            guard let value = lookUp(name) else {
                throw .value(
                    path: path, found: "{{\(name)}}, which has no value",
                    expected: "a value from the host or in the section \"variables\"")
            }
            result += value
            rest = rest[close.upperBound...]
        }
        return result + rest
    }

    private static func refuse(_ value: JSONValue, path: String) throws(AgentError) {
        switch value {
        case .null, .bool, .int, .double: return
        case .string(let text):
            guard text.firstRange(of: "{{") == nil else {
                throw .value(path: path, found: KeyedReader.described(value), expected: "text without variables here")
            }
        case .array(let elements):
            for (position, element) in elements.enumerated() { try refuse(element, path: "\(path)[\(position)]") }
        case .object(let object):
            for member in object.members { try refuse(member.value, path: "\(path).\(member.key)") }
        }
    }
}

extension Substring {
    /// The first place of two equal ASCII characters; enough for braces.
    fileprivate func firstRange(of pair: StaticString) -> Range<Index>? {
        let utf8 = self.utf8
        var index = utf8.startIndex
        while index < utf8.endIndex {
            let next = utf8.index(after: index)
            if next < utf8.endIndex, utf8[index] == pair.utf8Start[0], utf8[next] == pair.utf8Start[1] {
                return index..<utf8.index(after: next)
            }
            index = next
        }
        return nil
    }
}

extension String {
    fileprivate func firstRange(of pair: StaticString) -> Range<Index>? { self[...].firstRange(of: pair) }
}
