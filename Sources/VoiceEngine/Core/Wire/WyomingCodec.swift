/// One event of the Wyoming protocol.
package struct WyomingEvent: Equatable, Sendable {
    package var type: String
    /// Both forms of data in one: what the header holds, overlaid by the block behind it.
    package var data: JSONObject
    package var payload: [UInt8]

    package init(_ type: String, _ data: JSONObject = JSONObject(), payload: [UInt8] = []) {
        self.type = type
        self.data = data
        self.payload = payload
    }

    /// The event as it travels: a line, then the data, then the payload. The line stays short, because readers stop at
    /// 64 KiB: data goes into the block, as the protocol's own library does it.
    package func serialized() -> [UInt8] {
        let block = data.isEmpty ? [] : JSONValue.object(data).serialized()
        var writer = JSONWriter(reserving: 96 + block.count + payload.count)
        writer.beginObject()
        writer.member("type", .string(type))
        if !block.isEmpty { writer.member("data_length", .int(Int64(block.count))) }
        if !payload.isEmpty { writer.member("payload_length", .int(Int64(payload.count))) }
        writer.endObject()
        var bytes = writer.bytes
        bytes.append(0x0A)
        bytes += block
        bytes += payload
        return bytes
    }
}

package enum WyomingError: Error, Equatable, Sendable, CustomStringConvertible {
    case headerTooLong
    case badHeader
    case badData
    case tooLong

    package var description: String {
        switch self {
        case .headerTooLong: "a header line of more than \(WyomingParser.maximumHeaderBytes) bytes"
        case .badHeader: "a header line that is not a JSON object with a type"
        case .badData: "data that are not a JSON object"
        case .tooLong: "an event whose data or payload are too long"
        }
    }
}

/// Reads Wyoming events from chunks split anywhere. Pure and bounded; after an error it stays in error.
package struct WyomingParser: Sendable {
    /// [bytes]
    package static let maximumHeaderBytes = 64 << 10
    package static let maximumDataBytes = 1 << 20
    package static let maximumPayloadBytes = 4 << 20

    private enum State {
        case header
        case data(Header)
        case payload(WyomingEvent, length: Int)
        case failed(WyomingError)
    }

    private struct Header {
        var event: WyomingEvent
        var dataLength: Int
        var payloadLength: Int
    }

    private var state = State.header
    private var buffer: [UInt8] = []

    package init() {}

    /// Takes a chunk and hands over the events that it completes.
    package mutating func append(
        _ chunk: some Sequence<UInt8>, _ output: (WyomingEvent) -> Void
    ) throws(WyomingError) {
        if case .failed(let error) = state { throw error }
        buffer += chunk
        var rest = buffer[...]
        do throws(WyomingError) {
            while let event = try next(&rest) { output(event) }
        } catch {
            state = .failed(error)
            buffer = []
            throw error
        }
        buffer = Array(rest)
    }

    private mutating func next(_ rest: inout ArraySlice<UInt8>) throws(WyomingError) -> WyomingEvent? {
        while true {
            switch state {
            case .header:
                guard let end = rest.firstIndex(of: 0x0A) else {
                    guard rest.count <= Self.maximumHeaderBytes else { throw .headerTooLong }
                    return nil
                }
                let line = rest[..<end]
                rest = rest[(end + 1)...]
                guard line.count <= Self.maximumHeaderBytes else { throw .headerTooLong }
                state = .data(try Self.header(line))
            case .data(var header):
                guard rest.count >= header.dataLength else { return nil }
                if header.dataLength > 0 {
                    let block = rest.prefix(header.dataLength)
                    guard let value = block.withUnsafeBytes({ try? JSONValue.parse($0) }), let object = value.object
                    else { throw .badData }
                    header.event.data = Self.merged(header.event.data, object)
                    rest = rest.dropFirst(header.dataLength)
                }
                state = .payload(header.event, length: header.payloadLength)
            case .payload(var event, let length):
                guard rest.count >= length else { return nil }
                event.payload = Array(rest.prefix(length))
                rest = rest.dropFirst(length)
                state = .header
                return event
            case .failed(let error): throw error
            }
        }
    }

    private static func header(_ line: ArraySlice<UInt8>) throws(WyomingError) -> Header {
        guard let value = line.withUnsafeBytes({ try? JSONValue.parse($0) }), let type = value["type"]?.string else {
            throw .badHeader
        }
        func length(_ key: String, _ limit: Int) throws(WyomingError) -> Int {
            guard let given = value[key], !given.isNull else { return 0 }
            guard let number = given.int, number >= 0 else { throw .badHeader }
            guard number <= Int64(limit) else { throw .tooLong }
            return Int(number)
        }
        return Header(
            event: WyomingEvent(type, value["data"]?.object ?? JSONObject()),
            dataLength: try length("data_length", maximumDataBytes),
            payloadLength: try length("payload_length", maximumPayloadBytes))
    }

    private static func merged(_ under: JSONObject, _ over: JSONObject) -> JSONObject {
        guard !under.isEmpty else { return over }
        var result = JSONObject()
        for member in under.members where over[member.key] == nil { result.append(member.key, member.value) }
        for member in over.members { result.append(member.key, member.value) }
        return result
    }
}
