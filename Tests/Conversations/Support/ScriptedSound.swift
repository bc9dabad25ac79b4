import NIOCore
import VoiceEngineCore
import VoiceEngineProviders

/// Judges the sound of pauses by the script, `time` after it was asked; the last answer holds for all that follow.
final class ScriptedSound: EndOfTurnProvider, @unchecked Sendable {
    final class Stream: EndOfTurnStream {
        let provider: ScriptedSound
        let loop: any EventLoop
        var sink: ((Int, Float) -> Void)?

        init(_ provider: ScriptedSound, _ loop: any EventLoop, _ sink: @escaping (Int, Float) -> Void) {
            (self.provider, self.loop, self.sink) = (provider, loop, sink)
        }

        func judge(_ sound: UnsafeBufferPointer<Int16>, question: Int) {
            provider.lengths.append(sound.count)
            let answer = provider.answers[min(provider.lengths.count, provider.answers.count) - 1]
            loop.schedule(at: loop.milliseconds + provider.time) { [weak self] in self?.sink?(question, answer) }
        }

        func close() { sink = nil }
    }

    let name = "sound"
    let seconds = 8
    let time: Int64
    let answers: [Float]
    /// [samples] of what was asked about.
    var lengths: [Int] = []

    init(answers: [Float], time: Int64 = 60) { (self.answers, self.time) = (answers, time) }

    func open(
        _ context: ProviderContext, sink: @escaping (Int, Float) -> Void
    ) -> any EndOfTurnStream { Stream(self, context.eventLoop, sink) }
}
