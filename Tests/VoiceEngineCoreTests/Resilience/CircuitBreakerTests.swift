import Testing

@testable import VoiceEngineCore

@Suite struct CircuitBreakerTests {
    enum Step {
        case admit(Int64, Bool)
        case success
        case failure(Int64)
        case lasting(Int64)
        case abandoned(Int64)
        case condition(Int64, CircuitBreaker.Condition)
    }

    struct Row: CustomTestStringConvertible {
        let name: String
        let steps: [Step]
        var testDescription: String { name }
    }

    static let opened: [Step] = [.failure(0), .failure(1), .failure(2)]

    /// Times in seconds; three failures open it for ten.
    static let rows = [
        Row(name: "closed lets everything through", steps: [.admit(0, true), .admit(0, true), .condition(0, .closed)]),
        Row(name: "two failures are not three", steps: [.failure(0), .failure(1), .admit(1, true)]),
        Row(
            name: "a success in between begins anew",
            steps: [.failure(0), .failure(1), .success, .failure(2), .failure(3), .admit(3, true)]),
        Row(
            name: "three in a row open it", steps: opened + [.admit(2, false), .condition(2, .open), .admit(11, false)]),
        Row(name: "a lasting failure opens it at once", steps: [.lasting(0), .admit(9, false), .condition(9, .open)]),
        Row(
            name: "half-open lets one through",
            steps: opened + [.condition(12, .halfOpen), .admit(12, true), .admit(12, false), .condition(13, .halfOpen)]),
        Row(
            name: "a probe that succeeds closes it",
            steps: opened + [.admit(12, true), .success, .admit(12, true), .admit(12, true), .condition(12, .closed)]),
        Row(
            name: "a probe that fails opens it again",
            steps: opened + [.admit(12, true), .failure(13), .admit(22, false), .admit(23, true)]),
        Row(
            name: "a probe that is given up makes room for another",
            steps: opened + [.admit(12, true), .abandoned(13), .admit(13, true), .admit(13, false)]),
        Row(
            name: "a lost probe is forgotten", steps: opened + [.admit(12, true), .admit(21, false), .admit(22, true)]),
        Row(
            name: "a late failure while open prolongs it",
            steps: opened + [.failure(5), .admit(14, false), .admit(15, true)]),
        Row(name: "a late success of an earlier request closes it", steps: opened + [.success, .admit(3, true)]),
        Row(
            name: "giving up changes nothing while closed or open",
            steps: [.abandoned(0), .admit(0, true)] + opened + [.abandoned(3), .admit(3, false)]),
    ]

    @Test(arguments: rows) func follows(row: Row) {
        var breaker = CircuitBreaker(policy: .init(failures: 3, open: .seconds(10)))
        func time(_ seconds: Int64) -> Instant { .zero + .seconds(seconds) }
        for (index, step) in row.steps.enumerated() {
            switch step {
            case .admit(let at, let expected):
                let isAdmitted = breaker.admit(at: time(at))
                #expect(isAdmitted == expected, "step \(index)")
            case .success: breaker.succeeded()
            case .failure(let at): breaker.failed(isLasting: false, at: time(at))
            case .lasting(let at): breaker.failed(isLasting: true, at: time(at))
            case .abandoned(let at): breaker.abandoned(at: time(at))
            case .condition(let at, let expected):
                #expect(breaker.condition(at: time(at)) == expected, "step \(index)")
            }
        }
    }

    @Test func aCallComesBackWhenAnotherSucceededOrTimePassed() {
        var record = HealthRecord(policy: .init(failures: 3, open: .seconds(10)))
        #expect(record.hasRecovered(at: .zero))
        record.failed("timeout", isLasting: false, at: .zero + .seconds(1))
        #expect(!record.hasRecovered(at: .zero + .seconds(10)))
        #expect(record.hasRecovered(at: .zero + .seconds(11)))
        record.failed("timeout", isLasting: false, at: .zero + .seconds(12))
        record.succeeded(after: .milliseconds(5), at: .zero + .seconds(13))
        #expect(record.hasRecovered(at: .zero + .seconds(13)))
        record.failed("auth", isLasting: true, at: .zero + .seconds(14))
        #expect(!record.hasRecovered(at: .zero + .seconds(23)))
        #expect(record.hasRecovered(at: .zero + .seconds(24)))
        #expect(record.failures == ["timeout": 2, "auth": 1])
    }
}
