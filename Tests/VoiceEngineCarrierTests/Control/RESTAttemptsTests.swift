import Testing
import VoiceEngineCore
import VoiceEngineNet

@testable import VoiceEngineCarrier

@Suite struct RESTAttemptsTests {
    private static let first = Nanoseconds.milliseconds(125)

    @Test(
        arguments: [
            (200, .harmless, .deliver), (404, .harmless, .deliver), (422, .onlyOnce, .deliver),
            (429, .harmless, .retry(after: first)), (429, .onlyOnce, .retry(after: first)),
            (500, .harmless, .retry(after: first)), (503, .harmless, .retry(after: first)),
            (503, .onlyOnce, .retry(after: first)),
            // These may come from behind the place where the call was made.
            (500, .onlyOnce, .deliver), (502, .onlyOnce, .deliver), (504, .onlyOnce, .deliver),
        ] as [(Int, RESTAttempts.Repetition, RESTAttempts.Action)])
    func statuses(status: Int, repetition: RESTAttempts.Repetition, action: RESTAttempts.Action) {
        var attempts = RESTAttempts(repetition)
        #expect(attempts.answered(status: status, retryAfter: nil, random: 0) == action)
    }

    @Test(
        arguments: [
            (.unreachable("x"), true, true), (.timeout(.connect), true, true), (.timeout(.firstByte), true, false),
            (.closedBeforeAnswer, true, false), (.closedEarly, true, false), (.timeout(.idle), true, false),
            (.malformed("x"), false, false), (.tooLarge(1), false, false), (.badRequest("x"), false, false),
        ] as [(NetworkError, Bool, Bool)])
    func failures(error: NetworkError, harmless: Bool, onlyOnce: Bool) {
        for (repetition, isRepeated) in [(RESTAttempts.Repetition.harmless, harmless), (.onlyOnce, onlyOnce)] {
            var attempts = RESTAttempts(repetition)
            #expect(
                attempts.failed(error, random: 0) == (isRepeated ? .retry(after: Self.first) : .fail(error)))
        }
    }

    @Test func givesUpAfterTwoMore() {
        var attempts = RESTAttempts(.harmless)
        #expect(attempts.answered(status: 503, retryAfter: nil, random: 0) == .retry(after: .milliseconds(125)))
        #expect(attempts.failed(.closedEarly, random: 0) == .retry(after: .milliseconds(250)))
        #expect(attempts.answered(status: 503, retryAfter: nil, random: 0) == .deliver)
    }

    @Test func waitsAsTheCarrierAsksButNotForLong() {
        var attempts = RESTAttempts(.harmless)
        #expect(attempts.answered(status: 429, retryAfter: .seconds(2), random: 0) == .retry(after: .seconds(2)))
        var others = RESTAttempts(.harmless)
        #expect(others.answered(status: 429, retryAfter: .seconds(60), random: 0) == .deliver)
    }
}
