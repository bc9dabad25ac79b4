internal import Synchronization
internal import VoiceEngineSession

/// The conversations of calls whose stream was taken away by what we asked of the carrier, and which come back over a new
/// one. Bounded in number and time. Safe to use from any thread.
///
///     expect ──(its session ends)──► keep ──(the call comes back)──► take
///
/// Nothing is taken back when the carrier did not do it: it may have, and its answer be lost.
final class CallPark: Sendable {
    private enum State {
        case expected
        case kept(CallMemory)
    }

    private struct Place {
        var state = State.expected
        var absence = CallMemory.Absence.digits
        /// Unix time. [s]
        let until: Int64
    }

    /// Keying a hundred digits, or ringing at somebody's who does not answer, takes less. [s]
    static let patience: Int64 = 300

    private let most: Int
    /// Unix time. [s]
    private let now: @Sendable () -> Int64
    private let places = Mutex<[String: Place]>([:])

    /// - Parameter most: Beyond it the one that has waited longest is forgotten.
    init(most: Int = 1_024, now: @escaping @Sendable () -> Int64) {
        self.most = max(1, most)
        self.now = now
    }

    var count: Int { places.withLock { $0.count } }

    /// The stream of the call will end, and the call is to come back.
    func expect(_ call: String) {
        let now = now()
        places.withLock { places in
            places = places.filter { $0.value.until > now }
            if places.count >= most, let oldest = places.min(by: { $0.value.until < $1.value.until }) {
                places[oldest.key] = nil
            }
            places[call] = Place(until: now + Self.patience)
        }
    }

    /// The session of the call has ended; nothing happens when it is not expected back.
    func keep(_ call: String, _ memory: () -> CallMemory) {
        places.withLock { places in
            guard case .expected = places[call]?.state else { return }
            places[call]?.state = .kept(memory())
        }
    }

    /// Nobody took the call that was handed over.
    func transferFailed(_ call: String, reason: String) {
        places.withLock { $0[call]?.absence = .failedTransfer(reason: reason) }
    }

    /// The call is back.
    func take(_ call: String) -> CallMemory? {
        let now = now()
        return places.withLock { places in
            guard let place = places.removeValue(forKey: call), place.until > now,
                case .kept(var memory) = place.state
            else { return nil }
            memory.absence = place.absence
            return memory
        }
    }
}
