internal import VoiceEngineNet

/// What the address of a stream's WebSocket names: the agent, by the path's last part or by `agent` in the query, and
/// variables, by the rest of the query.
struct StreamAddress: Equatable {
    var agent: String
    var variables: [String: String]
    /// All of the query.
    private(set) var fields: [FormField]

    /// - Throws: The answer to a query that cannot be read.
    init(_ request: ServerRequest) throws(ServerResponse) {
        do {
            fields = try FormDecoder.fields((request.query ?? "").utf8)
        } catch {
            throw .text(400, "The query of this address cannot be read: \(error).")
        }
        variables = [:]
        // The token is nobody's business beyond the door.
        for field in fields where field.name != "token" && variables.count < StreamFields.mostParameters {
            variables[field.name] = field.value
        }
        let named = variables.removeValue(forKey: "agent") ?? ""
        let path = request.parameters["agent"] ?? ""
        agent = path.isEmpty ? named : path
    }
}
