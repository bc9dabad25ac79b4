internal import COpenSSL

/// The server's half of a WebSocket opening handshake (RFC 6455 section 4.2). Pure.
enum ServerHandshake {
    /// The `Sec-WebSocket-Accept` of a request.
    ///
    /// - Throws: The answer to a request that is no proper handshake: it names the header.
    static func accept(_ request: ServerRequest) throws(ServerResponse) -> String {
        guard request.method == "GET" else {
            throw ServerResponse(
                status: 405, headers: [.init("Allow", "GET")], body: "A WebSocket is opened with GET.\n")
        }
        guard let upgrade = request.header("upgrade"), ServerText.list(upgrade, contains: "websocket") else {
            throw upgradeRequired
        }
        guard let connection = request.header("connection"), ServerText.list(connection, contains: "upgrade") else {
            throw .text(400, "Connection: expected \"Upgrade\" in a WebSocket handshake.")
        }
        guard request.header("sec-websocket-version") == "13" else {
            throw ServerResponse(
                status: 426, headers: [.init("Sec-WebSocket-Version", "13"), .init("Upgrade", "websocket")],
                body: "Sec-WebSocket-Version: expected 13.\n")
        }
        // 16 bytes in base64: 22 characters and two fill characters.
        guard let key = request.header("sec-websocket-key"), key.utf8.count == 24, key.hasSuffix("==") else {
            throw .text(400, "Sec-WebSocket-Key: expected 16 bytes in base64.")
        }
        return acceptValue(key: key)
    }

    /// The first of the client's subprotocols that is among `spoken`. Compared as they are: they are case-sensitive.
    static func subprotocol(_ request: ServerRequest, spoken: [String]) -> String? {
        request.list("sec-websocket-protocol").first { spoken.contains($0) }
    }

    /// The answer to a plain request for a path that only takes WebSockets.
    static let upgradeRequired = ServerResponse(
        status: 426, headers: [.init("Upgrade", "websocket"), .init("Connection", "Upgrade")],
        body: "This address takes WebSocket connections only.\n")

    static func acceptValue(key: String) -> String {
        // The GUID of RFC 6455 section 1.3.
        let input = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        var digest = [UInt8](repeating: 0, count: Int(SHA_DIGEST_LENGTH))
        _ = SHA1(input, input.count, &digest)
        // 20 bytes make 28 characters; EVP_EncodeBlock adds a NUL.
        var encoded = [UInt8](repeating: 0, count: 29)
        let count = EVP_EncodeBlock(&encoded, digest, Int32(digest.count))
        return String(decoding: encoded.prefix(max(0, Int(count))), as: UTF8.self)
    }
}
