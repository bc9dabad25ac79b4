import Testing

@testable import VoiceEngineCore

@Suite struct LatencyEstimateTests {
    private func estimate(_ times: some Sequence<Int64>) -> LatencyEstimate {
        var estimate = LatencyEstimate()
        for time in times { estimate.note(.milliseconds(time)) }
        return estimate
    }

    @Test func saysNothingOfTooFew() {
        #expect(estimate(1...19).quantile(0.95) == nil)
        #expect(estimate(1...20).quantile(0.95) == .milliseconds(19))
    }

    @Test(arguments: [(0, 1), (0.5, 50), (0.95, 95), (0.99, 99), (1, 100), (7, 100), (-1, 1)] as [(Double, Int64)])
    func isTheNearestRank(share: Double, expected: Int64) {
        var random = SeededRandom(seed: 1)
        #expect(estimate((1...100).shuffled(using: &random)).quantile(share) == .milliseconds(expected))
    }

    @Test func forgetsTheOldest() {
        let estimate = estimate(Array(repeating: 9_000, count: 500) + Array(repeating: 100, count: 128))
        #expect(estimate.count == LatencyEstimate.window)
        #expect(estimate.quantile(1) == .milliseconds(100))
    }

    @Test func ignoresTimesBeforeTheirBeginning() { #expect(estimate([-5]).count == 0) }
}
