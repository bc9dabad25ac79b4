internal import VoiceEngineCore

/// The answer of a web service, as the model is told it. Pure and bounded.
struct HTTPToolAnswer {
    /// [bytes] of an answer that the model is given; and of a refusal.
    static let largest = 64 << 10
    static let largestRefusal = 2 << 10

    let status: Int
    private var body: [UInt8] = []
    private var isCut = false

    init(status: Int) { self.status = status }

    private var isGood: Bool { (200..<300).contains(status) }
    private var limit: Int { isGood ? Self.largest : Self.largestRefusal }

    /// - Returns: false when no more is wanted.
    mutating func append(_ bytes: some Collection<UInt8>) -> Bool {
        let room = limit - body.count
        body += bytes.prefix(room)
        if bytes.count > room { isCut = true }
        return !isCut
    }

    /// A JSON value; an object with `error` where the service refused.
    var result: String {
        guard isGood else {
            var answer: JSONValue = ["error": .string("the service answered with status \(status)")]
            if !body.isEmpty { answer = ["error": answer["error"] ?? .null, "detail": content] }
            return answer.text
        }
        if isCut {
            let note = "the answer was longer than \(Self.largest) bytes; this is its beginning"
            let answer: JSONValue = ["note": .string(note), "text": content]
            return answer.text
        }
        if body.isEmpty { return (["status": .int(Int64(status))] as JSONValue).text }
        return content.text
    }

    /// JSON where it is, else text.
    private var content: JSONValue {
        if !isCut, let value = try? JSONValue.parse(body) { return value }
        return .string(String(decoding: body, as: UTF8.self))
    }

    /// There was no answer.
    static func failure(_ why: String) -> String { (["error": .string(why)] as JSONValue).text }
}
