import Foundation
import Testing

import VoiceEngineCore

@Suite struct Base64Tests {
    private func encode(_ bytes: [UInt8]) throws -> [UInt8] {
        var target = [UInt8](repeating: 0xEE, count: Base64.encodedCount(bytes.count))
        var span = target.mutableSpan
        #expect(try Base64.encode(bytes.span, into: &span) == target.count)
        var appended: [UInt8] = [1, 2]
        Base64.append(encoding: bytes.span, to: &appended)
        #expect(appended == [1, 2] + target)
        return target
    }

    private func decode(_ characters: [UInt8]) throws(Base64Error) -> [UInt8] {
        var target = [UInt8](repeating: 0xEE, count: Base64.maximumDecodedCount(characters.count))
        var span = target.mutableSpan
        var appended: [UInt8] = [1, 2]
        do throws(Base64Error) {
            let count = try Base64.decode(characters.span, into: &span)
            try Base64.append(decoding: characters.span, to: &appended)
            #expect(appended == [1, 2] + target[..<count])
            return Array(target[..<count])
        } catch {
            #expect(throws: error) { try Base64.append(decoding: characters.span, to: &appended) }
            #expect(appended == [1, 2])
            throw error
        }
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func passesTheVectorsOfTheRFC(_ row: (plain: String, coded: String)) throws {
        #expect(try encode(Array(row.plain.utf8)) == Array(row.coded.utf8))
        #expect(try decode(Array(row.coded.utf8)) == Array(row.plain.utf8))
        #expect(try decode(Array(row.coded.utf8.filter { $0 != UInt8(ascii: "=") })) == Array(row.plain.utf8))
    }

    @Test(arguments: [
        ("Z", Base64Error.invalidEnd), ("Zm9vY", .invalidEnd), ("Zg=", .invalidEnd), ("Z===", .invalidByte),
        ("====", .invalidByte), ("Zg==Zg==", .invalidByte), ("Zh==", .invalidEnd), ("Zm9=", .invalidEnd),
        ("Zh", .invalidEnd), ("Zm 9", .invalidByte), ("Zm9v\n", .invalidEnd), ("Zm9\n", .invalidByte),
        ("-_-_", .invalidByte), ("Zm9vZm9v=m9vZm9v", .invalidByte), ("Zm9é", .invalidEnd),
    ])
    func refusesWhatIsNotBase64(_ row: (characters: String, error: Base64Error)) {
        #expect(throws: row.error) { try decode(Array(row.characters.utf8)) }
    }

    @Test func judgesEveryByteAtEveryPlace() {
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for place in 0..<20 {
            for byte in UInt8.min...UInt8.max {
                var characters = [UInt8](repeating: UInt8(ascii: "Q"), count: 20)
                characters[place] = byte
                // "=" in the last place is padding, and "Q" before it leaves no unused bits.
                let isGood = alphabet.contains(byte) || (place == 19 && byte == UInt8(ascii: "="))
                #expect(((try? decode(characters)) != nil) == isGood, "byte \(byte) at \(place)")
            }
        }
    }

    /// All pairs of characters, and so every entry of both tables at every place of a group.
    @Test func everyPairOfCharactersIsRight() throws {
        var pairs: [UInt8] = []
        for bits in 0..<4_096 {
            // The same twelve bits twice are three bytes.
            let both = bits << 12 | bits
            pairs += [16, 8, 0].map { UInt8(truncatingIfNeeded: both >> $0) }
        }
        let coded = try encode(pairs)
        #expect(coded == Array(Data(pairs).base64EncodedString().utf8))
        #expect(try decode(coded) == pairs)
        for shift in 1...2 {
            let shifted = Array(pairs.dropFirst(shift))
            #expect(try encode(shifted) == Array(Data(shifted).base64EncodedString().utf8))
            #expect(try decode(try encode(shifted)) == shifted)
        }
    }

    @Test func agreesWithFoundationOnRandomBytes() throws {
        var random = SeededRandom(seed: 0x5EED_0006)
        for count in Array(0...200) + [960, 1_919, 1_920] {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let coded = try encode(bytes)
            #expect(coded == Array(Data(bytes).base64EncodedData()))
            #expect(try decode(coded) == bytes)
        }
    }

    @Test func agreesWithFoundationOnDamagedText() throws {
        var random = SeededRandom(seed: 0x5EED_0007)
        for _ in 0..<5_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            var coded = try encode(bytes)
            for _ in 0..<Int.random(in: 0...2, using: &random) where !coded.isEmpty {
                coded[Int.random(in: 0..<coded.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            // Foundation demands padding and lets unused bits pass; where both accept, they must agree.
            if let ours = try? decode(coded), coded.count % 4 == 0 {
                #expect(Data(base64Encoded: Data(coded)).map(Array.init) == ours)
            }
        }
    }

    @Test func refusesATargetThatIsTooSmall() {
        var small = [UInt8](repeating: 7, count: 3)
        var span = small.mutableSpan
        #expect(throws: Base64Error.targetTooSmall) { try Base64.encode(([1, 2] as [UInt8]).span, into: &span) }
        span = small.mutableSpan
        #expect(throws: Base64Error.targetTooSmall) { try Base64.decode(Array("Zm9vYg==".utf8).span, into: &span) }
        #expect(small == [7, 7, 7])
    }
}
