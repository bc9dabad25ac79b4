/// How fast a voice speaks, measured on audio whose text is known. One value per call, handed from reply to reply: the
/// first segment of a reply is cut by what the earlier ones took.
///
/// Recent speech counts more: of what was measured before, at most `memory` letters are kept when more comes.
package struct SpeakingRate: Equatable, Sendable {
    /// [letters/s] Ordinary speech, until some has been measured.
    package static let usual = 15.0
    /// [letters] About 13 s of speech.
    private static let memory = 200.0

    private var samples = 0.0
    private var weight = 0.0

    package init() {}

    /// Samples that a letter takes at this rate of samples.
    func samplesPerWeight(sampleRate: Double) -> Double {
        weight > 0 && samples > 0 ? samples / weight : sampleRate / Self.usual
    }

    /// Text of this weight took so many samples.
    mutating func measured(samples: Int64, weight: Double) {
        guard samples > 0, weight > 0 else { return }
        keep(Self.memory)
        self.samples += Double(samples)
        self.weight += weight
    }

    /// Another voice may speak from now on: what was measured counts little.
    mutating func doubt() { keep(Self.memory / 10) }

    private mutating func keep(_ most: Double) {
        guard weight > most else { return }
        samples *= most / weight
        weight = most
    }
}
