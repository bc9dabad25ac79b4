internal import VoiceEngineCore

/// A chunk of an answer that says text and nothing else, read without a tree. All chunks of an answer but the first and
/// the last are such, and there is one for each token.
///
/// It knows only what it takes: a chunk with anything that `OpenAIChatParser` looks at beside the text is left to it.
struct OpenAIPlainChunk {
    /// What is said; empty where the content is null.
    private(set) var text = ""
    private var choices: Range<Int>?
    private var hasDelta = false
    private var isPlain = true

    /// - Returns: nil for any other chunk, and for what is no JSON.
    init?(_ bytes: UnsafeRawBufferPointer) {
        do { try JSONScanner.scan(bytes) { takeChunk($0) } } catch { return nil }
        guard isPlain, let choices else { return nil }
        let list = UnsafeRawBufferPointer(rebasing: bytes[choices])
        guard JSONScanner.scanFirstObject(of: list, { takeChoice($0) }), isPlain, hasDelta else { return nil }
    }

    private mutating func takeChunk(_ member: borrowing JSONScanner.Member) {
        if case .null = member.kind { return }
        if case .array = member.kind, member.isNamed("choices") { choices = member.value }
        if member.isNamed("usage") { isPlain = false }
        if member.isNamed("error") { isPlain = false }
        if member.isNamed("detail") { isPlain = false }
        if member.isNamed("x_groq") { isPlain = false }
    }

    private mutating func takeChoice(_ member: borrowing JSONScanner.Member) {
        switch member.kind {
        case .null: return
        case .object where member.isNamed("delta"): hasDelta = true
        case .string where member.isNamed("content", in: "delta"): text = member.text ?? ""
        case .string, .number, .bool, .array, .object: if member.isNamed("content", in: "delta") { isPlain = false }
        }
        if member.isNamed("finish_reason") { isPlain = false }
        if member.isNamed("refusal", in: "delta") { isPlain = false }
        if member.isNamed("tool_calls", in: "delta") { isPlain = false }
        if member.isNamed("function_call", in: "delta") { isPlain = false }
    }
}
