import Testing

@testable import VoiceEngineCore

@Suite struct JSONWriterTests {
    @Test func writesCompactlyAndEscapesMinimally() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("text")
        writer.string("a\"b\\c/\n\r\t\u{8}\u{C}\u{1}\u{1F}é😀")
        writer.key("list")
        writer.beginArray()
        writer.int(-1)
        writer.double(0.5)
        writer.bool(true)
        writer.null()
        writer.beginObject()
        writer.endObject()
        writer.raw("[1]".utf8)
        writer.endArray()
        writer.member("nan", .double(.nan))
        writer.endObject()
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"{"text":"a\"b\\c/\n\r\t\b\f\u0001\u001fé😀","list":[-1,0.5,true,null,{},[1]],"nan":null}"#)
        writer.removeAll()
        writer.int(7 as UInt8)
        #expect(writer.bytes == Array("7".utf8))
    }

    @Test func whatIsWrittenReadsBackTheSame() throws {
        for seed in 0..<300 as Range<UInt64> {
            var generator = SeededRandom(seed: seed)
            let value = JSONSample.value(depth: 5, using: &generator)
            let text = value.text
            #expect(try JSONValue.parse(text) == value, "seed \(seed): \(text)")
        }
    }
}

/// Random trees.
enum JSONSample {
    static func value(depth: Int, using generator: inout SeededRandom) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .int(Int64(bitPattern: generator.next()) >> Int64.random(in: 0..<64, using: &generator))
        case 3:
            let double = Double(bitPattern: generator.next())
            return .double(double.isFinite ? double : 0.1)
        case 4, 5: return .string(string(using: &generator))
        case 6:
            return .array(
                (0..<Int.random(in: 0..<5, using: &generator)).map { _ in value(depth: depth - 1, using: &generator) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0..<12, using: &generator) {
                object.append(string(using: &generator), value(depth: depth - 1, using: &generator))
            }
            return .object(object)
        }
    }

    static func string(using generator: inout SeededRandom) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0..<20, using: &generator) {
            let limit: UInt32 = [0x30, 0x80, 0x3000, 0x110000].randomElement(using: &generator) ?? 0x80
            text.unicodeScalars.append(Unicode.Scalar(UInt32.random(in: 0..<limit, using: &generator)) ?? "x")
        }
        return text
    }
}
