internal import Glibc
package import VoiceEngineCore

/// A value behind a lock, on whose changes threads can wait. For host threads and the engine's own workers; never waited
/// for on an event loop.
///
/// Swift's `Mutex` has no condition to wait on, hence pthread's.
/// `@unchecked Sendable`: `value` is only touched with `mutex` held.
package final class Monitor<Value>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var value: Value

    package init(_ value: sending Value) {
        self.value = value
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Changes the value; waiting threads look at it again.
    package func update<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer {
            pthread_mutex_unlock(mutex)
            // Behind the lock: who is woken up inside of it only waits for it.
            pthread_cond_broadcast(changed)
        }
        return try body(&value)
    }

    /// Changes the value; one of the waiting threads looks at it again if `body` says so.
    package func wakeOne(if body: (inout Value) -> Bool) {
        pthread_mutex_lock(mutex)
        let wakes = body(&value)
        pthread_mutex_unlock(mutex)
        if wakes { pthread_cond_signal(changed) }
    }

    /// Looks at the value, or changes what nobody waits for.
    package func read<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }

    /// Waits until `body` returns something.
    /// - Parameter timeout: nil waits for ever.
    /// - Returns: nil when the time is over.
    package func wait<Result>(for timeout: Nanoseconds? = nil, _ body: (inout Value) -> Result?) -> Result? {
        wait(until: timeout.map { .monotonicNow + $0 } ?? .distantFuture, body)
    }

    /// Waits until `body` returns something.
    /// - Parameter deadline: Of the monotonic clock; `distantFuture` waits for ever.
    /// - Returns: nil when the time is over.
    package func wait<Result>(until deadline: Instant, _ body: (inout Value) -> Result?) -> Result? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        var time = timespec()
        time.tv_sec = Int(deadline.nanoseconds / 1_000_000_000)
        time.tv_nsec = Int(deadline.nanoseconds % 1_000_000_000)
        while true {
            if let result = body(&value) { return result }
            if deadline == .distantFuture {
                pthread_cond_wait(changed, mutex)
            } else if pthread_cond_timedwait(changed, mutex, &time) == ETIMEDOUT {
                return body(&value)
            }
        }
    }
}

extension Instant {
    /// Read off the clock, for threads; machines are told the time.
    package static var monotonicNow: Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
