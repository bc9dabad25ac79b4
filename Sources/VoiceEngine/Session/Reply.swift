internal import VoiceEngineCore
internal import VoiceEngineProviders

/// One reply of the agent while it is under way: an answer of the language model, or a text that was given to say.
final class Reply {
    enum Source: Equatable {
        /// The model answers the caller.
        case answer
        /// Greeting, `say`, check-in.
        case script
        /// The sentence for failures, spoken by a voice.
        case apology
        /// The same, recorded.
        case clip
    }

    /// What happens when the last sample has been heard.
    enum Ending: Equatable {
        case listen
        case hangUp(reason: String)
        case transfer(to: String)
        /// It stayed unfinished because its model or voice failed.
        case apologise
    }

    let turn: TurnID
    let source: Source
    let isInterruptible: Bool
    /// Position of its first sample among all reply samples of the call.
    let start: Int64
    var machine = ReplyStateMachine()
    var tools = ToolCallStateMachine()
    var segmenter: TextSegmenter
    var speakable = SpeakableText()
    var heardText: HeardText
    var timeline = TurnTimeline()
    var generation: (any Generation)?
    var usage = TokenUsage()
    var ending = Ending.listen
    /// No voice is left to speak with.
    var isVoiceless = false
    /// What the model has written so far.
    var written = ""

    init(turn: TurnID, source: Source, isInterruptible: Bool, start: Int64, language: String, sampleRate: Int) {
        self.turn = turn
        self.source = source
        self.isInterruptible = isInterruptible
        self.start = start
        segmenter = TextSegmenter(language: language)
        heardText = HeardText(sampleRate: sampleRate)
    }

    /// The text that the caller has heard when the replies were heard up to `position`.
    func heard(upTo position: Int64) -> String { heardText.heard(upTo: max(position - start, 0)) }
}
