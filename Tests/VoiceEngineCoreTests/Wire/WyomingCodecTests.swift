import Testing

@testable import VoiceEngineCore

@Suite struct WyomingCodecTests {
    private func read(_ bytes: [UInt8]) throws -> [WyomingEvent] {
        var parser = WyomingParser()
        var events: [WyomingEvent] = []
        try parser.append(bytes) { events.append($0) }
        return events
    }

    private func object(_ text: String) throws -> JSONObject { try #require(JSONValue.parse(text).object) }

    @Test func writesLineDataAndPayload() throws {
        let event = WyomingEvent("audio-chunk", try object(#"{"rate":16000}"#), payload: [1, 10, 3])
        #expect(
            event.serialized()
                == Array("{\"type\":\"audio-chunk\",\"data_length\":14,\"payload_length\":3}\n{\"rate\":16000}".utf8)
                + [1, 10, 3])
        #expect(WyomingEvent("describe").serialized() == Array("{\"type\":\"describe\"}\n".utf8))
    }

    @Test func readsBothFormsOfDataInAnySplit() throws {
        let expected = [
            WyomingEvent("a", try object(#"{"x":1,"y":"é"}"#)), WyomingEvent("b", payload: [10, 0, 255]),
            WyomingEvent("c"),
        ]
        // The é is two bytes: lengths count bytes.
        let data = Array("{\"y\":\"é\"}".utf8)
        let first = Array("{\"type\":\"a\",\"data\":{\"x\":1,\"y\":1},\"data_length\":\(data.count)}\n".utf8) + data
        let stream =
            first + Array("{\"type\":\"b\",\"version\":\"1.10.2\",\"payload_length\":3}\n".utf8) + [10, 0, 255]
            + Array("{\"type\":\"c\",\"data\":null,\"data_length\":null}\r\n".utf8)
        for cut in 0...stream.count {
            var parser = WyomingParser()
            var events: [WyomingEvent] = []
            try parser.append(stream[..<cut]) { events.append($0) }
            try parser.append(stream[cut...]) { events.append($0) }
            #expect(events == expected, "cut at \(cut)")
        }
        var parser = WyomingParser()
        var events: [WyomingEvent] = []
        for byte in stream { try parser.append(CollectionOfOne(byte)) { events.append($0) } }
        #expect(events == expected)
    }

    @Test(arguments: [
        ("oops\n", WyomingError.badHeader), ("[]\n", .badHeader), ("{\"data\":{}}\n", .badHeader), ("\n", .badHeader),
        ("{\"type\":\"a\",\"data_length\":-1}\n", .badHeader), ("{\"type\":\"a\",\"data_length\":\"9\"}\n", .badHeader),
        ("{\"type\":\"a\",\"data_length\":2}\n[]", .badData), ("{\"type\":\"a\",\"data_length\":2}\n{x", .badData),
        ("{\"type\":\"a\",\"payload_length\":99999999}\n", .tooLong),
        ("{\"type\":\"a\",\"data_length\":9223372036854775807}\n", .tooLong),
    ])
    func refusesWhatIsNotTheProtocolAndStaysSo(_ row: (String, WyomingError)) throws {
        var parser = WyomingParser()
        #expect(throws: row.1) { try parser.append(row.0.utf8) { _ in } }
        #expect(throws: row.1) { try parser.append("{\"type\":\"a\"}\n".utf8) { _ in } }
    }

    @Test func boundsTheHeader() throws {
        var parser = WyomingParser()
        let piece = [UInt8](repeating: 0x20, count: 32 << 10)
        try parser.append(piece) { _ in }
        try parser.append(piece) { _ in }
        #expect(throws: WyomingError.headerTooLong) { try parser.append(piece) { _ in } }
    }

    @Test func whatIsWrittenIsRead() throws {
        let event = WyomingEvent("x", try object(#"{"a":{"b":[1,"é\n"]}}"#), payload: Array(0...255))
        #expect(try read(event.serialized() + event.serialized()) == [event, event])
    }
}
