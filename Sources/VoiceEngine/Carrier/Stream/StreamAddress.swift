internal import VoiceEngineNet

/// What the address of a stream's WebSocket names: the agent, by the path's last part or by `agent` in the query, and
/// variables, by the rest of the query.
struct StreamAddress: Equatable {
    var agent: String
    var variables: [String: String]

    /// - Throws: The answer to a query that cannot be read.
    init(_ request: ServerRequest) throws(ServerResponse) {
        let fields: [FormField]
        do {
            fields = try FormDecoder.fields((request.query ?? "").utf8)
        } catch {
            throw .text(400, "The query of this address cannot be read: \(error).")
        }
        variables = [:]
        for field in fields where variables.count < StreamFields.mostParameters {
            variables[field.name] = field.value
        }
        let named = variables.removeValue(forKey: "agent") ?? ""
        let path = request.parameters["agent"] ?? ""
        agent = path.isEmpty ? named : path
    }
}
