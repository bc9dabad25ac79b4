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
        return (policy(filled), providers)
    }

    private func policy(_ filled: AgentDocument) -> SessionPolicy {
        var policy = SessionPolicy()
        policy.language = filled.language
        policy.prompt = filled.prompt
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
        policy.keypad = SessionKeypad(filled.dtmf)
        policy.historyMessages = filled.limits.historyMessages
        policy.toolTimeout = filled.limits.toolTimeout
        policy.failover = filled.failover
        policy.tools = filled.tools.map { tool in
            ToolSpecification(
                name: tool.name, description: tool.description, parameters: JSONValue.object(tool.parameters).text)
        }
        return policy
    }

    /// Who speaks: the first voice of the chain, or the model itself.
    private var voice: AgentDocument.SpeechPolicy.Voice {
        if document.realtime != nil { return .model }
        return providers.textToSpeech.links.first?.provider is LocalTTS ? .local : .network
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
    }
}

extension SessionKeypad {
    fileprivate init(_ keypad: AgentDocument.KeypadPolicy) {
        self.init()
        isEnabled = keypad.isEnabled
        endKey = keypad.endKey
        gap = keypad.gap
        mostDigits = keypad.mostDigits
    }
}
