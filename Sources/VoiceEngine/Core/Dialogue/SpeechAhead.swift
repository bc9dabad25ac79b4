/// How much of a reply the caller has still to hear at least, by its text, and by that how urgent the model's next words
/// are. Pure.
///
/// A model sends each word for itself, and each costs an awakening. Until the first sentences are spoken, what follows
/// them is read a few words at a time, and its speech is asked for early enough all the same.
package struct SpeechAhead: Equatable, Sendable {
    /// A character of speech takes at least so long: 25 in a second are half as many again as of a quick speaker.
    static let quickest = Nanoseconds.milliseconds(40)
    /// With less ahead the next words are urgent: a voice has to be asked for them, and to begin.
    static let enough = Nanoseconds.seconds(1)
    /// A tool that the model calls behind its words is called so much later at most.
    static let rest = Nanoseconds.milliseconds(40)

    private var characters = 0

    package init() {}

    /// This text was given to a voice.
    package mutating func speaks(_ text: String) { characters += text.count }

    /// - Parameter heard: Of the reply's audio.
    /// - Returns: How long nothing more has to be read of the model; nil: its next words are urgent.
    package func rest(heard: Nanoseconds) -> Nanoseconds? {
        Self.quickest * Int64(characters) - heard >= Self.enough ? Self.rest : nil
    }
}
