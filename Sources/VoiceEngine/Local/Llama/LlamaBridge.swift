internal import CLocalModels

/// The C bridge to libllama with one loaded model: tokens in, tokens out.
///
/// `@unchecked Sendable`: `abort` may be called from any thread; everything else is called with the lock of
/// `LlamaModel` held.
final class LlamaBridge: @unchecked Sendable {
    /// How an evaluation ended.
    enum Evaluation: Equatable { case done, full, aborted, failed }

    private let functions: UnsafePointer<local_llama>
    private let model: OpaquePointer
    private var calls: local_llama { functions.pointee }

    init(
        library: String, model path: String, contextTokens: Int, sequences: Int, threads: Int
    ) throws(LocalModelError) {
        let (functions, error) = withErrorText { local_llama_open(library, $0, $1) }
        guard let functions else { throw .unusable(error) }
        let (model, reason) = withErrorText {
            functions.pointee.open(path, UInt32(contextTokens), UInt32(sequences), UInt32(threads), $0, $1)
        }
        guard let model else {
            local_llama_close(functions)
            throw .unusable(reason)
        }
        self.functions = functions
        self.model = model
    }

    deinit {
        calls.close(model)
        local_llama_close(functions)
    }

    /// Threads: any.
    func setAborted(_ on: Bool) { calls.abort(model, on ? 1 : 0) }

    /// Messages in the model's chat format.
    func format(_ messages: [(role: String, content: String)], openAnswer: Bool) throws(LocalModelError) -> String {
        let roles = CStrings(messages.map { $0.role })
        let contents = CStrings(messages.map { $0.content })
        var capacity = messages.reduce(256) { $0 + $1.content.utf8.count + 64 }
        while true {
            let room = capacity
            let (text, needed) = withUnsafeTemporaryAllocation(of: CChar.self, capacity: room) { buffer in
                let bytes = Int(
                    calls.format(
                        model, roles.pointers, contents.pointers, messages.count, openAnswer ? 1 : 0,
                        buffer.baseAddress, Int32(room)))
                guard bytes >= 0, bytes <= room else { return ("", bytes) }
                return (String(decoding: UnsafeRawBufferPointer(buffer)[..<bytes], as: UTF8.self), bytes)
            }
            if needed < 0 { throw .unusable("the language model's chat format is not known") }
            if needed <= room { return text }
            capacity = needed
        }
    }

    func tokenize(_ text: String) -> [Int32] {
        var text = text
        return text.withUTF8 { bytes in
            let length = Int32(clamping: bytes.count)
            // A token has at least one byte; a few more begin the text.
            return [Int32](unsafeUninitializedCapacity: bytes.count + 8) { tokens, count in
                count = bytes.withMemoryRebound(to: CChar.self) {
                    Int(calls.tokenize(model, $0.baseAddress, length, tokens.baseAddress, Int32(tokens.count)))
                }
                count = max(0, count)
            }
        }
    }

    /// The bytes of a token, which may end within a character.
    func piece(_ token: Int32) -> [UInt8] {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            let count = Int(calls.piece(model, token, buffer.baseAddress, Int32(buffer.count)))
            return UnsafeRawBufferPointer(buffer)[..<max(0, min(count, buffer.count))].map { $0 }
        }
    }

    func isEnd(_ token: Int32) -> Bool { calls.is_end(model, token) != 0 }

    func keep(_ count: Int, of sequence: Int) { calls.keep(model, Int32(sequence), Int32(count)) }

    func share(_ count: Int, of source: Int, with target: Int) {
        calls.share(model, Int32(source), Int32(target), Int32(count))
    }

    func evaluate(_ tokens: ArraySlice<Int32>, in sequence: Int, at position: Int) -> Evaluation {
        let result = tokens.withUnsafeBufferPointer {
            calls.evaluate(model, Int32(sequence), Int32(position), $0.baseAddress, Int32($0.count))
        }
        switch result {
        case VOICE_LLAMA_OK: return .done
        case VOICE_LLAMA_FULL: return .full
        case VOICE_LLAMA_ABORTED: return .aborted
        default: return .failed
        }
    }

    /// Runs `body` with a way to choose the next token; its calls give nil when no token is possible.
    func withSampler<Result>(
        _ options: LlamaOptions, _ body: (_ next: () -> Int32?) -> Result
    ) throws(LocalModelError) -> Result {
        let (sampler, error) = withErrorText { text, size in
            calls.sampler_open(
                model, options.grammar, options.temperature, options.topP, options.seed, text, size)
        }
        guard let sampler else { throw .failed(error) }
        defer { calls.sampler_close(sampler) }
        return body {
            let token = calls.sample(model, sampler)
            return token < 0 ? nil : token
        }
    }
}

/// Strings as C wants arrays of them.
private final class CStrings {
    let pointers: [UnsafePointer<CChar>?]
    private let memory: UnsafeMutableBufferPointer<CChar>

    init(_ strings: [String]) {
        memory = .allocate(capacity: strings.reduce(0) { $0 + $1.utf8.count + 1 })
        var pointers: [UnsafePointer<CChar>?] = []
        var offset = 0
        for string in strings {
            pointers.append(memory.baseAddress.map { UnsafePointer($0 + offset) })
            // A NUL inside would hide the rest from C.
            for byte in string.utf8 where byte != 0 {
                memory[offset] = CChar(bitPattern: byte)
                offset += 1
            }
            memory[offset] = 0
            offset += 1
        }
        self.pointers = pointers
    }

    deinit { memory.deallocate() }
}
