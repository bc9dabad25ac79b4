internal import VoiceEngineCore
internal import VoiceEngineProviders

/// What a language model reported, as text.
final class LanguageModelLog {
    private var entries: [String] = []
    private(set) var lastError: ProviderError?
    /// Called with each event, after it was noted.
    var onEvent: (LanguageModelEvent) -> Void = { _ in }

    func sink(_ event: LanguageModelEvent) {
        defer { onEvent(event) }
        switch event {
        case .text(let text): entries.append("text '\(text)'")
        case .toolCall(let call): entries.append("call \(call.id) \(call.name) \(call.arguments)")
        case .finished(let reason, let usage):
            let cached = usage.cached == 0 ? "" : " (\(usage.cached) cached)"
            entries.append("finished \(reason) \(usage.prompt)+\(usage.completion)\(cached)")
        case .failed(let error):
            lastError = error
            entries.append("failed \(error.kind.rawValue): \(error.detail)")
        }
    }

    func take() -> [String] {
        defer { entries = [] }
        return entries
    }
}
