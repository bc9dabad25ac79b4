import Testing

@testable import VoiceEngineCore

@Suite struct FillerStateMachineTests {
    private static func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

    private func machine(count: Int = 3, after: Int64 = 1_200) -> FillerStateMachine {
        FillerStateMachine(after: .milliseconds(after), count: count)
    }

    /// An answer that is late.
    private func late(_ machine: inout FillerStateMachine, at time: Int64, ready: Set<Int> = [0, 1, 2])
        -> FillerStateMachine.Action
    {
        _ = machine.answerBegan(at: Self.at(time))
        return machine.timerFired(at: Self.at(time + 1_200)) { ready.contains($0) }
    }

    @Test func isPlayedWhenTheAnswerIsLate() {
        var machine = machine()
        #expect(machine.answerBegan(at: Self.at(1_000)) == .wait(until: Self.at(2_200)))
        #expect(machine.timerFired(at: Self.at(2_100)) { _ in true } == .wait(until: Self.at(2_200)))
        #expect(machine.timerFired(at: Self.at(2_200)) { _ in true } == .play(0))
        #expect(machine.timerFired(at: Self.at(2_300)) { _ in true } == .none)
    }

    @Test func isNotPlayedWhenTheAnswerIsThere() {
        var machine = machine()
        _ = machine.answerBegan(at: Self.at(1_000))
        machine.answerSounds()
        #expect(machine.timerFired(at: Self.at(2_200)) { _ in true } == .none)
        _ = machine.answerBegan(at: Self.at(3_000))
        machine.answerEnded(wasHeard: false)
        #expect(machine.timerFired(at: Self.at(4_200)) { _ in true } == .none)
    }

    @Test func textThatIsBeingSpokenIsWaitedFor() {
        var machine = machine()
        _ = machine.answerBegan(at: Self.at(1_000))
        #expect(machine.speechRequested(at: Self.at(1_100)) == .none, "in good time")
        #expect(machine.speechRequested(at: Self.at(2_100)) == .wait(until: Self.at(2_800)))
        #expect(machine.timerFired(at: Self.at(2_800)) { _ in true } == .play(0), "the voice is slow too")
        #expect(machine.speechRequested(at: Self.at(2_900)) == .none)
    }

    @Test func neverTheSameTwiceRunning() {
        var machine = machine()
        var played: [FillerStateMachine.Action] = []
        for turn in 0..<4 as Range<Int64> {
            played.append(late(&machine, at: turn * 10_000))
            machine.answerEnded(wasHeard: true)
        }
        #expect(played == [.play(0), .play(1), .play(2), .play(0)])
        var single = self.machine(count: 1)
        #expect(late(&single, at: 0) == .play(0))
        single.answerEnded(wasHeard: true)
        #expect(late(&single, at: 10_000) == .none)
        single.answerEnded(wasHeard: true)
        #expect(late(&single, at: 20_000) == .play(0), "an answer lies between")
    }

    @Test func neverTwoWithoutAnAnswerBetween() {
        var machine = machine()
        #expect(late(&machine, at: 0) == .play(0))
        machine.answerEnded(wasHeard: false)
        #expect(machine.answerBegan(at: Self.at(2_000)) == .none)
        #expect(machine.timerFired(at: Self.at(3_200)) { _ in true } == .none)
        machine.answerSounds()
        machine.answerEnded(wasHeard: true)
        #expect(late(&machine, at: 9_000) == .play(1))
    }

    @Test func onlyWhatIsReadyIsPlayed() {
        var machine = machine()
        #expect(late(&machine, at: 0, ready: [2]) == .play(2))
        machine.answerEnded(wasHeard: true)
        #expect(late(&machine, at: 9_000, ready: [2]) == .none)
        machine.answerEnded(wasHeard: true)
        #expect(late(&machine, at: 18_000, ready: [0, 2]) == .play(0))
    }

    @Test func offMeansOff() {
        for var machine in [FillerStateMachine(after: nil, count: 3), machine(count: 0)] {
            #expect(machine.answerBegan(at: .zero) == .none)
            #expect(machine.speechRequested(at: .zero) == .none)
            #expect(machine.timerFired(at: Self.at(9_000)) { _ in true } == .none)
        }
    }
}

@Suite struct CallLengthStateMachineTests {
    private static func at(_ seconds: Int64) -> Instant { .zero + .seconds(seconds) }

    private func machine(warning: Int64?) -> CallLengthStateMachine {
        CallLengthStateMachine(
            policy: .init(longest: .seconds(100), warning: warning.map { .seconds($0) }), start: .zero)
    }

    @Test func warnsAndThenEnds() {
        var machine = machine(warning: 20)
        #expect(machine.deadline == Self.at(80))
        #expect(machine.timerFired(at: Self.at(79), isQuiet: true) == .wait(until: Self.at(80)))
        #expect(machine.timerFired(at: Self.at(80), isQuiet: true) == .warn(until: Self.at(100)))
        #expect(machine.deadline == Self.at(100))
        #expect(machine.timerFired(at: Self.at(90), isQuiet: true) == .wait(until: Self.at(100)))
        #expect(machine.timerFired(at: Self.at(100), isQuiet: false) == .end)
        #expect(machine.timerFired(at: Self.at(120), isQuiet: false) == .end && machine.deadline == .distantFuture)
    }

    @Test func theWarningWaitsForAPause() {
        var machine = machine(warning: 20)
        #expect(machine.timerFired(at: Self.at(80), isQuiet: false) == .wait(until: Self.at(81)))
        #expect(machine.timerFired(at: Self.at(81), isQuiet: true) == .warn(until: Self.at(100)))
    }

    @Test func aWarningThatComesTooLateIsLeftOut() {
        var machine = machine(warning: 20)
        #expect(machine.timerFired(at: Self.at(95), isQuiet: false) == .wait(until: Self.at(96)))
        #expect(machine.timerFired(at: Self.at(96), isQuiet: true) == .wait(until: Self.at(100)))
        #expect(machine.timerFired(at: Self.at(100), isQuiet: true) == .end)
        var late = self.machine(warning: 20)
        #expect(late.timerFired(at: Self.at(101), isQuiet: true) == .end, "the loop stood still")
    }

    @Test func withoutAWarning() {
        for warning in [nil, 0, 100, 200] as [Int64?] {
            var machine = machine(warning: warning)
            #expect(machine.deadline == Self.at(100))
            #expect(machine.timerFired(at: Self.at(100), isQuiet: true) == .end)
        }
    }
}

@Suite struct ComfortNoiseTests {
    private func noise(_ level: Int, seed: UInt32 = 1, count: Int = 80_000) -> [Int16] {
        var generator = ComfortNoise(level: level, seed: seed)
        var samples = [Int16](repeating: 9, count: count)
        samples.withUnsafeMutableBufferPointer { generator.fill($0) }
        return samples
    }

    @Test(arguments: [-70, -60, -50, -40]) func hasItsLevel(level: Int) {
        #expect(abs(SignalLevel.rms(noise(level).span) - Double(level)) < 0.4)
    }

    @Test func isTheSameEachTimeAndNeverRepeats() {
        #expect(noise(-50) == noise(-50) && noise(-50) != noise(-50, seed: 2))
        let samples = noise(-40, count: 16_000)
        #expect(samples[..<8_000] != samples[8_000...])
        #expect(noise(-50, seed: 0, count: 100) == noise(-50, seed: 1, count: 100), "a seed of 0 would stay 0")
    }

    @Test func isClampedToItsRange() {
        #expect(noise(-10, count: 100) == noise(-40, count: 100) && noise(-99, count: 100) == noise(-70, count: 100))
    }

    @Test func isDarkerThanWhiteNoise() {
        let samples = noise(-40).map(Double.init)
        let power = samples.reduce(0) { $0 + $1 * $1 }
        let step = zip(samples, samples.dropFirst()).reduce(0) { $0 + ($1.1 - $1.0) * ($1.1 - $1.0) }
        // White noise: 2. One pole at 0.5: 2·(1 - 0.5).
        #expect(abs(step / power - 1) < 0.03)
        #expect(abs(samples.reduce(0, +) / Double(samples.count)) < 3, "no offset")
    }
}

@Suite struct MannersTextsTests {
    @Test(arguments: ["en", "de", "es", "fr", "it", "pt", "ru", "zh", "xx"])
    func everyLanguageHasItsTexts(language: String) {
        let texts = MannersTexts.of(language)
        let all = [texts.checkIn, texts.onFailure, texts.goodbye, texts.callWarning] + texts.fillers
        #expect(all.allSatisfy { !$0.isEmpty } && Set(all).count == all.count && texts.fillers.count == 3)
        #expect((texts == MannersTexts.of("en")) == ["en", "xx"].contains(language))
    }
}
