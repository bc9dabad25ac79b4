internal import VoiceEngineCore
internal import VoiceEngineNet

extension AddressRange {
    /// A list of addresses and ranges; nil without the key.
    static func list(_ key: String, from reader: inout KeyedReader) throws(AgentError) -> [AddressRange]? {
        guard let elements = try reader.elements(key, atMost: 100) else { return nil }
        var ranges: [AddressRange] = []
        for (path, value) in elements {
            guard let range = value.string.flatMap({ AddressRange($0) }) else {
                throw .value(
                    path: path, found: KeyedReader.described(value),
                    expected: "an IP address, or a range of them such as \"10.0.0.0/8\"")
            }
            ranges.append(range)
        }
        return ranges
    }
}
