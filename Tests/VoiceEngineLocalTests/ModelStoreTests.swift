import Testing

@testable import VoiceEngineLocal

@Suite("Model store")
struct ModelStoreTests {
    private let empty = ModelStore(directory: "/nonexistent/models", llama: .init(threads: 1))

    @Test("says which files are missing and what to run")
    func missing() {
        #expect(
            empty.problem(with: .voiceActivity)?.description
                == "not in /nonexistent/models: lib/libonnxruntime.so.1, vad/silero_vad.onnx; "
                + "run 'make models' or set VOICE_ENGINE_MODELS")
        #expect(
            empty.problem(with: .languageModel)
                == .missing(
                    files: ["lib/libvoice_llama.so", "llm/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"],
                    directory: "/nonexistent/models"))
    }

    @Test("loading without files throws that, as often as it is tried")
    func loading() throws {
        for _ in 0..<2 {
            #expect(throws: try #require(empty.problem(with: .speechToText))) { try empty.moonshine() }
            #expect(throws: try #require(empty.problem(with: .languageModel))) { try empty.llama() }
            #expect(throws: try #require(empty.problem(with: .voiceActivity))) { try empty.silero() }
        }
        #expect(empty.loadedLlama == nil)
    }

    @Test("a library that is none is an error, not an end")
    func damaged() {
        #expect(throws: LocalModelError.self) { try OnnxRuntime(library: "/etc/passwd") }
        #expect(throws: LocalModelError.self) {
            try LlamaModel(library: "/etc/passwd", model: "/etc/passwd", configuration: .init(threads: 1))
        }
    }

    @Test("a model that is none is an error, not an end", .enabled(if: Models.have(.languageModel), Models.hint))
    func damagedModel() {
        #expect(throws: LocalModelError.unusable("/etc/passwd: not a language model that can be loaded")) {
            try LlamaModel(
                library: Models.store.directory + "/lib/libvoice_llama.so", model: "/etc/passwd",
                configuration: .init(threads: 1))
        }
        #expect(throws: LocalModelError.self) {
            let runtime = try OnnxRuntime(library: Models.store.directory + "/lib/libonnxruntime.so.1")
            _ = try OnnxSession(runtime: runtime, model: "/etc/passwd")
        }
    }

    @Test("warming up reports each part once")
    func warmUp() {
        let pool = InferencePool(.init(cores: 1))
        let reports = Collected<String>()
        let done = Gate()
        let parts: [ModelStore.Part] = [.voiceActivity, .speechToText, .languageModel]
        empty.warmUp(parts, on: pool) { part, problem in
            reports.add("\(part.rawValue) \(problem == nil)")
            done.open()
        }
        for _ in parts { done.wait() }
        #expect(reports.all.sorted() == ["languageModel false", "speechToText false", "voiceActivity false"])
        pool.shutdown()
    }
}
