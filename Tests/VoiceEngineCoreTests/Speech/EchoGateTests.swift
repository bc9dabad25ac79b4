import Testing

@testable import VoiceEngineCore

struct EchoGateTests {
    /// Levels of somebody who speaks: syllables of 60...240 ms between gaps, phrases between pauses. [dBFS], 20 ms each.
    private static func speech(_ steps: Int, level: Float, random: inout some RandomNumberGenerator) -> [Float] {
        var levels: [Float] = []
        while levels.count < steps {
            for _ in 0..<Int.random(in: 4...12, using: &random) {
                let peak = level + Float.random(in: -8...0, using: &random)
                for _ in 0..<Int.random(in: 3...12, using: &random) {
                    levels.append(peak + Float.random(in: -3...0, using: &random))
                }
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    levels.append(level - Float.random(in: 15...35, using: &random))
                }
            }
            for _ in 0..<Int.random(in: 5...25, using: &random) { levels.append(-.infinity) }
        }
        return Array(levels[..<steps])
    }

    private static func sum(_ levels: Float...) -> Float {
        // The loudest of the parts is the level of the sum within 3 dB; that is all the gate may rely on.
        levels.max() ?? -.infinity
    }

    @Test(arguments: [(0, -10), (3, -15), (9, -20), (14, -28), (28, -18)])
    func findsTheEchoAndTellsTheCallerFromIt(_ delay: Int, _ gain: Int) throws {
        var random = SeededRandom(seed: UInt64(delay * 100 - gain))
        let agent = Self.speech(1_000, level: -18, random: &random)
        let caller = Self.speech(1_000, level: -16, random: &random)
        var gate = EchoGate()
        var echoes = 0
        var missed = 0
        var cut = 0
        var spoken = 0
        for step in 0..<700 {
            let noise = Float.random(in: -64 ... -58, using: &random)
            let back =
                step >= delay ? agent[step - delay] + Float(gain) + Float.random(in: -2...2, using: &random) : -99
            // The agent alone for 12 s, then both for 2 s: by then the agent has stopped.
            let isDouble = step >= 600
            let voice = isDouble ? caller[step] : -.infinity
            let isEcho = gate.isEcho(played: agent[step], heard: Self.sum(back, noise, voice))
            guard step >= 200 else { continue }
            if voice > -26 {
                spoken += 1
                if isEcho { cut += 1 }
            } else if !isDouble, back > -54 {
                echoes += 1
                if !isEcho { missed += 1 }
            }
        }
        let echo = try #require(gate.echo)
        #expect(abs(echo.delay - delay) <= 1 && abs(echo.gain - Float(gain)) < 5, "\(echo)")
        #expect(missed * 20 < echoes, "\(missed) of \(echoes) steps of echo were taken for the caller")
        // Where the caller is hardly louder than the echo, words decide later.
        let allowed = gain >= -15 ? spoken / 4 : spoken / 50
        #expect(cut <= allowed, "\(cut) of \(spoken) steps of the caller were taken for echo")
    }

    @Test func aLineWithoutEchoNeverCloses() {
        for seed in UInt64(0)..<40 {
            var random = SeededRandom(seed: seed)
            let agent = Self.speech(3_000, level: -18, random: &random)
            let caller = Self.speech(3_000, level: Float.random(in: -40 ... -12, using: &random), random: &random)
            var gate = EchoGate()
            for step in 0..<3_000 {
                let noise = Float.random(in: -66 ... -60, using: &random)
                let isEcho = gate.isEcho(played: agent[step], heard: max(caller[step], noise))
                #expect(!isEcho, "seed \(seed), step \(step)")
            }
        }
    }

    @Test func forgetsAnEchoThatIsGone() {
        var random = SeededRandom(seed: 5)
        let agent = Self.speech(2_000, level: -18, random: &random)
        var gate = EchoGate()
        for step in 0..<600 {
            _ = gate.isEcho(played: agent[step], heard: max(step >= 5 ? agent[step - 5] - 15 : -60, -60))
        }
        #expect(gate.echo != nil)
        for step in 600..<2_000 {
            _ = gate.isEcho(played: agent[step], heard: -55 + Float.random(in: -4...4, using: &random))
        }
        #expect(gate.echo == nil)
    }

    @Test func silenceOfTheAgentIsNoEcho() {
        var gate = EchoGate()
        for _ in 0..<1_000 {
            let isEcho = gate.isEcho(played: -.infinity, heard: -20)
            #expect(!isEcho)
        }
        #expect(gate.echo == nil)
        for level in [Float.nan, .infinity, -.infinity, 0] {
            _ = gate.isEcho(played: level, heard: level)
        }
    }
}
