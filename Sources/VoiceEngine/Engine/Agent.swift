internal import VoiceEngineCore
internal import VoiceEngineLocal
internal import VoiceEngineProviders
internal import VoiceEngineSession

/// An agent that calls can be made to: its document and the providers made for it.
struct Agent: Sendable {
    let document: AgentDocument
    let providers: SessionProviders
    let tools: HTTPToolKit

    var name: String { document.name }

    static func document(_ json: [UInt8]) throws(VoiceError) -> AgentDocument {
        do {
            return try AgentDocument.parse(json)
        } catch {
            throw VoiceError(.badConfiguration, "\(error)")
        }
    }

    /// How the agent behaves in one call, and with what.
    /// - Parameter variables: Values for `{{name}}`; those of the document are the defaults.
    func prepared(
        with variables: [String: String]
    ) throws(VoiceError) -> (policy: SessionPolicy, providers: SessionProviders) {
        var filled: AgentDocument
        do {
            filled = try document.substituting(variables)
        } catch {
            throw VoiceError(.badConfiguration, "\(error)")
        }
        // Who places a call with a goal means it, also with a document that foresees none.
        if filled.goal == nil, variables["direction"] == "outbound", let goal = variables["goal"], !goal.isEmpty {
            filled.goal = goal
        }
        var providers = providers
        do throws(ProviderSetupError) {
            providers.toolRunner = try tools.runner(for: filled.tools)
        } catch {
            throw VoiceError(.badConfiguration, "\(error)")
        }
        providers.languageModel = providers.languageModel.mapProviders { provider in
            (provider as? LocalLLM)?.with(flow: filled.flow.map { LocalFlow($0) }) ?? provider
        }
        var policy = self.policy(filled)
        // Whoever calls us is no answering machine. The carriers that know the direction tell it.
        if variables["direction"] == "inbound" { policy.voicemail = nil }
        return (policy, providers)
    }

    /// What every call says, as far as it is known before the call: to be recorded.
    var standingTexts: [ClipScript] {
        let filled = (try? document.substituting([:])) ?? document
        let policy = self.policy(filled)
        let fillers = policy.manners.fillerAfter == nil ? [] : policy.manners.fillers
        return ([policy.greeting].compactMap { $0 } + fillers).filter { !$0.contains("{{") }
            .map { ClipScript($0, policy: policy) }
    }

    private func policy(_ filled: AgentDocument) -> SessionPolicy {
        var policy = SessionPolicy()
        policy.isMute = filled.textToSpeech.isEmpty && filled.realtime == nil
        policy.language = filled.language
        policy.prompt = filled.prompt + (filled.goal.map { "\n\n" + CallGoal.instruction($0) } ?? "")
        policy.normalizer = SpeechNormalizer(
            language: filled.language, level: filled.speech.level(for: voice), dictionary: filled.speech.pronunciations)
        policy.greeting = filled.greeting
        policy.greetingIsInterruptible = filled.greetingIsInterruptible
        policy.endpoint = filled.turn.endpoint
        policy.bargeIn = filled.turn.bargeIn
        policy.speculation = filled.turn.speculation
        policy.overlap.minimumWords = filled.turn.minimumWords
        policy.overlap.backchannels = filled.turn.backchannels
        policy.overlap.always = filled.turn.always
        policy.protected = ProtectedTexts(filled.turn.protected)
        policy.manners = SessionManners(filled.manners)
        policy.voicemail = SessionVoicemail(filled.voicemail)
        policy.comfortNoise = filled.audio.comfortNoise
        policy.keypad = SessionKeypad(filled.dtmf)
        policy.historyMessages = filled.limits.historyMessages
        policy.toolTimeout = filled.limits.toolTimeout
        policy.failover = filled.failover
        policy.tools = filled.tools.map { tool in
            ToolSpecification(
                name: tool.name, description: tool.description, parameters: JSONValue.object(tool.parameters).text)
        }
        policy.builtInTools = filled.builtInTools
        for case .transfer(let target) in filled.flow?.intents.map(\.ending) ?? [] {
            policy.builtInTools.flowTargets.insert(target)
        }
        let goalReached = BuiltInTools.Tool.goalReached
        if filled.goal != nil, !policy.tools.contains(where: { $0.name == goalReached.rawValue }) {
            policy.builtInTools.tools.append(goalReached)
        }
        // A model that speaks itself is not interrupted by another voice within its own reply.
        let speaksItself = filled.realtime != nil
        for tool in filled.tools {
            policy.toolManners[tool.name] = ToolManners(tool, limits: filled.limits, isSilent: speaksItself)
        }
        policy.flow = speaksItself ? filled.plan?.toldToTheModel : filled.plan
        if policy.greeting == nil, let start = filled.plan?[filled.plan?.start ?? ""], let say = start.say {
            policy.greeting = say
            policy.greetingIsInterruptible = start.isInterruptible
        }
        if filled.mode == .listen { policy.onlyListen() }
        return policy
    }

    /// Who speaks: the first voice of the chain, or the model itself.
    private var voice: AgentDocument.SpeechPolicy.Voice {
        if document.realtime != nil { return .model }
        return providers.textToSpeech.links.first?.provider is LocalTTS ? .local : .network
    }
}

/// What the model is told of the goal of a call.
private enum CallGoal {
    static func instruction(_ goal: String) -> String {
        "The goal of this call: \(goal)\nWork towards it. Once it is reached, or certainly cannot be reached, say "
            + "goodbye and call goal_reached with the outcome."
    }
}

extension ToolManners {
    /// A service that has not answered in its own time is given up a moment later.
    private static var slack: Nanoseconds { .seconds(1) }

    fileprivate init(_ tool: AgentDocument.Tool, limits: AgentDocument.Limits, isSilent: Bool) {
        let say = isSilent ? [] : tool.say
        let terms = ToolTerms(
            patience: tool.http.map { $0.timeout + Self.slack } ?? limits.toolTimeout,
            sayAfter: say.isEmpty ? nil : tool.sayAfter, survivesInterruption: tool.onInterrupt == .finish)
        self.init(terms: terms, say: say)
    }
}

extension FlowPlan {
    /// For a model that speaks itself: what the nodes say becomes part of what it is told.
    fileprivate var toldToTheModel: FlowPlan {
        FlowPlan(
            start: start,
            nodes: nodes.map { node in
                var node = node
                if let say = node.say {
                    node.prompt = (node.prompt.map { $0 + "\n\n" } ?? "") + "Begin by saying exactly this: \(say)"
                    node.say = nil
                }
                return node
            })
    }
}

extension SessionVoicemail {
    fileprivate init?(_ voicemail: AgentDocument.Voicemail) {
        guard voicemail.isDetected || voicemail.isGiven else { return nil }
        self.init()
        machine.listens = voicemail.isDetected
        machine.course = voicemail.course
        message = voicemail.message ?? ""
    }
}

extension SessionManners {
    fileprivate init(_ manners: AgentDocument.Manners) {
        self.init()
        checkInAfter = manners.checkInAfter
        checkIn = manners.checkIn
        hangUpAfterCheckIns = manners.hangUpAfterCheckIns
        longestCall = manners.longestCall
        onFailure = manners.onFailure
        callWarningBefore = manners.callWarningBefore
        callWarning = manners.callWarning
        goodbye = manners.goodbye
        fillerAfter = manners.fillers.after
        fillers = manners.fillers.texts
    }
}

extension SessionKeypad {
    fileprivate init(_ keypad: AgentDocument.KeypadPolicy) {
        self.init()
        isEnabled = keypad.isEnabled
        endKey = keypad.endKey
        gap = keypad.gap
        mostDigits = keypad.mostDigits
        delivery = keypad.delivery
        interrupts = keypad.interrupts
    }
}
