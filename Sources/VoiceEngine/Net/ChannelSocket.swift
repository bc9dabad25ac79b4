internal import NIOCore

/// A channel and the socket below it. On the channel's loop only.
extension Channel {
    /// nil for channels of another kind.
    var socket: NIOBSDSocket.Handle? {
        try? pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
    }

    /// What it sends and receives is not what its socket does. Known when its pipeline is complete.
    var isEncrypted: Bool { (try? pipeline.syncOperations.context(handlerType: TLSHandler.self)) != nil }
}
