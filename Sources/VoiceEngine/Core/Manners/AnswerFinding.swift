/// What a carrier has found out about who answered an outgoing call.
package enum AnswerFinding: String, CaseIterable, Equatable, Sendable {
    case person
    case machine
    /// The machine's greeting is over: what is said from now on is recorded.
    case greetingEnded
    /// Whatever is said to it is lost.
    case fax
    case unknown
}
