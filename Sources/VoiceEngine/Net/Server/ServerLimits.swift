package import NIOCore

/// What a server grants its clients. Beyond a limit the one connection ends; the others notice nothing.
package struct ServerLimits: Equatable, Sendable {
    /// Open connections; further ones are closed at once.
    package var connections = 4_096
    /// Of one address. A PBX has a connection for each call.
    package var connectionsPerAddress = 1_024
    /// Connections that are no WebSocket (yet): in the TLS handshake, sending a request, or kept alive between two.
    /// Slow clients never take the places of calls.
    package var waitingConnections = 1_024
    /// The same, of one address.
    package var waitingPerAddress = 64
    /// Addresses of proxies, behind which is everybody: their connections are not counted by address, and their
    /// `X-Forwarded-` headers are believed.
    package var uncounted = AddressRange.loopback
    /// TLS handshakes that are begun in a second; further connections are closed at once. 0: any.
    package var handshakesPerSecond = 0
    /// From the connection to the end of its TLS handshake.
    package var handshakeTimeout = TimeAmount.seconds(10)
    /// [bytes] of one header field and of all of them.
    package var headerFieldBytes = 8_192
    package var headerListBytes = 32_768
    package var headerFields = 100
    /// [bytes] of a request's body.
    package var bodyBytes = 65_536
    /// From the connection, or the last answer, to the end of the next request: slow and idle clients are closed.
    package var requestTimeout = TimeAmount.seconds(15)
    /// How long an answer may be in the making, and how long a client may take to read one.
    package var answerTimeout = TimeAmount.seconds(30)
    /// [bytes] of a WebSocket message.
    package var webSocketMessageBytes = 65_536
    /// From the handshake to a WebSocket's first message; those who only want to hold a place are closed.
    package var firstMessageTimeout = TimeAmount.seconds(15)
    package var webSocketPingInterval = TimeAmount.seconds(25)
    /// How long a peer may take to answer a close frame.
    package var webSocketCloseTimeout = TimeAmount.seconds(2)
    /// [bytes] thrown away while waiting for that answer.
    package var webSocketDiscardedBytes = 8 << 20
    /// [bytes] written to a client that does not read: more than half a minute of telephone audio.
    package var webSocketStalledBytes = 512 << 10
    /// [bytes] written to a client of plain TCP that does not read: two seconds of audio at 48 kHz.
    package var byteStreamStalledBytes = 192 << 10
    /// How long a client of plain TCP may take to close its side.
    package var byteStreamCloseTimeout = TimeAmount.seconds(1)
    /// How long `stop` waits for connections to end by themselves.
    package var stopTimeout = TimeAmount.milliseconds(500)

    package init() {}

    /// Whether a connection comes from one of the proxies.
    func isProxy(_ address: String?) -> Bool {
        guard let bytes = address.flatMap({ AddressRange.bytes(of: $0) }) else { return false }
        return uncounted.contains { $0.contains(bytes) }
    }
}

/// Sent through the pipelines of a server's connections when it stops.
enum ServerStopEvent { case stop }
