import Testing

@testable import VoiceEngineCore

@Suite struct FailoverStateMachineTests {
    typealias Failure = FailoverStateMachine.Failure
    static let passing = Failure(isRetryable: true)
    static let lasting = Failure(isRetryable: false)

    enum Step {
        /// A request begins, with these links admitted and recovered, on the link expected.
        case begin(admitted: Set<Int>, recovered: Set<Int>, Int)
        case fails(Failure, admitted: Set<Int>, FailoverStateMachine.Action)
        case settled
    }

    struct Row: CustomTestStringConvertible {
        let name: String
        var links = 3
        var rounds = 1
        let steps: [Step]
        var testDescription: String { name }
    }

    static func use(_ link: Int, _ delay: Int64 = 0) -> FailoverStateMachine.Action {
        .use(link, after: .milliseconds(delay))
    }

    static let all: Set<Int> = [0, 1, 2]

    static let rows = [
        Row(name: "the first is asked first", steps: [.begin(admitted: all, recovered: all, 0)]),
        Row(name: "an open breaker diverts", steps: [.begin(admitted: [2], recovered: all, 2)]),
        Row(name: "without any admitted the first is tried", steps: [.begin(admitted: [], recovered: [], 0)]),
        Row(
            name: "once more, then the next, and so on to the end",
            steps: [
                .fails(passing, admitted: all, use(0, 100)), .fails(passing, admitted: all, use(1)),
                .fails(passing, admitted: all, use(1, 100)), .fails(passing, admitted: all, use(2)),
                .fails(passing, admitted: all, use(2, 100)), .fails(passing, admitted: all, .exhausted),
            ]),
        Row(
            name: "what does not pass is not tried again",
            steps: [
                .fails(lasting, admitted: all, use(1)), .fails(lasting, admitted: all, use(2)),
                .fails(lasting, admitted: all, .exhausted),
            ]),
        Row(
            name: "a breaker that opened spares the retry",
            steps: [.fails(passing, admitted: [1, 2], use(1))]),
        Row(
            name: "a held back link is tried before giving up", links: 2,
            steps: [
                .fails(lasting, admitted: [], use(1)), .fails(lasting, admitted: [], .exhausted),
            ]),
        Row(
            name: "in the middle the next goes on",
            steps: [
                .fails(Failure(isRetryable: true, isMidway: true), admitted: all, use(1)),
                .fails(Failure(isRetryable: true, isMidway: true), admitted: all, use(2)),
            ]),
        Row(
            name: "in the middle an only one is asked again", links: 1,
            steps: [
                .fails(Failure(isRetryable: true, isMidway: true), admitted: [0], use(0, 100)),
                .fails(Failure(isRetryable: true, isMidway: true), admitted: [0], .exhausted),
            ]),
        Row(
            name: "who wants too much time is given up",
            steps: [
                .fails(Failure(isRetryable: true, retryAfter: .seconds(60)), admitted: all, use(1))
            ]),
        Row(
            name: "the call stays with the one that works, until the first has recovered",
            steps: [
                .fails(lasting, admitted: all, use(1)), .settled, .begin(admitted: all, recovered: [], 1),
                .begin(admitted: all, recovered: [0], 0),
            ]),
        Row(
            name: "a recovered one whose breaker does not admit is left",
            steps: [
                .fails(lasting, admitted: all, use(1)), .settled, .begin(admitted: [1, 2], recovered: [0], 1),
            ]),
        Row(
            name: "from a later link the earlier ones are next",
            steps: [
                .fails(lasting, admitted: all, use(1)), .settled, .begin(admitted: all, recovered: [], 1),
                .fails(lasting, admitted: all, use(2)), .fails(lasting, admitted: all, use(0)),
                .fails(lasting, admitted: all, .exhausted),
            ]),
        Row(
            name: "rounds with a growing pause", links: 1, rounds: 3,
            steps: [
                .fails(passing, admitted: [0], use(0, 100)), .fails(passing, admitted: [0], use(0, 500)),
                .fails(passing, admitted: [0], use(0, 100)), .fails(passing, admitted: [0], use(0, 1_000)),
                .fails(passing, admitted: [0], use(0, 100)), .fails(passing, admitted: [0], .exhausted),
            ]),
        Row(
            name: "no round for those that will not work", links: 2, rounds: 3,
            steps: [
                .fails(lasting, admitted: [0, 1], use(1)), .fails(passing, admitted: [0, 1], use(1, 100)),
                .fails(passing, admitted: [0, 1], use(1, 500)), .fails(lasting, admitted: [0, 1], .exhausted),
            ]),
        Row(
            name: "success begins anew", links: 1,
            steps: [
                .fails(passing, admitted: [0], use(0, 100)), .settled, .fails(passing, admitted: [0], use(0, 100)),
            ]),
    ]

    @Test(arguments: rows) func follows(row: Row) {
        var machine = FailoverStateMachine(links: row.links, policy: RetryPolicy(), rounds: row.rounds)
        for (index, step) in row.steps.enumerated() {
            switch step {
            case .begin(let admitted, let recovered, let expected):
                let link = machine.begin(admits: admitted.contains, hasRecovered: recovered.contains)
                #expect(link == expected, "step \(index)")
            case .fails(let failure, let admitted, let expected):
                let action = machine.failed(failure, random: 0, admits: admitted.contains)
                #expect(action == expected, "step \(index)")
            case .settled: machine.settled()
            }
        }
    }

    @Test func aFasterSecondBecomesTheCurrent() {
        var machine = FailoverStateMachine(links: 2, policy: RetryPolicy())
        #expect(machine.other(admits: { _ in false }) == nil)
        #expect(machine.other(admits: { _ in true }) == 1)
        machine.took(1)
        #expect(machine.current == 1)
        machine.took(7)
        #expect(machine.current == 1)
    }

    /// Whatever fails how: it ends, and no hopeless link is asked twice in a request.
    @Test func alwaysEnds() {
        for seed in UInt64(0)..<300 {
            var random = SeededRandom(seed: seed)
            var machine = FailoverStateMachine(
                links: .random(in: 1...4, using: &random),
                policy: RetryPolicy(retries: .random(in: 0...3, using: &random)),
                rounds: .random(in: 1...3, using: &random))
            var hopeless: Set<Int> = []
            var link = machine.begin(admits: { _ in true }, hasRecovered: { _ in true })
            var steps = 0
            steps: while true {
                steps += 1
                #expect(!hopeless.contains(link), "seed \(seed)")
                let failure = Failure(
                    isRetryable: Int.random(in: 0..<4, using: &random) > 0,
                    isMidway: .random(in: 0..<3, using: &random) == 0)
                if !failure.isRetryable { hopeless.insert(link) }
                switch machine.failed(failure, random: 0.5, admits: { _ in .random(using: &random) }) {
                case .use(let next, _): link = next
                case .exhausted: break steps
                }
                if steps > 200 {
                    Issue.record("seed \(seed): no end")
                    break
                }
            }
        }
    }
}
