import Foundation
import NIOCore
import Testing

@testable import VoiceLab

@Suite struct StreamMessagesTests {
    @Test func acceptsTheThreeMessagesOfTwilio() throws {
        let media = #"{"event":"media","streamSid":"MZ1","media":{"payload":"//8AAQ=="}}"#
        #expect(try ServerMessage.parse(Array(media.utf8), streamSid: "MZ1") == .media(payload: [255, 255, 0, 1]))
        let mark = #"{"mark":{"name":"a"},"streamSid":"MZ1","event":"mark"}"#
        #expect(try ServerMessage.parse(Array(mark.utf8), streamSid: "MZ1") == .mark(name: "a"))
        let clear = #"{"event":"clear","streamSid":"MZ1"}"#
        #expect(try ServerMessage.parse(Array(clear.utf8), streamSid: "MZ1") == .clear)
    }

    @Test(arguments: [
        (#"{"event":"media","streamSid":"MZ2","media":{"payload":"AAAA"}}"#, "31951"),
        (#"{"event":"media","media":{"payload":"AAAA"}}"#, "31951"),
        (#"{"event":"media","streamSid":"MZ1","media":{"payload":"AAAA","track":"outbound"}}"#, "unknown field track"),
        (#"{"event":"clear","streamSid":"MZ1","why":"x"}"#, "unknown field why"),
        (#"{"event":"hello","streamSid":"MZ1"}"#, "unknown event"),
        (#"{"event":"media","streamSid":"MZ1","media":{"payload":"AAA"}}"#, "31930"),
        (#"{"event":"media","streamSid":"MZ1","media":{"payload":""}}"#, "31930"),
        (#"{"event":"media","streamSid":"MZ1","media":{"payload":"UklGRgAA"}}"#, "WAV header"),
        (#"{"event":"mark","streamSid":"MZ1","mark":{}}"#, "mark without name"),
        ("[1]", "not a JSON object"), ("{", "not a JSON object"),
    ])
    func refusesWhatTwilioWarnsOf(text: String, reason: String) {
        let error = #expect(throws: WireViolation.self) { try ServerMessage.parse(Array(text.utf8), streamSid: "MZ1") }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test func writesNumbersAsStringsAndCountsThem() throws {
        var writer = StreamWriter(streamSid: "MZ1", callSid: "CA1", accountSid: "AC1")
        let start = try object(writer.start(parameters: [.init(name: "a\"b", value: "c\\d\n")]))
        #expect(start["sequenceNumber"] as? String == "1")
        let body = try #require(start["start"] as? [String: Any])
        #expect((body["customParameters"] as? [String: String]) == ["a\"b": "c\\d\n"])
        #expect((body["mediaFormat"] as? [String: Any])?["sampleRate"] as? Int == 8000)
        _ = writer.media([0xFF], timestamp: 0)
        let media = try object(writer.media([0xFF, 0], timestamp: 20))
        #expect(media["sequenceNumber"] as? String == "3")
        #expect(
            (media["media"] as? [String: String]) == [
                "track": "inbound", "chunk": "2", "timestamp": "20", "payload": "/wA=",
            ])
        let dtmf = try object(writer.dtmf("5"))
        #expect((dtmf["dtmf"] as? [String: String]) == ["track": "inbound_track", "digit": "5"])
        #expect((try object(writer.stop())["stop"] as? [String: String]) == ["accountSid": "AC1", "callSid": "CA1"])
    }

    @Test func theBenchmarkWritesTheSameMedia() throws {
        var writer = BenchWriter(streamSid: "MZ1")
        for chunk in 1...12 {
            let media = try object(writer.media(Array("/wA=".utf8)))
            #expect(media["sequenceNumber"] as? String == "\(chunk + 1)")
            let expected = [
                "track": "inbound", "chunk": "\(chunk)", "timestamp": "\((chunk - 1) * 20)", "payload": "/wA=",
            ]
            #expect((media["media"] as? [String: String]) == expected)
        }
    }

    @Test(arguments: [
        (#"{"event":"media","streamSid":"MZ1","media":{"payload":"//8AAQ=="}}"#, 4 as Int?),
        (#"{"media":{"payload": "AAAA"},"event":"media"}"#, 3),
        (#"{"event":"mark","mark":{"name":"payload"}}"#, nil),
        (#"{"media":{"payload":"#, nil), (#"{"media":{"payload":""}}"#, nil), ("", nil),
    ])
    func theScannerFindsThePayload(text: String, samples: Int?) {
        #expect(MediaScanner.scan(ByteBuffer(string: text))?.samples == samples)
    }

    private func object(_ text: [UInt8]) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text)) as? [String: Any])
    }
}
