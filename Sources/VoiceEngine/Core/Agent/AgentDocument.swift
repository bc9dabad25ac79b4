/// An agent as its JSON document describes it, validated. A value of this type holds nothing that a session must check.
///
/// `docs/agents.md` explains the keys, `docs/agent.schema.json` is the same for editors; the tests hold both against
/// this reader. Unknown keys, wrong types and values out of range are refused with the path of the key. The document
/// never holds a secret: `api_key_env` names an environment variable.
///
/// Texts may hold `{{name}}`, filled in for each call by `substituting`; `name`, `realtime`, `stt`, `llm`, `tts`,
/// `voices` and `variables` are taken as they are, so that an agent's providers can be made once.
package struct AgentDocument: Equatable, Sendable {
    /// [bytes] Largest document.
    package static let largest = 1 << 20

    /// What an agent does in a call.
    package enum Mode: String, CaseIterable, Sendable {
        case converse
        /// It writes down what is said and never answers; what the host lets it say is all it says.
        case listen
    }

    package var name: String
    package var mode: Mode
    /// BCP 47.
    package var language: String
    package var prompt: String
    /// What the call is for; nil: nothing that could be reached.
    package var goal: String?
    /// Said first; nil waits for the caller.
    package var greeting: String?
    package var greetingIsInterruptible: Bool
    /// One model that stands in for the three roles below.
    package var realtime: ProviderChoice?
    /// Each a chain: the first, then its fallbacks. Empty only when `realtime` is there, or, of one that listens, the
    /// model and the voice.
    package var speechToText: [ProviderChoice]
    package var languageModel: [ProviderChoice]
    package var textToSpeech: [ProviderChoice]
    /// Voices beside it, for nodes of the flow; in the order of the document.
    package var otherVoices: [OtherVoice]
    package var speech: SpeechPolicy
    package var turn: TurnPolicy
    package var audio: AudioPolicy
    package var manners: Manners
    package var voicemail: Voicemail
    package var dtmf: KeypadPolicy
    package var limits: Limits
    package var failover: FailoverPolicy
    package var tools: [Tool]
    package var builtInTools: BuiltInTools
    /// What a small model chooses from; nil: the model answers freely.
    package var flow: Flow?
    /// The stations of the call; nil: it has but one. Never beside `flow`.
    package var plan: FlowPlan?
    /// Values of variables that the host does not give.
    package var variables: [String: String]

    /// The document itself, kept to fill in variables.
    private let source: JSONValue

    /// Reads a document.
    package static func parse(_ bytes: [UInt8]) throws(AgentError) -> AgentDocument {
        let value: JSONValue
        do {
            value = try JSONValue.parse(bytes, limits: JSONLimits(depth: 64, size: largest))
        } catch {
            throw .syntax(error)
        }
        try AgentVariables.check(value)
        return try AgentDocument(value)
    }

    /// The document with `{{name}}` replaced by the host's values, or else by those of the section `variables`.
    ///
    /// - Throws: For a variable without a value, a text that grows too long, or a value with control characters.
    package func substituting(_ values: [String: String]) throws(AgentError) -> AgentDocument {
        let all = variables.merging(values) { _, hosts in hosts }
        return try AgentDocument(try AgentVariables.filled(source, with: all))
    }

    private init(_ value: JSONValue) throws(AgentError) {
        source = value
        var reader = try KeyedReader(value, path: "")
        _ = try reader.text("$schema")
        name = try reader.requiredText("name", .identifier)
        mode = try reader.choice("mode", default: .converse)
        if mode == .listen { try Self.refuseConversation(in: &reader) }
        language = try reader.text("language", .language) ?? "en-US"
        prompt = mode == .listen ? "" : try reader.requiredText("prompt", .text(200_000))
        let goal = try reader.text("goal", .textOrEmpty(4_000)) ?? ""
        self.goal = goal.isEmpty ? nil : goal
        let greeting = try reader.text("greeting", .textOrEmpty(2_000)) ?? ""
        self.greeting = greeting.isEmpty ? nil : greeting
        greetingIsInterruptible = try reader.bool("greeting_interruptible", default: true)
        realtime = try reader.value("realtime").map { value throws(AgentError) in
            try ProviderChoice(.realtime, value, path: "realtime")
        }
        let isRequired = realtime == nil
        let answers = isRequired && mode == .converse
        speechToText = try ProviderChoice.chain(.speechToText, from: &reader, isRequired: isRequired)
        languageModel = try ProviderChoice.chain(.languageModel, from: &reader, isRequired: answers)
        textToSpeech = try ProviderChoice.chain(.textToSpeech, from: &reader, isRequired: answers)
        otherVoices = try OtherVoice.list(from: &reader, isAlone: realtime == nil)
        speech = try SpeechPolicy(try reader.nested("speech"))
        turn = try TurnPolicy(try reader.nested("turn"))
        audio = try AudioPolicy(try reader.nested("audio"))
        manners = try Manners(try reader.nested("manners"), language: language, mode: mode)
        voicemail = try Voicemail(try reader.nested("voicemail"))
        dtmf = try KeypadPolicy(try reader.nested("dtmf"))
        limits = try Limits(try reader.nested("limits"))
        failover = try FailoverPolicy(try reader.nested("failover"))
        tools = try Tool.list("tools", from: &reader)
        builtInTools = try BuiltInTools(&reader, beside: tools)
        (flow, plan) = (nil, nil)
        if let value = reader.value("flow") {
            if FlowPlan.isDescribed(by: value) {
                plan = try FlowPlan(
                    value, path: "flow", voices: otherVoices.map(\.name), tools: tools, builtIn: builtInTools)
            } else {
                flow = try Flow(value, path: "flow")
            }
        }
        variables = [:]
        for (key, value) in try reader.textMembers("variables", keys: .variable, values: .textOrEmpty(4_096)) {
            variables[key] = value
        }
        try reader.finish()
    }

    /// What belongs to conversations alone would be taken for granted in vain.
    private static func refuseConversation(in reader: inout KeyedReader) throws(AgentError) {
        let conversation = [
            "realtime", "llm", "prompt", "goal", "greeting", "greeting_interruptible", "voices", "voicemail", "dtmf",
            "tools", "builtin_tools", "transfer_targets", "flow",
        ]
        for key in conversation {
            guard let value = reader.value(key) else { continue }
            throw reader.wrong(key, value, "nothing: an agent whose mode is \"listen\" does not answer")
        }
    }
}
