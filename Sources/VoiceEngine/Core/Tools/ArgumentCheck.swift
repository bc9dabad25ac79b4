/// Holds the arguments of a tool call against the JSON Schema of its declaration, before anything goes out.
///
/// The part of JSON Schema that models get wrong: `type`, `required`, `enum`, `properties`, `items` and
/// `additionalProperties: false`. Every other keyword is the server's own business.
package enum ArgumentCheck {
    /// What is wrong with the arguments, for the model; nil: nothing.
    package static func problem(in arguments: JSONValue, schema: JSONObject) -> String? {
        problem(in: arguments, schema: .object(schema), path: "")
    }

    private static func problem(in value: JSONValue, schema: JSONValue, path: String) -> String? {
        let place = path.isEmpty ? "the arguments" : path
        if let types = types(of: schema), !types.contains(where: { value.is($0) }) {
            return "\(place): found \(value.typeName), expected \(types.joined(separator: " or "))"
        }
        if let choices = schema["enum"]?.array, !choices.contains(where: { value.equals($0) }) {
            return "\(place): expected one of \(JSONValue.array(choices).text)"
        }
        if let object = value.object { return problem(in: object, schema: schema, path: path) }
        guard let elements = value.array, let items = schema["items"], items.object != nil else { return nil }
        for (index, element) in elements.enumerated() {
            if let problem = problem(in: element, schema: items, path: "\(path)[\(index)]") { return problem }
        }
        return nil
    }

    private static func problem(in object: JSONObject, schema: JSONValue, path: String) -> String? {
        func place(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
        for key in schema["required"]?.array ?? [] {
            if let key = key.string, object[key] == nil { return "\(place(key)): is required" }
        }
        let properties = schema["properties"]?.object ?? JSONObject()
        for member in object.members {
            if let declared = properties[member.key] {
                let problem = problem(in: member.value, schema: declared, path: place(member.key))
                if let problem { return problem }
            } else if schema["additionalProperties"] == false {
                return "\(place(member.key)): is no argument of this tool"
            }
        }
        return nil
    }

    private static func types(of schema: JSONValue) -> [String]? {
        switch schema["type"] {
        case .string(let type): [type]
        case .array(let types): types.compactMap(\.string)
        case _: nil
        }
    }
}

extension JSONValue {
    /// Whether this is of a type of JSON Schema; one that nobody knows takes everything.
    fileprivate func `is`(_ type: String) -> Bool {
        switch type {
        case "object": object != nil
        case "array": array != nil
        case "string": string != nil
        case "integer": int != nil
        case "number": double != nil
        case "boolean": bool != nil
        case "null": isNull
        case _: true
        }
    }

    /// 1 and 1.0 are the same number.
    fileprivate func equals(_ other: JSONValue) -> Bool {
        if let mine = double, let theirs = other.double { return mine == theirs }
        return self == other
    }
}
