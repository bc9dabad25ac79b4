package import VoiceEngineCore

/// One call's choice among the links of a chain: what the machine decides, and what each provider's health is told.
///
///     begin ─► link ─ failed ─► turn ─► the same link after a back-off, the next one, or exhausted
///
/// Used by one piece of work at a time. Confined to the call's loop.
package final class LinkChoice {
    /// What follows a failure.
    package enum Turn {
        /// Go on with this link; the note says what was done.
        case use(Int, after: Nanoseconds, ChainNote)
        /// Every link has failed.
        case exhausted
    }

    private struct Link {
        let name: String
        let health: ProviderHealth
    }

    private let links: [Link]
    private let random: () -> Double
    private var machine: FailoverStateMachine

    /// - Parameters:
    ///   - name: Of a provider, as notes tell it.
    ///   - rounds: Times that the whole chain is gone through.
    ///   - random: 0..<1, for the jitter of back-offs.
    package init<Provider>(
        _ chain: ProviderChain<Provider>, name: (Provider) -> String, policy: FailoverPolicy, rounds: Int = 1,
        random: @escaping () -> Double
    ) {
        links = chain.links.map { Link(name: name($0.provider), health: $0.health) }
        self.random = random
        machine = FailoverStateMachine(links: links.count, policy: policy.retry, rounds: rounds)
    }

    /// The link in use.
    package var current: Int { machine.current }
    /// What is known of the link in use.
    package var health: ProviderHealth { links[machine.current].health }
    package func health(of link: Int) -> ProviderHealth { links[link].health }
    package func name(of link: Int) -> String { links[link].name }

    /// New work: nothing has failed yet.
    ///
    /// - Returns: The link to use.
    package func begin(at now: Instant) -> Int {
        machine.begin(
            admits: { links[$0].health.admit(at: now) }, hasRecovered: { links[$0].health.hasRecovered(at: now) })
    }

    /// A second request is made to another link beside the current one; nil when there is none.
    package func other(at now: Instant) -> Int? { machine.other { links[$0].health.admit(at: now) } }

    /// This link does the work now.
    package func took(_ link: Int) { machine.took(link) }

    /// The link in use works: earlier failures do not count any more.
    package func settled() { machine.settled() }

    /// The link in use has failed, and work is left.
    package func turn(after failure: FailoverStateMachine.Failure, at now: Instant) -> Turn {
        let old = machine.current
        switch machine.failed(failure, random: random(), admits: { links[$0].health.admit(at: now) }) {
        case .exhausted: return .exhausted
        case .use(let link, let delay):
            guard link != old else { return .use(link, after: delay, .retried) }
            links[link].health.tookOver()
            return .use(link, after: delay, .failedOver(from: links[old].name, to: links[link].name))
        }
    }
}
