import Testing

@testable import VoiceEngineCore

@Suite struct EventStreamParserTests {
    private static let stream =
        "\u{FEFF}: hello\r\ndata: {\"a\":\"é😀\"}\r\n\r\nevent: delta\ndata:one\ndata:  two\n\n\ndata\n\r"
        + "id: 1\rretry: 5\revent: ping\r\rdata: x\rdata:\r\rdata: [DONE]\r\n\r\ndata: cut"
    private static let events = [
        ServerSentEvent(name: "message", data: Array("{\"a\":\"é😀\"}".utf8)),
        ServerSentEvent(name: "delta", data: Array("one\n two".utf8)),
        ServerSentEvent(name: "message", data: []),
        ServerSentEvent(name: "message", data: Array("x\n".utf8)),
        ServerSentEvent(name: "message", data: Array("[DONE]".utf8)),
    ]

    @Test func readsEventsWhateverTheirLineEnds() throws {
        var parser = EventStreamParser()
        var events: [ServerSentEvent] = []
        try parser.append(Self.stream.utf8) { events.append($0) }
        #expect(events == Self.events)
    }

    @Test func anySplitReadsAlike() throws {
        let bytes = Array(Self.stream.utf8)
        for seed in 0..<300 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var parser = EventStreamParser()
            var events: [ServerSentEvent] = []
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, start + Int.random(in: 1...(seed % 2 == 0 ? 2 : 30), using: &random))
                try parser.append(bytes[start..<end]) { events.append($0) }
                start = end
            }
            #expect(events == Self.events, "seed \(seed)")
        }
    }

    @Test func boundsLinesAndEvents() throws {
        var parser = EventStreamParser(longestLine: 8, longestEvent: 6)
        try parser.append("data: ab\n".utf8) { _ in }
        #expect(throws: EventStreamError.lineTooLong(limit: 8)) { try parser.append("data: abc".utf8) { _ in } }
        #expect(throws: EventStreamError.lineTooLong(limit: 8)) { try parser.append("\n".utf8) { _ in } }
        var other = EventStreamParser(longestLine: 8, longestEvent: 6)
        #expect(throws: EventStreamError.eventTooLong(limit: 6)) {
            try other.append("data:abc\ndata:abc\n".utf8) { _ in }
        }
    }

    @Test func endHandsOverWhatLacksItsEmptyLine() throws {
        var parser = EventStreamParser()
        var events: [ServerSentEvent] = []
        try parser.append("data: a\n\ndata: b\ndata: c".utf8) { events.append($0) }
        parser.end { events.append($0) }
        parser.end { events.append($0) }
        #expect(events.map { String(decoding: $0.data, as: UTF8.self) } == ["a", "b\nc"])
    }

    @Test func aStrayFieldIsAnEventByItself() throws {
        var parser = EventStreamParser(strayField: "error")
        var events: [ServerSentEvent] = []
        try parser.append("data: a\nerror: {}\n\n".utf8) { events.append($0) }
        #expect(
            events == [
                ServerSentEvent(name: "error", data: Array("{}".utf8)),
                ServerSentEvent(name: "message", data: Array("a".utf8)),
            ])
    }
}
