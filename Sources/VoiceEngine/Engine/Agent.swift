internal import VoiceEngineCore
internal import VoiceEngineLocal
internal import VoiceEngineProviders
internal import VoiceEngineSession

/// An agent that calls can be made to: its document and the providers made for it.
struct Agent: Sendable {
    let document: AgentDocument
    let providers: SessionProviders

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
        let filled: AgentDocument
        do {
            filled = try document.substituting(variables)
        } catch {
            throw VoiceError(.badConfiguration, "\(error)")
        }
        var providers = providers
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
        policy.language = filled.language
        policy.prompt = filled.prompt + (filled.goal.map { "\n\n" + CallGoal.instruction($0) } ?? "")
        policy.normalizer = SpeechNormalizer(
            language: filled.language, level: filled.speech.level(for: voice), dictionary: filled.speech.pronunciations)
        policy.greeting = filled.greeting
        policy.greetingIsInterruptible = filled.greetingIsInterruptible
        policy.endpoint = filled.turn.endpoint
        policy.bargeIn = filled.turn.bargeIn
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
        if filled.goal != nil, !policy.tools.contains(where: { $0.name == CallGoal.tool.name }) {
            policy.tools.append(CallGoal.tool)
        }
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
    static let tool = ToolSpecification(
        name: "goal_reached",
        description: "Ends the call. Call it once the goal of the call is reached, or certainly cannot be reached, "
            + "after saying goodbye.",
        parameters: #"{"type":"object","properties":{"outcome":{"type":"string","description":"What came of the call, "#
            + #"in one sentence."}},"required":["outcome"]}"#)

    static func instruction(_ goal: String) -> String {
        "The goal of this call: \(goal)\nWork towards it. Once it is reached, or certainly cannot be reached, say "
            + "goodbye and call goal_reached with the outcome."
    }
}

extension SessionVoicemail {
    fileprivate init?(_ voicemail: AgentDocument.Voicemail) {
        guard voicemail.isDetected else { return nil }
        self.init()
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
