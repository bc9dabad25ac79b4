internal import NIOCore

/// The timers of one stream. Setting one cancels its predecessor.
struct StreamTimers {
    /// Until the carrier has started, or hung up.
    var start: Scheduled<Void>? {
        willSet { start?.cancel() }
    }
    var speechEnd: Scheduled<Void>? {
        willSet { speechEnd?.cancel() }
    }
    var order: Scheduled<Void>? {
        willSet { order?.cancel() }
    }
    var watch: RepeatedTask? {
        willSet { watch?.cancel() }
    }

    mutating func cancel() { (start, speechEnd, order, watch) = (nil, nil, nil, nil) }
}
