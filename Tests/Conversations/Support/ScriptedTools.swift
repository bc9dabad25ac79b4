import NIOCore
import NIOEmbedded
import VoiceEngineCore
import VoiceEngineProviders

/// Tools that answer by the script, in virtual time. Confined to the one loop of its test.
final class ScriptedTools: ToolRunner, @unchecked Sendable {
    struct Script {
        /// [ms] nil never answers.
        var after: Int64?
        var result: String

        init(after: Int64?, _ result: String = "{}") { (self.after, self.result) = (after, result) }
    }

    final class Run: ToolRun {
        weak var tools: ScriptedTools?
        let name: String
        var isOver = false

        init(_ name: String, of tools: ScriptedTools) { (self.name, self.tools) = (name, tools) }

        func cancel() {
            guard !isOver else { return }
            isOver = true
            tools?.cancelled.append(name)
        }
    }

    /// By name; tools without a script are the host's.
    var scripts: [String: Script]
    /// `TIME name arguments` of every start.
    var started: [String] = []
    var cancelled: [String] = []
    var answered: [String] = []

    init(_ scripts: [String: Script]) { self.scripts = scripts }

    func run(
        _ call: ToolCall, context: ProviderContext, sink: @escaping (String) -> Void
    ) -> (any ToolRun)? {
        guard let script = scripts[call.name] else { return nil }
        let loop = context.eventLoop
        started.append("\(loop.milliseconds) \(call.name) \(call.arguments)")
        let run = Run(call.name, of: self)
        if let after = script.after {
            loop.schedule(at: loop.milliseconds + after) { [weak self] in
                guard !run.isOver else { return }
                run.isOver = true
                self?.answered.append(call.name)
                sink(script.result)
            }
        }
        return run
    }
}

extension ScriptedAnswer {
    /// Several calls in one answer.
    static func tools(_ calls: [(name: String, arguments: String)], saying text: String = "") -> Self {
        ScriptedAnswer(
            text: text,
            end: .tools(
                calls.enumerated().map { ToolCall(id: "call-\($0 + 1)", name: $1.name, arguments: $1.arguments) }))
    }
}
