internal import NIOCore
package import VoiceEngineCore
package import VoiceEngineNet

/// The tools of an agent that web services carry out. Made for each call, because addresses may hold variables.
package struct HTTPToolRunner: ToolRunner {
    private let tools: [String: HTTPTool]
    private let network: NetworkClient

    package init(_ tools: [HTTPTool], network: NetworkClient) {
        self.tools = Dictionary(tools.map { ($0.name, $0) }) { first, _ in first }
        self.network = network
    }

    package func run(
        _ call: ToolCall, context: ProviderContext, sink: @escaping (String) -> Void
    ) -> (any ToolRun)? {
        guard let tool = tools[call.name] else { return nil }
        let run = HTTPToolRun(tool, context: context, sink: sink)
        run.start(call.arguments, over: network)
        return run
    }
}

/// What an agent's tools need that is not in its document: the secrets, read once.
package struct HTTPToolKit: Sendable {
    private let secrets: [String: Secret]
    private let network: NetworkClient

    /// - Throws: For an environment variable that is not set, with the key that names it.
    package init(
        _ tools: [AgentDocument.Tool], environment: (String) -> String?, network: NetworkClient
    ) throws(ProviderSetupError) {
        var secrets: [String: Secret] = [:]
        for (index, tool) in tools.enumerated() {
            for (key, variable) in tool.http?.environment ?? [] {
                let path = "tools[\(index)].http.\(key)"
                secrets[variable] = try Self.secret(environment(variable), variable, path)
            }
        }
        self.secrets = secrets
        self.network = network
    }

    private static func secret(
        _ value: String?, _ variable: String, _ path: String
    ) throws(ProviderSetupError) -> Secret {
        var text = Substring(value ?? "")
        while text.first?.isWhitespace ?? false { text.removeFirst() }
        while text.last?.isWhitespace ?? false { text.removeLast() }
        guard !text.isEmpty else {
            throw ProviderSetupError(path: path, detail: "the environment variable \(variable) is not set")
        }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
            throw ProviderSetupError(
                path: path, detail: "the environment variable \(variable) holds what no header can carry")
        }
        return Secret(String(text))
    }

    /// - Parameter tools: With the call's variables filled in.
    /// - Returns: nil when all of them are the host's.
    /// - Throws: For an address that is none.
    package func runner(for tools: [AgentDocument.Tool]) throws(ProviderSetupError) -> HTTPToolRunner? {
        var made: [HTTPTool] = []
        for (index, tool) in tools.enumerated() {
            guard let tool = HTTPTool(tool, secrets: secrets) else { continue }
            do {
                try tool.checkAddress()
            } catch {
                throw ProviderSetupError(path: "tools[\(index)].http.url", detail: error.description)
            }
            made.append(tool)
        }
        return made.isEmpty ? nil : HTTPToolRunner(made, network: network)
    }
}

/// One request to a web service, from the arguments to the result.
///
/// It keeps itself alive until it is over, at the latest when its time is up.
///
/// - Important: Confined to the call's event loop.
private final class HTTPToolRun: ToolRun {
    private enum State {
        case asked
        case answering(HTTPToolAnswer)
        case over
    }

    private let tool: HTTPTool
    private let context: ProviderContext
    private var sink: ((String) -> Void)?
    private var state = State.asked
    private var stream: HTTPStream?
    private var timer: Scheduled<Void>?
    private let began: NIODeadline

    init(_ tool: HTTPTool, context: ProviderContext, sink: @escaping (String) -> Void) {
        self.tool = tool
        self.context = context
        self.sink = sink
        began = context.eventLoop.now
    }

    func start(_ arguments: String, over network: NetworkClient) {
        let loop = context.eventLoop
        let request: HTTPRequest
        do throws(HTTPTool.Problem) {
            request = try tool.request(for: arguments)
        } catch {
            // Later: the caller has not returned yet.
            return loop.assumeIsolated().execute {
                self.finish(HTTPToolAnswer.failure(error.description), log: "its arguments are wrong")
            }
        }
        let patience = TimeAmount.nanoseconds(tool.timeout.rawValue)
        timer = loop.assumeIsolated().scheduleTask(in: patience) {
            self.finish(HTTPToolAnswer.failure("the service did not answer in time"), log: "no answer in time")
        }
        let timeouts = RequestTimeouts(connect: min(.seconds(3), patience), firstByte: patience, idle: patience)
        stream = network.send(request, on: loop, timeouts: timeouts) { self.received($0) }
    }

    func cancel() {
        sink = nil
        finish("", log: "stopped")
    }

    private func received(_ event: HTTPStream.Event) {
        switch (event, state) {
        case (.head(let head), .asked): state = .answering(HTTPToolAnswer(status: head.status))
        case (.body(let bytes), .answering(var answer)):
            let wantsMore = answer.append(bytes.readableBytesView)
            state = .answering(answer)
            if !wantsMore { finish(answer) }
        case (.end, .answering(let answer)):
            stream = nil
            finish(answer)
        case (.failed(let error), .asked), (.failed(let error), .answering):
            stream = nil
            let why = tool.redacted(error.description)
            finish(HTTPToolAnswer.failure("the service cannot be reached: \(why)"), log: why)
        case (_, .over), (.head, _), (.body, .asked), (.end, .asked): break
        }
    }

    private func finish(_ answer: HTTPToolAnswer) {
        finish(tool.redacted(answer.result), log: "status \(answer.status)")
    }

    private func finish(_ result: String, log: String) {
        if case .over = state { return }
        state = .over
        timer?.cancel()
        timer = nil
        stream?.cancel()
        stream = nil
        let time = (context.eventLoop.now - began).nanoseconds / 1_000_000
        context.log(.info, "\(context.callID): tool \(tool.name): \(log), \(time) ms")
        let sink = sink
        self.sink = nil
        sink?(result)
    }
}
