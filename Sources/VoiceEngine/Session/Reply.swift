internal import VoiceEngineCore
internal import VoiceEngineProviders

/// One reply of the agent while it is under way: an answer of the language model, or a text that was given to say.
final class Reply {
    typealias Source = EndingStateMachine.Source

    let turn: TurnID
    let source: Source
    var isInterruptible: Bool
    /// Position of its first sample among all reply samples of the call.
    var start: Int64
    var machine: ReplyStateMachine
    var tools = ToolCallStateMachine()
    /// From the model's tokens to what is spoken.
    var text: ReplyText
    var heardText: HeardText
    private(set) var ahead = SpeechAhead()
    var protection = ProtectedSpans()
    /// What is spoken, as it was written.
    private var script = SpokenReply()
    var timeline = TurnTimeline()
    var generation: (any Generation)?
    var usage = TokenUsage()
    /// What the model wants to happen when the last sample has been heard.
    var wish = EndingStateMachine.Wish.listen
    /// Why it stays unfinished.
    var failure: EndingStateMachine.Failure?
    /// Its audio is a recording: no voice speaks.
    var isRecorded = false
    /// Segments of a reply that is held, after the first: they are spoken when it is released.
    var kept: [SpokenSegment] = []
    /// [bytes] What the model was asked with.
    var asked = 0
    /// What the model has written so far, and texts of the document among it.
    var written = ""
    /// Characters of it when the model was asked last.
    var writtenBefore = 0
    /// What the model wants said before the call ends, where it says nothing else.
    var goodbye = ""
    /// Pressed when the last sample was heard.
    var keys: Keys?

    struct Keys {
        let digits: String
        let call: ToolCall
    }

    /// - Parameter isHeld: It is not heard before it is released.
    init(
        turn: TurnID, source: Source, isInterruptible: Bool, isHeld: Bool = false, start: Int64, text: ReplyText,
        heardText: HeardText
    ) {
        machine = ReplyStateMachine(isHeld: isHeld)
        self.turn = turn
        self.source = source
        self.isInterruptible = isInterruptible
        self.start = start
        self.text = text
        self.heardText = heardText
    }

    /// A segment is about to be spoken.
    func speaks(_ segment: SpokenSegment, as index: Int) {
        heardText.append(segment: index, text: segment.spoken)
        script.append(segment)
        ahead.speaks(segment.spoken)
    }

    /// The text, as it was written, that the caller has heard when the replies were heard up to `position`.
    func heard(upTo position: Int64) -> String {
        script.original(heard: heardText.heard(upTo: max(position - start, 0)))
    }

    /// The text, as it was written, of which there is audio or is to be.
    var whole: String { script.original(heard: heardText.text) }
}
