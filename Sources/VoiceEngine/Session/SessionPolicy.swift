package import VoiceEngineCore
package import VoiceEngineProviders

/// How an agent behaves in a call: what a session needs of the agent document, with the call's variables filled in.
package struct SessionPolicy: Sendable {
    /// BCP 47, such as "en-US".
    package var language = "en-US"
    /// Turns are written down and not answered.
    package private(set) var onlyListens = false
    /// Nothing can be said, for want of a voice.
    package var isMute = false
    package var prompt = ""
    /// Puts into words what the voice would misread.
    package var normalizer = SpeechNormalizer(language: "en-US", level: .off)
    /// Said first; nil waits for the caller.
    package var greeting: String?
    package var greetingIsInterruptible = true
    package var endpoint = EndpointPolicy()
    package var bargeIn = BargeInPolicy()
    /// A session's own default waits for the commit; documents do not.
    package var speculation = SpeculationPolicy(isEnabled: false)
    package var overlap = OverlapVocabulary()
    /// What is heard to its end, whatever the caller says meanwhile.
    package var protected = ProtectedTexts()
    package var manners = SessionManners()
    /// nil: nothing becomes of an answering machine, but that the host is told what the carrier says.
    package var voicemail: SessionVoicemail?
    /// [dBFS] Noise in place of silence; nil: none.
    package var comfortNoise: Int?
    package var keypad = SessionKeypad()
    /// Messages of the conversation that the model is given; older ones are left out.
    package var historyMessages = 100
    package var tools: [ToolSpecification] = []
    package var builtInTools = BuiltInTools()
    /// By tool; nil: as the host's tools are treated.
    package var toolManners: [String: ToolManners] = [:]
    /// The stations of the call; nil: it has but one.
    package var flow: FlowPlan?
    /// How long the host has to answer a tool call.
    package var toolTimeout = Nanoseconds.seconds(15)
    package var failover = FailoverPolicy()

    package init() {}

    /// Turns are written down; said is only what the host asks for, and that to its end: who is heard is not addressed.
    package mutating func onlyListen() {
        onlyListens = true
        greeting = nil
        voicemail = nil
        flow = nil
        bargeIn.isEnabled = false
        speculation.isEnabled = false
        manners.checkInAfter = nil
        manners.callWarningBefore = nil
        manners.goodbye = nil
        manners.onFailure = nil
        manners.fillerAfter = nil
        keypad.isEnabled = false
    }
}

/// What an agent does when nothing happens, or things fail.
package struct SessionManners: Sendable {
    /// Silence after which the caller is asked; nil never asks.
    package var checkInAfter: Nanoseconds?
    package var checkIn = "Are you still there?"
    /// The call ends when so many check-ins in a row were not answered; 0 never ends it.
    package var hangUpAfterCheckIns = 2
    package var longestCall = Nanoseconds.seconds(1_800)
    /// So long before the end of the longest call the caller is warned; nil: not at all.
    package var callWarningBefore: Nanoseconds?
    package var callWarning = ""
    /// Said before the agent hangs up on a silent caller, or after the longest call; nil: nothing.
    package var goodbye: String?
    /// Said when an answer is slow to come, so long after the caller's turn; nil: never.
    package var fillerAfter: Nanoseconds?
    package var fillers: [String] = []
    /// Said when no reply can be made; nil says nothing.
    package var onFailure: String? = "I am sorry, I am having trouble right now."

    package init() {}
}

/// What becomes of digits that the caller keys in: they are collected, and are then a turn of the caller.
package struct SessionKeypad: Sendable {
    package var isEnabled = true
    /// Ends the number and is no part of it; nil: only the gap ends it.
    package var endKey: Character? = "#"
    /// Pause after which a number is complete.
    package var gap = Nanoseconds.milliseconds(2_000)
    package var mostDigits = 32
    package var delivery = KeypadDelivery.text
    package var interrupts = KeypadInterruption.any

    package init() {}
}

/// What an outgoing call does with an answering machine.
package struct SessionVoicemail: Sendable {
    package var machine = VoicemailStateMachine.Policy()
    package var message = ""

    package init() {}

    /// The carrier may say that a machine has answered; the conversation goes on.
    package static var onlyTold: SessionVoicemail {
        var voicemail = SessionVoicemail()
        voicemail.machine.listens = false
        voicemail.machine.course = .goOn
        return voicemail
    }
}

/// The words that weigh nothing, or everything, when spoken over the agent.
package struct OverlapVocabulary: Sendable {
    /// So many words that are no backchannel interrupt while they are being spoken.
    package var minimumWords = 2
    /// In addition to the language's own list.
    package var backchannels: [String] = []
    /// Phrases that interrupt at once, in addition to the language's own list.
    package var always: [String] = []

    package init() {}

    package func weigh(_ text: String, language: String) -> OverlapWords {
        let words = Backchannel.words(in: text)
        guard !words.isEmpty else { return .nothing }
        if Backchannel.alwaysInterrupts(words: words, language: language, extra: always) { return .interruption }
        if Backchannel.isBackchannel(words: words, language: language, extra: backchannels) { return .backchannel }
        return words.count >= minimumWords ? .interruption : .few
    }
}

/// A voice that speaks in calls.
package struct SessionVoice: Sendable {
    package var chain: ProviderChain<any TextToSpeechProvider>
    /// What it says over and over; nil: everything is spoken live.
    package var clips: VoiceClips?

    package init(_ chain: ProviderChain<any TextToSpeechProvider>, clips: VoiceClips? = nil) {
        self.chain = chain
        self.clips = clips
    }
}

/// The providers of one call.
package struct SessionProviders: Sendable {
    package var speechToText: ProviderChain<any SpeechToTextProvider>
    package var languageModel: ProviderChain<any LanguageModelProvider>
    package var textToSpeech: ProviderChain<any TextToSpeechProvider>
    /// Voices beside the agent's own, by the names that the nodes of its flow give them.
    package var otherVoices: [String: SessionVoice] = [:]
    /// nil: the session's own detector.
    package var voiceActivity: (any VoiceActivityProvider)?
    /// nil: pauses are judged by their length and their words alone.
    package var endOfTurn: (any EndOfTurnProvider)?
    /// Played when no voice is left; nil: silence.
    package var apology: VoiceClip?
    /// What the agent says over and over; nil: everything is spoken live.
    package var clips: VoiceClips?
    /// Carries out the tools that are not the host's; nil: all are.
    package var toolRunner: (any ToolRunner)?
    /// 0..<1, for the jitter of back-offs; a test's own.
    package var random: @Sendable () -> Double = { .random(in: 0..<1) }

    /// The voice of a node of the flow.
    /// - Parameter name: nil: the agent's own.
    package func voice(_ name: String?) -> SessionVoice {
        name.flatMap { otherVoices[$0] } ?? SessionVoice(textToSpeech, clips: clips)
    }

    package init(
        speechToText: ProviderChain<any SpeechToTextProvider>,
        languageModel: ProviderChain<any LanguageModelProvider>,
        textToSpeech: ProviderChain<any TextToSpeechProvider>,
        voiceActivity: (any VoiceActivityProvider)? = nil, apology: VoiceClip? = nil
    ) {
        self.speechToText = speechToText
        self.languageModel = languageModel
        self.textToSpeech = textToSpeech
        self.voiceActivity = voiceActivity
        self.apology = apology
    }

    /// One provider for each role.
    package init(
        speechToText: any SpeechToTextProvider, languageModel: any LanguageModelProvider,
        textToSpeech: any TextToSpeechProvider, voiceActivity: (any VoiceActivityProvider)? = nil
    ) {
        self.init(
            speechToText: ProviderChain(
                ProviderLink(
                    speechToText, health: ProviderHealth(role: .speechToText, provider: speechToText.name))),
            languageModel: ProviderChain(
                ProviderLink(
                    languageModel, health: ProviderHealth(role: .languageModel, provider: languageModel.name))),
            textToSpeech: ProviderChain(
                ProviderLink(
                    textToSpeech, health: ProviderHealth(role: .textToSpeech, provider: textToSpeech.name))),
            voiceActivity: voiceActivity)
    }
}
