internal import NIOCore
internal import Synchronization
package import VoiceEngineCore

// Calls that survive their providers' failures.
//
//     agent document ── list of a role ── ProviderChain ─┬─ ProviderLink ── provider   (shared by all calls)
//                                                        │       └───────── ProviderHealth: breaker, times, counters
//                                                        └─ ProviderLink …
//     one call ── LinkChoice (a FailoverStateMachine) for each role: which link is asked next
//
// The machines are in Core/Resilience. Who works with the choice: ChainedAnswer (language model, here), Recogniser and VoiceChain
// (Session: they convert audio for each link).

/// What the calls of an engine know of one provider entry. Shared by all of them; any thread.
package final class ProviderHealth: Sendable {
    package let role: ProviderRole
    /// As in the agent document.
    package let provider: String
    private let record: Mutex<HealthRecord>

    package init(role: ProviderRole, provider: String, policy: CircuitBreaker.Policy = .init()) {
        self.role = role
        self.provider = provider
        record = Mutex(HealthRecord(policy: policy))
    }

    package var snapshot: HealthRecord { record.withLock { $0 } }

    /// Where the breaker stands now, by the monotonic clock that the loops' time is.
    package var breaker: CircuitBreaker.Condition {
        // The clock is read here: metrics are asked for on the host's threads, which have no tick.
        let now = Instant(nanoseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds))  // the clock: see above
        return record.withLock { $0.breaker.condition(at: now) }
    }

    package func admit(at now: Instant) -> Bool { record.withLock { $0.admit(at: now) } }
    package func hasRecovered(at now: Instant) -> Bool { record.withLock { $0.hasRecovered(at: now) } }
    package func requested() { record.withLock { $0.requested() } }
    package func abandoned(at now: Instant) { record.withLock { $0.abandoned(at: now) } }
    package func wasWasted(at now: Instant) { record.withLock { $0.wasWasted(at: now) } }
    package func tookOver() { record.withLock { $0.tookOver() } }
    package func succeeded(after time: Nanoseconds?, at now: Instant) {
        record.withLock { $0.succeeded(after: time, at: now) }
    }

    package func failed(_ error: ProviderError, at now: Instant) {
        // What was cancelled says nothing about the provider.
        guard error.kind != .cancelled else { return abandoned(at: now) }
        record.withLock { $0.failed(error.kind.rawValue, isLasting: error.kind == .auth, at: now) }
    }

    /// The time within which nearly all first results come; nil while too few are known.
    package var usualFirstResult: Nanoseconds? { record.withLock { $0.firstResult.quantile(0.95) } }

    /// A recogniser answered with a settled transcript.
    package func settled(after time: Nanoseconds) { record.withLock { $0.settled(after: time) } }
    package func settledLate(waited: Nanoseconds) { record.withLock { $0.settledLate(waited: waited) } }

    /// The time within which nearly all settled transcripts come; nil while too few are known.
    package var usualSettling: Nanoseconds? { record.withLock { $0.settling.quantile(0.99) } }
}

/// One provider of a chain.
package struct ProviderLink<Provider: Sendable>: Sendable {
    package var provider: Provider
    package let health: ProviderHealth

    package init(_ provider: Provider, health: ProviderHealth) {
        self.provider = provider
        self.health = health
    }
}

/// The providers of one role, in the order of the document. Never empty.
package struct ProviderChain<Provider: Sendable>: Sendable {
    package private(set) var links: [ProviderLink<Provider>]

    /// - Parameter first: The provider that is asked as long as it works.
    package init(_ first: ProviderLink<Provider>, _ others: [ProviderLink<Provider>] = []) { links = [first] + others }

    package var first: ProviderLink<Provider> { links[0] }
    package var providers: [Provider] { links.map(\.provider) }

    /// The same chain with other providers in the same places.
    package func mapProviders(_ change: (Provider) -> Provider) -> Self {
        var copy = self
        for index in copy.links.indices { copy.links[index].provider = change(copy.links[index].provider) }
        return copy
    }
}

/// What a chain did, for events and metrics.
package enum ChainNote: Equatable, Sendable {
    /// A link failed; what follows says what was done about it.
    case failed(ProviderError)
    /// The same provider is asked again.
    case retried
    case failedOver(from: String, to: String)
    /// A second request was made because the first was late.
    case hedged
    case firstResult(Nanoseconds)
}

/// The chains' view of a failure.
extension FailoverStateMachine.Failure {
    package init(_ error: ProviderError, isMidway: Bool = false) {
        self.init(isRetryable: error.isRetryable, retryAfter: error.retryAfter, isMidway: isMidway)
    }
}
