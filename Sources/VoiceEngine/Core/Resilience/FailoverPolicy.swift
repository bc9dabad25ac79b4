/// How a call deals with providers that fail: the section `failover` of the agent document.
package struct FailoverPolicy: Equatable, Sendable {
    package var retry = RetryPolicy()
    package var breaker = CircuitBreaker.Policy()
    /// A second language model is asked when the first is later than usual.
    package var hedges = false
    /// Caller audio kept for a recogniser that must be opened again.
    package var replay = Nanoseconds.seconds(15)
    /// A model that says nothing for so long has failed and is not asked again for this answer; nil waits for ever. On
    /// the telephone six seconds of silence are long.
    package var modelPatience: Nanoseconds? = .seconds(6)
    /// The same for a voice that owes audio; it is tried again where there is no other.
    package var voicePatience: Nanoseconds? = .seconds(5)
    /// The call ends after so many failed replies in a row; 0 never ends it.
    package var endAfter = 3

    package init() {}
}
