internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet

extension ServerLimits {
    /// The section `limits`.
    init(_ reader: consuming KeyedReader) throws(AgentError) {
        self.init()
        connections = Int(try reader.integer("connections", 1...1_000_000, default: 4_096))
        connectionsPerAddress = Int(try reader.integer("connections_per_address", 1...1_000_000, default: 1_024))
        waitingConnections = Int(try reader.integer("waiting_connections", 1...1_000_000, default: 1_024))
        waitingPerAddress = Int(try reader.integer("waiting_per_address", 1...1_000_000, default: 64))
        headerListBytes = Int(try reader.integer("header_bytes", 1_024...262_144, default: 32_768))
        headerFieldBytes = min(headerFieldBytes, headerListBytes)
        bodyBytes = Int(try reader.integer("body_bytes", 1_024...16_777_216, default: 65_536))
        webSocketMessageBytes = Int(try reader.integer("message_bytes", 4_096...16_777_216, default: 65_536))
        handshakesPerSecond = Int(try reader.integer("handshakes_per_second", 0...100_000, default: 0))
        handshakeTimeout = .seconds(try reader.integer("handshake_s", 1...120, default: 10))
        requestTimeout = .seconds(try reader.integer("request_s", 1...600, default: 15))
        answerTimeout = .seconds(try reader.integer("answer_s", 1...600, default: 30))
        firstMessageTimeout = .seconds(try reader.integer("first_message_s", 1...600, default: 15))
        webSocketPingInterval = .seconds(try reader.integer("ping_s", 1...600, default: 25))
        try reader.finish()
    }
}
