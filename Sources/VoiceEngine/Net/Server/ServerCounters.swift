internal import Synchronization
package import VoiceEngineCore

/// What a server counts of its clients. Safe to use from any thread; nothing here is on the path of audio.
package final class ServerCounters: Sendable {
    /// Why a connection was closed as soon as it came.
    package enum Refusal: String, CaseIterable, Sendable {
        /// The server has its connections, or those that are no WebSocket.
        case connections
        case waiting
        /// The same, of one address.
        case address
        case waitingAddress = "waiting_address"
        /// More TLS handshakes in a second than are begun.
        case handshakes
    }

    /// Why the server gave a client up.
    package enum Fault: String, CaseIterable, Sendable {
        /// No TLS handshake, or not in time.
        case handshake
        /// A request that did not come in time; also the usual end of a connection that is kept alive.
        case slowRequest = "slow_request"
        /// Answers or messages that are not taken.
        case slowReader = "slow_reader"
        /// No HTTP, or more of it than is granted.
        case malformed
        /// A WebSocket without a first message, or without pongs.
        case silent
        /// A WebSocket that breaks the protocol, or a message that is too long.
        case violation
    }

    private struct State {
        var open = 0
        var waiting = 0
        var accepted = 0
        var refusals: [Refusal: Int] = [:]
        var faults: [Fault: Int] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    func note(open: Int, waiting: Int) { state.withLock { ($0.open, $0.waiting) = (open, waiting) } }
    func noteAccepted() { state.withLock { $0.accepted += 1 } }
    func note(_ refusal: Refusal) { state.withLock { $0.refusals[refusal, default: 0] += 1 } }
    func note(_ fault: Fault) { state.withLock { $0.faults[fault, default: 0] += 1 } }

    package subscript(_ refusal: Refusal) -> Int { state.withLock { $0.refusals[refusal] ?? 0 } }
    package subscript(_ fault: Fault) -> Int { state.withLock { $0.faults[fault] ?? 0 } }

    package func write(to page: inout PrometheusPage) {
        let now: State = state.withLock { $0 }
        page.gauge(
            "voice_engine_server_connections", "Connections of clients.",
            [(["kind": "waiting"], now.waiting), (["kind": "streaming"], now.open - now.waiting)])
        page.counter(
            "voice_engine_server_connections_accepted_total", "Connections that were taken.", [([:], now.accepted)])
        page.counter(
            "voice_engine_server_connections_refused_total", "Connections that were closed at once.",
            Refusal.allCases.map { reason -> (PrometheusPage.Labels, Int) in
                (["reason": reason.rawValue], now.refusals[reason] ?? 0)
            })
        page.counter(
            "voice_engine_server_clients_dropped_total", "Clients that were given up.",
            Fault.allCases.map { reason -> (PrometheusPage.Labels, Int) in
                (["reason": reason.rawValue], now.faults[reason] ?? 0)
            })
    }
}
