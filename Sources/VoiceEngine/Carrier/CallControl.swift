internal import NIOCore

/// What a carrier's REST API does with a live call that its media stream has no message for. Safe to use from any
/// thread; a future fails with `CallControlError`.
protocol CallControl: Sendable {
    /// Hands the caller over to a telephone number or SIP address; the media stream ends with it.
    func transfer(_ call: String, to target: String, on eventLoop: any EventLoop) -> EventLoopFuture<Void>
    /// Sends 0-9, A-D, *, # and w (half a second's pause) to the far end.
    func sendDigits(_ digits: String, in call: String, on eventLoop: any EventLoop) -> EventLoopFuture<Void>
    /// Ends the call; one that has ended already is no error.
    func hangUp(_ call: String, on eventLoop: any EventLoop) -> EventLoopFuture<Void>
}

/// A carrier that plays recordings into a call beside its media stream, one after another. Safe to use from any thread;
/// a future fails with `CallControlError`.
protocol PlaybackControl: Sendable {
    /// Plays a recording once those before it have ended.
    ///
    /// - Parameters:
    ///   - id: By which the carrier's reports name it.
    ///   - placed: Our id of a call that we placed.
    func startPlayback(
        _ order: PlaybackOrder, as id: String, in call: String, placed: String?, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Void>
    /// Stops the recording that plays, or all that wait as well.
    func stopPlayback(in call: String, all: Bool, on eventLoop: any EventLoop) -> EventLoopFuture<Void>
}

/// Why the carrier did not do it.
struct CallControlError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Names carrier, request and cause; never a secret.
    let description: String
    /// The carrier says that the call has ended: nothing is wrong but the moment.
    var isCallOver = false
}
