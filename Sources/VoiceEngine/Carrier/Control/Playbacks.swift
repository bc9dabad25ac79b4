internal import Synchronization
internal import VoiceEngineCore

/// A recording that a carrier plays into a call, or has played.
struct Playback: Equatable, Sendable {
    /// Ours, of the control API. Cannot be guessed.
    let id: String
    /// Its address without the query.
    let place: String
    let loop: PlaybackOrder.Loop?
    var progress = PlaybackStateMachine()
    /// Unix time. [s]
    let created: Int64
    var started: Int64?
    var ended: Int64?

    var isUnderWay: Bool { progress.stage != .ended }

    /// As the control API shows it.
    var json: JSONValue {
        var object = JSONObject()
        object["id"] = .string(id)
        object["status"] = .string(progress.stage.rawValue)
        object["cause"] = (progress.cause?.name).map { .string($0) }
        object["detail"] = (progress.cause?.detail).map { .string($0) }
        object["url"] = .string(place)
        object["loop"] = loop?.json
        object["created_at"] = .int(created)
        object["started_at"] = started.map { .int($0) }
        object["ended_at"] = ended.map { .int($0) }
        return .object(object)
    }
}

/// The recordings of one call, the oldest first; the carrier plays them in this order.
extension [Playback] {
    var isUnderWay: Bool { contains { $0.isUnderWay } }

    /// Whether it is what a carrier stops that is told to stop the current one.
    func isCurrent(_ playback: Playback) -> Bool {
        playback.progress.stage == .playing || first { $0.isUnderWay }?.id == playback.id
    }

    /// The one that a carrier's report is about. Its id comes back in what the carrier was given with the call, which a
    /// later recording may have replaced by now: the address has to agree as well. An address that agrees with none was
    /// rewritten on the way.
    func index(of name: Playbacks.Name) -> Int? {
        let place = PlaybackOrder.place(of: name.url)
        let named = firstIndex { $0.id == name.id }
        if let named, self[named].isUnderWay, place.isEmpty || self[named].place == place { return named }
        return firstIndex { $0.isUnderWay && $0.place == place } ?? named
    }
}

/// The recordings that carriers play into calls: bounded, the oldest calls are forgotten first. Safe to use from any
/// thread.
final class Playbacks: Sendable {
    /// What a carrier's report says of the recording that it is about.
    struct Name: Equatable, Sendable {
        var id: String?
        /// Empty: not told.
        var url = ""
    }

    private struct State {
        /// By the carrier's ids of calls.
        var calls: [String: [Playback]] = [:]
        /// Calls in the order in which their last recording came.
        var order: [String] = []
        var count = 0
    }

    /// Of one call: waiting or playing.
    static let mostUnderWay = 16
    /// Of one call: those that ended last.
    static let mostEnded = 16

    private let most: Int
    /// Unix time. [s]
    private let now: @Sendable () -> Int64
    private let changed: @Sendable (_ call: String, _ isPlaying: Bool) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - most: Recordings of all calls.
    ///   - changed: A call's first recording is under way, or none is any more. Called in that order, under this
    ///     object's lock: it must not come back.
    init(
        most: Int = 4_096, now: @escaping @Sendable () -> Int64,
        changed: @escaping @Sendable (_ call: String, _ isPlaying: Bool) -> Void = { _, _ in }
    ) {
        self.most = max(1, most)
        self.now = now
        self.changed = changed
    }

    var count: Int { state.withLock { $0.count } }

    /// The oldest first.
    func all(of call: String) -> [Playback] { state.withLock { $0.calls[call] ?? [] } }

    /// - Returns: The new one; nil when too many of this call are under way.
    func begin(_ order: PlaybackOrder, in call: String) -> Playback? {
        let playback = Playback(
            id: RandomID.make("play"), place: PlaybackOrder.place(of: order.url), loop: order.loop, created: now())
        return change(call) { list in
            guard list.count(where: \.isUnderWay) < Self.mostUnderWay else { return nil }
            list.append(playback)
            return playback
        }
    }

    /// What is not known is left alone.
    func report(_ event: PlaybackStateMachine.Event, of name: Name, in call: String) {
        let now = now()
        change(call) { list in
            guard let index = list.index(of: name) else { return }
            Self.take(event, by: &list[index], at: now)
        }
    }

    /// The carrier reports nothing more of a call that is over.
    func callEnded(_ call: String) {
        let now = now()
        change(call) { list in
            for index in list.indices { Self.take(.ended(.callEnded), by: &list[index], at: now) }
        }
    }

    private static func take(_ event: PlaybackStateMachine.Event, by playback: inout Playback, at now: Int64) {
        switch playback.progress.take(event) {
        case .moved(.playing): playback.started = now
        case .moved(.ended): playback.ended = now
        case .moved(.queued), .ignored: break
        }
    }

    // MARK: Keeping

    private func change<Value>(_ call: String, _ change: (inout [Playback]) -> Value) -> Value {
        state.withLock { state in
            let old = state.calls[call] ?? []
            var list = old
            let result = change(&list)
            guard list != old else { return result }
            Self.forgetEnded(&list)
            state.calls[call] = list
            state.count += list.count - old.count
            if list.count > old.count {
                state.order.removeAll { $0 == call }
                state.order.append(call)
            }
            if old.isUnderWay != list.isUnderWay { changed(call, list.isUnderWay) }
            while state.count > most, state.order.count > 1 { forgetOldest(&state) }
            return result
        }
    }

    private static func forgetEnded(_ list: inout [Playback]) {
        while list.count(where: { !$0.isUnderWay }) > mostEnded,
            let oldest = list.firstIndex(where: { !$0.isUnderWay })
        {
            list.remove(at: oldest)
        }
    }

    private func forgetOldest(_ state: inout State) {
        let call = state.order.removeFirst()
        guard let list = state.calls.removeValue(forKey: call) else { return }
        state.count -= list.count
        if list.isUnderWay { changed(call, false) }
    }
}
