internal import NIOCore
internal import Synchronization
package import VoiceEngineSession

/// A live call as its server sees it. Confined to the call's loop.
protocol CarrierCall: AnyObject {
    /// The server wants the call to end now.
    func endByServer(reason: String)
}

/// The live calls of a server: how many there may be, which there are, and when the last one has gone. Safe to use from
/// any thread.
package final class CarrierCalls: Sendable {
    private struct State {
        var calls: [ObjectIdentifier: NIOLoopBound<any CarrierCall>] = [:]
        var isDraining = false
        var waiting: [EventLoopPromise<Void>] = []
    }

    private let most: Int
    private let state = Mutex(State())

    package init(most: Int) { self.most = max(1, most) }

    package var count: Int { state.withLock { $0.calls.count } }
    package var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Whether a call would be taken now.
    package func admit() throws(CallRefusal) {
        try check(state.withLock { refusal($0) })
    }

    /// Takes a call in. It must be removed again, whatever becomes of it.
    func add(_ call: any CarrierCall, on eventLoop: any EventLoop) throws(CallRefusal) {
        let bound = NIOLoopBound(call, eventLoop: eventLoop)
        let id = ObjectIdentifier(call)
        let refusal = state.withLock { state -> CallRefusal? in
            if let refusal = self.refusal(state) { return refusal }
            state.calls[id] = bound
            return nil
        }
        try check(refusal)
    }

    func remove(_ call: any CarrierCall) {
        let id = ObjectIdentifier(call)
        let waiting = state.withLock { state in
            state.calls[id] = nil
            guard state.calls.isEmpty else { return [EventLoopPromise<Void>]() }
            defer { state.waiting = [] }
            return state.waiting
        }
        for promise in waiting { promise.succeed() }
    }

    /// Takes no calls any more.
    func startDraining() { state.withLock { $0.isDraining = true } }

    /// Succeeds when no call is left.
    func whenEmpty(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        let isEmpty = state.withLock { state in
            if !state.calls.isEmpty { state.waiting.append(promise) }
            return state.calls.isEmpty
        }
        if isEmpty { promise.succeed() }
        return promise.futureResult
    }

    /// Asks every call to end.
    func endAll(reason: String) {
        for call in state.withLock({ Array($0.calls.values) }) {
            call.eventLoop.execute { call.value.endByServer(reason: reason) }
        }
    }

    private func refusal(_ state: State) -> CallRefusal? {
        if state.isDraining { return CallRefusal(.draining, "the server takes no new calls") }
        if state.calls.count >= most { return CallRefusal(.full, "the server has its \(most) calls") }
        return nil
    }

    private func check(_ refusal: CallRefusal?) throws(CallRefusal) {
        if let refusal { throw refusal }
    }
}
