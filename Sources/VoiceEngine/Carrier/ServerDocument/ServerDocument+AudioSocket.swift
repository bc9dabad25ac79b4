internal import VoiceEngineCore

extension ServerDocument {
    /// A TCP port for Asterisk's AudioSocket.
    package struct AudioSocket: Equatable, Sendable {
        package var host: String
        /// 0: any free one.
        package var port: Int
        /// Who answers; empty for the only agent there is.
        package var agent: String
        /// Only calls that were told ahead are taken.
        package var takesOnlyExpected = false

        package init(host: String = "127.0.0.1", port: Int, agent: String = "") {
            self.host = host
            self.port = port
            self.agent = agent
        }

        init(_ reader: consuming KeyedReader) throws(AgentError) {
            host = try reader.text("host", .headerValue) ?? "127.0.0.1"
            port = Int(try reader.integer("port", 0...65_535, default: 9_092))
            agent = try reader.text("agent", .identifier) ?? ""
            takesOnlyExpected = try reader.bool("only_expected", default: false)
            try reader.finish()
        }
    }
}
