internal import VoiceEngineCore
internal import VoiceEngineProviders

/// One reply of the agent while it is under way: an answer of the language model, or a text that was given to say.
final class Reply {
    typealias Source = EndingStateMachine.Source

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
    var protection = ProtectedSpans()
    var timeline = TurnTimeline()
    var generation: (any Generation)?
    var usage = TokenUsage()
    /// What the model wants to happen when the last sample has been heard.
    var wish = EndingStateMachine.Wish.listen
    /// Why it stays unfinished.
    var failure: EndingStateMachine.Failure?
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
