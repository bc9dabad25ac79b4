internal import VoiceEngineCore
internal import VoiceEngineProviders

extension Transcript {
    /// Blanks and punctuation alone are no words: recognisers write "." or "..." for noise, and nobody can answer that.
    var withoutBareMarks: Transcript {
        guard !text.isEmpty, Backchannel.words(in: text).isEmpty else { return self }
        var silent = self
        silent.text = ""
        return silent
    }
}
