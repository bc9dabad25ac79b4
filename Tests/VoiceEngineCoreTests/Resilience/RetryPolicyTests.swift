import Testing

@testable import VoiceEngineCore

@Suite struct RetryPolicyTests {
    /// attempt, [ms] asked for by the provider, random, [ms] expected; base 200 ms, at most 8 s.
    @Test(
        arguments: [
            (1, nil, 0, 100), (1, nil, 0.5, 150), (1, nil, 1, 200), (2, nil, 0, 200), (2, nil, 1, 400),
            (6, nil, 1, 6_400), (7, nil, 1, 8_000), (7, nil, 0, 4_000), (99, nil, 0, 4_000), (0, nil, 0, 100),
            (1, 50, 0, 100), (1, 1_500, 0, 1_500), (1, nil, -3, 100), (1, nil, 7, 200),
        ] as [(Int, Int64?, Double, Int64)])
    func backsOff(attempt: Int, asked: Int64?, random: Double, expected: Int64) {
        let wait = RetryPolicy().backOff(
            attempt: attempt, retryAfter: asked.map { .milliseconds($0) }, random: random)
        #expect(wait == .milliseconds(expected))
    }

    @Test func isOverAfterItsRetries() {
        let policy = RetryPolicy(retries: 2)
        #expect(policy.retry(2, retryAfter: nil, random: 0) == .milliseconds(200))
        #expect(policy.retry(3, retryAfter: nil, random: 0) == nil)
        #expect(RetryPolicy(retries: 0).retry(1, retryAfter: nil, random: 0) == nil)
    }

    @Test func aProviderThatWantsTooMuchTimeIsGivenUp() {
        #expect(RetryPolicy().retry(1, retryAfter: .milliseconds(2_000), random: 0) == .milliseconds(2_000))
        #expect(RetryPolicy().retry(1, retryAfter: .milliseconds(2_001), random: 0) == nil)
    }
}
