import Testing

@testable import VoiceEngineCore

struct EchoWatchTests {
    /// A voice whose level changes from step to step as speech does. 160 samples each.
    /// - Parameter phrase: [steps] from pause to pause.
    private static func voice(
        steps: Int, level: Int, phrase: Int = 11, random: inout some RandomNumberGenerator
    ) -> [[Int16]] {
        (0..<steps).map { step in
            let isPause = step % phrase > phrase - 3
            let amplitude = isPause ? level / 40 : level * Int.random(in: 20...100, using: &random) / 100
            return (0..<160).map { Int16(($0 / 8).isMultiple(of: 2) ? amplitude : -amplitude) }
        }
    }

    @Test func theAgentsOwnVoiceIsSilenceAndTheCallersIsNot() throws {
        var random = SeededRandom(seed: 5)
        let agent = Self.voice(steps: 900, level: 8_000, random: &random)
        let delay = 4
        var levels = PlayedLevels(sampleRate: 8_000)
        var watch = EchoWatch(sampleRate: 8_000)
        var taken = 0
        var missed = 0
        for step in 0..<900 {
            let spoken = agent[step]
            levels.note(spoken.span)
            var heard = [Int16](repeating: 0, count: 160)
            if step >= delay { heard = agent[step - delay].map { $0 / 10 } }
            let speaks = step >= 800
            if speaks { heard = heard.map { $0 + ($0 < 0 ? -6_000 : 6_000) } }
            var offset = 0
            while watch.takesStep(of: heard.span, offset: &offset) { watch.judge(played: levels.next()) }
            let window = SpeechWindow(start: Int64(step * 160), count: 80, probability: 1)
            guard step >= 300 else { continue }
            if speaks {
                if watch.isEcho(window) || watch.isOnlyEcho(from: window.start, until: window.end) { missed += 1 }
            } else if !watch.isEcho(window) {
                taken += 1
            }
        }
        #expect(abs(try #require(watch.echo).delay - delay) <= 1)
        #expect(taken < 25, "\(taken) of 500 steps of echo were taken for the caller")
        #expect(missed == 0)
    }

    @Test func onALineWithoutEchoEverythingCounts() {
        var random = SeededRandom(seed: 6)
        let agent = Self.voice(steps: 600, level: 8_000, random: &random)
        let caller = Self.voice(steps: 600, level: 3_000, phrase: 17, random: &random)
        var levels = PlayedLevels(sampleRate: 8_000)
        var watch = EchoWatch(sampleRate: 8_000)
        for step in 0..<600 {
            let spoken = agent[step]
            levels.note(spoken.span)
            let heard = caller[step]
            var offset = 0
            while watch.takesStep(of: heard.span, offset: &offset) { watch.judge(played: levels.next()) }
            #expect(!watch.isEcho(SpeechWindow(start: Int64(step * 160), count: 160, probability: 1)))
        }
    }

    @Test(arguments: [1, 7, 80, 160, 333]) func anySplitGivesTheSameSteps(_ chunk: Int) {
        let samples = (0..<1_600).map { Int16($0 % 97 * 100) }
        var watch = EchoWatch(sampleRate: 8_000)
        var steps = 0
        for start in stride(from: 0, to: samples.count, by: chunk) {
            let part = Array(samples[start..<min(start + chunk, samples.count)])
            var offset = 0
            while watch.takesStep(of: part.span, offset: &offset) {
                steps += 1
                watch.judge(played: -20)
            }
        }
        #expect(steps == 10)
    }

    @Test func levelsAreReadInTheOrderTheyWereHandedOut() {
        var levels = PlayedLevels(sampleRate: 8_000)
        #expect(levels.next() == PlayedLevels.silence)
        // 30 ms frames: the second step is complete with the second frame.
        levels.note([Int16](repeating: 16_384, count: 240).span)
        levels.note([Int16](repeating: 16_384, count: 80).span)
        #expect(abs(levels.next() - -6.02) < 0.01 && abs(levels.next() - -6.02) < 0.01)
        #expect(levels.next() == PlayedLevels.silence)
        // Full: the oldest goes.
        for step in 0..<36 { levels.note([Int16](repeating: Int16(step + 1) * 900, count: 160).span) }
        let first = levels.next()
        #expect(abs(first - Float(SignalLevel.decibels(power: 20.25 * 1e6 / 1_073_741_824))) < 0.01)
        levels.drop()
        #expect(levels.next() == PlayedLevels.silence)
    }
}

struct UtteranceSoundTests {
    private static func feed(_ sound: inout UtteranceSound, from: Int, count: Int, chunk: Int = 160) {
        for start in stride(from: from, to: from + count, by: chunk) {
            let part = (start..<min(start + chunk, from + count)).map { Int16($0 % 30_000) }
            part.withUnsafeBufferPointer { sound.append($0) }
        }
    }

    private static func taken(_ sound: borrowing UtteranceSound) -> [Int16] { sound.withSound { Array($0) } }

    @Test func holdsTheTurnFromALittleBeforeItsOnset() {
        var sound = UtteranceSound(sampleRate: 8_000, seconds: 8)
        Self.feed(&sound, from: 0, count: 80_000)
        #expect(Self.taken(sound).isEmpty)
        sound.began(at: 79_000)
        #expect(Self.taken(sound) == (75_000..<80_000).map { Int16($0 % 30_000) })
        Self.feed(&sound, from: 80_000, count: 8_000)
        // The voice goes on after a pause: still the same turn.
        sound.began(at: 87_000)
        #expect(Self.taken(sound) == (75_000..<88_000).map { Int16($0 % 30_000) })
    }

    @Test(arguments: [80, 160, 480, 70_000]) func holdsTheNewestSecondsOfALongTurn(_ chunk: Int) {
        var sound = UtteranceSound(sampleRate: 8_000, seconds: 8)
        Self.feed(&sound, from: 0, count: 1_000, chunk: chunk)
        sound.began(at: 0)
        Self.feed(&sound, from: 1_000, count: 300_000, chunk: chunk)
        #expect(Self.taken(sound) == (237_000..<301_000).map { Int16($0 % 30_000) })
        sound.committed()
        #expect(Self.taken(sound).isEmpty)
        Self.feed(&sound, from: 301_000, count: 40_000, chunk: chunk)
        sound.began(at: 340_000)
        #expect(Self.taken(sound) == (336_000..<341_000).map { Int16($0 % 30_000) })
    }

    @Test func aTurnFromTheFirstSampleHasNothingBeforeIt() {
        var sound = UtteranceSound(sampleRate: 8_000, seconds: 8)
        Self.feed(&sound, from: 0, count: 320)
        sound.began(at: 100)
        #expect(Self.taken(sound).count == 320)
    }
}
