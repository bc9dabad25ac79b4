internal import NIOCore
internal import VoiceEngineCore
package import VoiceEngineProviders

/// A language model: the same two sentences to everything, the first word after 120 ms, another one every 12 ms.
package struct ScriptedMind: LanguageModelProvider {
    package static let reply =
        "Certainly, we are open until six. Just tell me when you would like to come and see us."

    package let name = "scripted-mind"
    private let tokens: [String]

    package init() {
        tokens = Self.reply.split(separator: " ").enumerated().map {
            $0.offset == 0 ? "\($0.element)" : " \($0.element)"
        }
    }

    package func generate(
        _ request: ChatRequest, context: ProviderContext, sink: @escaping (LanguageModelEvent) -> Void
    ) -> any Generation { ScriptedAnswer(tokens, context.eventLoop, sink) }
}

/// One answer. Confined to the call's loop.
private final class ScriptedAnswer: Generation {
    private static let first = TimeAmount.milliseconds(120)
    private static let further = TimeAmount.milliseconds(12)

    private let tokens: [String]
    private let eventLoop: any EventLoop
    private var sink: ((LanguageModelEvent) -> Void)?
    private var next = 0

    init(_ tokens: [String], _ eventLoop: any EventLoop, _ sink: @escaping (LanguageModelEvent) -> Void) {
        self.tokens = tokens
        self.eventLoop = eventLoop
        self.sink = sink
        wait(Self.first)
    }

    func cancel() { sink = nil }

    private func wait(_ time: TimeAmount) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.assumeIsolated().scheduleTask(in: time) { bound.value.tell() }
    }

    private func tell() {
        guard let sink else { return }
        guard next < tokens.count else {
            self.sink = nil
            return sink(.finished(.stop, TokenUsage(prompt: 60, completion: tokens.count)))
        }
        next += 1
        wait(Self.further)
        sink(.text(tokens[next - 1]))
    }
}
