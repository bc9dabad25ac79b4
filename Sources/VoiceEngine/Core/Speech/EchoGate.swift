/// Tells the agent's own voice that comes back on the caller's line from the caller's voice.
///
/// A line with echo repeats the level of what is played, later and weaker: the levels of both sides, in dB, are
/// correlated at every lag up to 640 ms, with an exponential memory of some 4 s of the agent's speech. Where the
/// correlation is high, the lag is the echo's delay and the mean difference its gain; from then on caller audio that is
/// no louder than that echo is not taken for the caller. Two people who merely talk at the same time do not correlate
/// that well at any lag; a line without echo never closes the gate.
///
/// One step is 20 ms of both sides. Pure; about 0.2 µs a step.
package struct EchoGate: Sendable {
    /// [steps of 20 ms] Lags that are looked at.
    package static let lags = 32

    /// What is known of the line.
    package struct Echo: Equatable, Sendable {
        /// [steps of 20 ms] from handing out to hearing back.
        package let delay: Int
        /// [dB] of what is heard over what was played; negative.
        package let gain: Float
    }

    /// nil: no echo that could be told from chance.
    package private(set) var echo: Echo?

    /// [dBFS] Levels below are silence: what lies under it says nothing about the other side.
    private static let silence: Float = -60
    /// [dBFS] Played louder than this it can be heard back.
    private static let audible: Float = -45
    /// Share of the memory that a step replaces: 200 steps, 4 s.
    private static let forgetting: Float = 1 / 200
    /// [steps] of the agent's speech before anything is concluded, 1.5 s.
    private static let leastEvidence: Float = 75
    /// Of 4 s of independent speech the best of 32 lags reaches 0.6; an echo 0.9 and more.
    private static let certain: Float = 0.8
    /// Known echoes are given up below this.
    private static let doubtful: Float = 0.5
    /// [conclusions of 200 ms] in doubt before a known echo is given up, 4 s: the caller's voice hides it meanwhile.
    private static let patience = 20
    /// [dB] Echo fluctuates; a caller this much above it speaks.
    private static let margin: Float = 6

    /// A value for each lag. Plain loops over it become vector instructions, which masks over a `SIMD32` do not.
    private typealias Lags = InlineArray<32, Float>

    /// Levels played, newest first.
    private var played = Lags(repeating: silence)
    /// So many steps until nothing audible is left among them.
    private var audibleSteps = 0
    private var weight: Float = 0
    private var heardSum: Float = 0
    private var heardSquares: Float = 0
    private var playedSum = Lags(repeating: 0)
    private var playedSquares = Lags(repeating: 0)
    private var products = Lags(repeating: 0)
    /// Over the steps in which something audible was played.
    private var audibleWeight = Lags(repeating: 0)
    private var differences = Lags(repeating: 0)
    private var steps = 0
    private var doubts = 0

    package init() {}

    /// The next 20 ms.
    ///
    /// - Parameters:
    ///   - playedLevel: [dBFS] of what was handed out meanwhile; -infinity for nothing.
    ///   - heardLevel: [dBFS] of what came from the caller.
    /// - Returns: Whether what came is the agent's own voice and nothing else.
    package mutating func isEcho(played playedLevel: Float, heard heardLevel: Float) -> Bool {
        audibleSteps = playedLevel > Self.audible ? Self.lags : max(audibleSteps - 1, 0)
        for lag in stride(from: Self.lags - 1, to: 0, by: -1) { played[lag] = played[lag - 1] }
        played[0] = Self.bounded(playedLevel)
        // Without the agent's voice there is nothing to learn, and nothing to mistake.
        guard audibleSteps > 0 else { return false }
        let heard = Self.bounded(heardLevel)
        learn(heard)
        steps += 1
        if steps.isMultiple(of: 10) { conclude() }
        guard let echo else { return false }
        // Sound smears over a step, and packets come a step early or late.
        var source = played[echo.delay]
        if echo.delay > 0 { source = max(source, played[echo.delay - 1]) }
        if echo.delay + 1 < Self.lags { source = max(source, played[echo.delay + 1]) }
        return source > Self.silence && heard < source + echo.gain + Self.margin
    }

    private static func bounded(_ level: Float) -> Float { level > silence ? min(level, 0) : silence }

    private mutating func learn(_ heard: Float) {
        let keep = 1 - Self.forgetting
        weight = weight * keep + 1
        heardSum = heardSum * keep + heard
        heardSquares = heardSquares * keep + heard * heard
        for lag in 0..<Self.lags {
            let level = played[unchecked: lag]
            let isAudible: Float = level > Self.audible ? 1 : 0
            playedSum[unchecked: lag] = playedSum[unchecked: lag] * keep + level
            playedSquares[unchecked: lag] = playedSquares[unchecked: lag] * keep + level * level
            products[unchecked: lag] = products[unchecked: lag] * keep + level * heard
            audibleWeight[unchecked: lag] = audibleWeight[unchecked: lag] * keep + isAudible
            differences[unchecked: lag] = differences[unchecked: lag] * keep + (heard - level) * isAudible
        }
    }

    private mutating func conclude() {
        let heardMean = heardSum / weight
        let heardVariance = heardSquares / weight - heardMean * heardMean
        // [dB²] A level that hardly moves correlates with anything.
        guard heardVariance > 4 else { return echo = nil }
        var best = 0
        var bestCorrelation: Float = -1
        for lag in 0..<Self.lags where audibleWeight[lag] >= Self.leastEvidence {
            let playedMean = playedSum[lag] / weight
            let playedVariance = playedSquares[lag] / weight - playedMean * playedMean
            guard playedVariance > 4 else { continue }
            let covariance = products[lag] / weight - playedMean * heardMean
            let correlation = covariance / (playedVariance * heardVariance).squareRoot()
            if correlation > bestCorrelation { (best, bestCorrelation) = (lag, correlation) }
        }
        let gain = audibleWeight[best] > 0 ? differences[best] / audibleWeight[best] : 0
        if bestCorrelation >= Self.certain, gain < 0 {
            echo = Echo(delay: best, gain: gain)
            doubts = 0
        } else if bestCorrelation < Self.doubtful {
            doubts += 1
            if doubts > Self.patience { echo = nil }
        }
    }
}
