package import NIOCore
package import VoiceEngineCore

extension EventLoop {
    /// The loop's own time: the monotonic clock, or the virtual one of a test.
    package var instant: Instant { Instant(nanoseconds: Int64(clamping: now.uptimeNanoseconds)) }
}
