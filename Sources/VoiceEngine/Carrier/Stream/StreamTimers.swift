internal import NIOCore
internal import VoiceEngineSession

/// The timers of one stream. Setting one cancels its predecessor.
struct StreamTimers {
    /// Until the carrier has started, or hung up.
    var start: Scheduled<Void>? {
        willSet { start?.cancel() }
    }
    /// Nothing has been played for a while. nil until the call is live.
    var speechEnd: ClockTimer? {
        willSet { speechEnd?.cancel() }
    }
    var order: Scheduled<Void>? {
        willSet { order?.cancel() }
    }
    var watch: ClockTimer? {
        willSet { watch?.cancel() }
    }

    mutating func cancel() { (start, speechEnd, order, watch) = (nil, nil, nil, nil) }
}
