internal import Glibc
internal import Synchronization

/// The local models of one engine: where their files are, what is missing, and each loaded once for all calls.
///
/// Nothing is loaded before it is asked for. Every accessor blocks its first caller for up to a second (the language
/// model for longer); they are called on the pool's threads. What could not be loaded is tried again by the next
/// caller, so that `make models` helps a running engine.
package final class ModelStore: Sendable {
    package enum Part: String, CaseIterable, Sendable {
        case voiceActivity, endOfTurn, speechToText, textToSpeech, languageModel
    }

    private enum File: String {
        case onnxRuntime = "lib/libonnxruntime.so.1"
        case silero = "vad/silero_vad.onnx"
        case smartTurn = "turn/smart-turn-v3.2-cpu.onnx"
        case moonshineEncoder = "stt/encoder_model.onnx"
        case moonshineDecoder = "stt/decoder_model_merged.onnx"
        case moonshineTokens = "stt/tokens.txt"
        case llamaBridge = "lib/libvoice_llama.so"
        case llamaModel = "llm/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
    }

    package let directory: String
    private let llamaConfiguration: LlamaModel.Configuration
    private let runtime = Loaded<OnnxRuntime>()
    private let sileroModel = Loaded<SileroModel>()
    private let smartTurnModel = Loaded<SmartTurnModel>()
    private let moonshineModel = Loaded<MoonshineRecognizer>()
    private let fliteVoice = Loaded<FliteVoice>()
    private let llamaModel = Loaded<LlamaModel>()

    /// - Parameter directory: nil takes `defaultDirectory`.
    package init(directory: String? = nil, llama: LlamaModel.Configuration) {
        self.directory = directory ?? Self.defaultDirectory
        llamaConfiguration = llama
    }

    /// $VOICE_ENGINE_MODELS, or voice-engine/models in $XDG_CACHE_HOME or ~/.cache: as in scripts/models/fetch.sh.
    package static var defaultDirectory: String {
        if let own = environment("VOICE_ENGINE_MODELS") { return own }
        let cache = environment("XDG_CACHE_HOME") ?? (environment("HOME") ?? "") + "/.cache"
        return cache + "/voice-engine/models"
    }

    /// What keeps a part from working, as far as can be told without loading it. Blocks: looks at the file system.
    package func problem(with part: Part) -> LocalModelError? {
        let missing = files(of: part).filter { access(path(of: $0), R_OK) != 0 }
        guard missing.isEmpty else { return .missing(files: missing.map(\.rawValue), directory: directory) }
        guard part == .textToSpeech else { return nil }
        do throws(LocalModelError) {
            _ = try flite()
            return nil
        } catch { return error }
    }

    package func silero() throws(LocalModelError) -> SileroModel {
        try load(sileroModel, .voiceActivity) { () throws(LocalModelError) in
            try SileroModel(runtime: try self.onnxRuntime(), path: self.path(of: .silero))
        }
    }

    package func smartTurn() throws(LocalModelError) -> SmartTurnModel {
        try load(smartTurnModel, .endOfTurn) { () throws(LocalModelError) in
            try SmartTurnModel(runtime: try self.onnxRuntime(), path: self.path(of: .smartTurn))
        }
    }

    package func moonshine() throws(LocalModelError) -> MoonshineRecognizer {
        try load(moonshineModel, .speechToText) { () throws(LocalModelError) in
            try MoonshineRecognizer(
                runtime: try self.onnxRuntime(), encoder: self.path(of: .moonshineEncoder),
                decoder: self.path(of: .moonshineDecoder), tokens: try self.contents(of: .moonshineTokens))
        }
    }

    package func flite() throws(LocalModelError) -> FliteVoice {
        try fliteVoice.get { () throws(LocalModelError) in try FliteVoice() }
    }

    package func llama() throws(LocalModelError) -> LlamaModel {
        try load(llamaModel, .languageModel) { () throws(LocalModelError) in
            try LlamaModel(
                library: self.path(of: .llamaBridge), model: self.path(of: .llamaModel),
                configuration: self.llamaConfiguration)
        }
    }

    /// The language model if it is loaded. Threads: any. Blocks: no.
    package var loadedLlama: LlamaModel? { llamaModel.ifThere }

    /// Starts loading in the background.
    ///
    /// - Parameter report: Called on a thread of the pool for each part: nil when it is ready, or what is wrong.
    package func warmUp(
        _ parts: [Part], on pool: InferencePool, report: @escaping @Sendable (Part, LocalModelError?) -> Void
    ) {
        for part in parts {
            let lane: InferencePool.Lane =
                switch part {
                case .voiceActivity: .realtime
                case .endOfTurn: .turns
                case .speechToText, .textToSpeech: .speech
                case .languageModel: .language
                }
            do throws(InferenceRefusal) {
                try pool.submit(.loading, to: lane) { _ in report(part, self.loadingProblem(of: part)) }
            } catch { report(part, .unusable(error.description)) }
        }
    }

    // MARK: -

    private func loadingProblem(of part: Part) -> LocalModelError? {
        do throws(LocalModelError) {
            switch part {
            case .voiceActivity: _ = try silero()
            case .endOfTurn: _ = try smartTurn()
            case .speechToText: _ = try moonshine()
            case .textToSpeech: _ = try flite()
            case .languageModel: _ = try llama()
            }
            return nil
        } catch { return error }
    }

    private func onnxRuntime() throws(LocalModelError) -> OnnxRuntime {
        try runtime.get { () throws(LocalModelError) in try OnnxRuntime(library: self.path(of: .onnxRuntime)) }
    }

    private func load<Model: Sendable>(
        _ place: Loaded<Model>, _ part: Part, _ load: () throws(LocalModelError) -> Model
    ) throws(LocalModelError) -> Model {
        try place.get { () throws(LocalModelError) in
            if let problem = self.problem(with: part) { throw problem }
            return try load()
        }
    }

    private func files(of part: Part) -> [File] {
        switch part {
        case .voiceActivity: [.onnxRuntime, .silero]
        case .endOfTurn: [.onnxRuntime, .smartTurn]
        case .speechToText: [.onnxRuntime, .moonshineEncoder, .moonshineDecoder, .moonshineTokens]
        case .textToSpeech: []
        case .languageModel: [.llamaBridge, .llamaModel]
        }
    }

    private func path(of file: File) -> String { "\(directory)/\(file.rawValue)" }

    private func contents(of file: File) throws(LocalModelError) -> [UInt8] {
        guard let stream = fopen(path(of: file), "re") else {
            throw .missing(files: [file.rawValue], directory: directory)
        }
        defer { fclose(stream) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, stream)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }

    private static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}

/// A value that the first caller makes while the others wait for it.
private final class Loaded<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    /// Held while the value is made, so that `ifThere` never waits for that.
    private let making = Mutex<Void>(())

    var ifThere: Value? { value.withLock { $0 } }

    func get(_ make: () throws(LocalModelError) -> Value) throws(LocalModelError) -> Value {
        if let value = ifThere { return value }
        return try making.withLock { _ throws(LocalModelError) in
            if let value = ifThere { return value }
            let made = try make()
            value.withLock { $0 = made }
            return made
        }
    }
}
