/// Why bytes are not base64.
package enum Base64Error: Error, Equatable, Sendable {
    /// A byte that is neither of the alphabet nor padding at the end.
    case invalidByte
    /// One character left over, padding that does not complete a group, or unused bits that are not zero.
    case invalidEnd
    /// The target is smaller than `maximumDecodedCount` or `encodedCount` says; nothing was written that counts.
    case targetTooSmall
}

/// Base64 with the standard alphabet (RFC 4648 section 4), as carriers wrap audio into JSON.
///
/// The kernels handle eight characters at a time, by tables of 4 and 8 KB that all calls share: without wider shuffles
/// than every x86-64 has, arithmetic on the eight lanes of a word took two and a half times as long. The last few
/// characters are done by that arithmetic: each byte of the word is a lane, and a comparison is an addition that carries
/// into the lane's top bit.
package enum Base64 {
    /// Makes the tables. An engine does it when it is created, so that the first frame of a call does not.
    package static func prepare() { _ = (pairs, parts) }

    /// Characters that `count` bytes become, padding included.
    package static func encodedCount(_ count: Int) -> Int { (count + 2) / 3 * 4 }

    /// Bytes that `count` characters become at most.
    package static func maximumDecodedCount(_ count: Int) -> Int { count / 4 * 3 + count % 4 * 3 / 4 }

    /// Encodes all of `bytes`, with padding.
    ///
    /// - Returns: characters written.
    /// - Throws: `targetTooSmall`, before anything is written.
    package static func encode(_ bytes: Span<UInt8>, into target: inout MutableSpan<UInt8>) throws(Base64Error) -> Int {
        let total = encodedCount(bytes.count)
        guard target.count >= total else { throw .targetTooSmall }
        bytes.withUnsafeBytes { source in
            target.withUnsafeMutableBytes { encode(source, into: $0) }
        }
        return total
    }

    /// Decodes all of `characters`.
    ///
    /// Strict but for one thing: the padding may be missing altogether, because its absence loses nothing and some
    /// clients leave it out. No white space, no URL alphabet, no data after padding, and unused bits must be zero.
    ///
    /// - Returns: bytes written.
    /// - Throws: `Base64Error`; the target may then hold a part of the data.
    package static func decode(
        _ characters: Span<UInt8>, into target: inout MutableSpan<UInt8>
    ) throws(Base64Error) -> Int {
        var result: Result<Int, Base64Error> = .success(0)
        characters.withUnsafeBytes { source in
            target.withUnsafeMutableBytes { result = decode(source, into: $0) }
        }
        return try result.get()
    }

    // MARK: Arrays

    /// Appends the characters of `bytes`, with padding. Nothing is filled before it is written to.
    package static func append(encoding bytes: Span<UInt8>, to target: inout [UInt8]) {
        let total = encodedCount(bytes.count)
        target.append(addingCapacity: total) { output in
            output.withUnsafeMutableBufferPointer { free, count in
                bytes.withUnsafeBytes { encode($0, into: UnsafeMutableRawBufferPointer(free)) }
                count = total
            }
        }
    }

    /// Appends what `characters` decode to, as strictly as `decode` does.
    ///
    /// - Throws: `Base64Error`; nothing is appended then.
    package static func append(decoding characters: Span<UInt8>, to target: inout [UInt8]) throws(Base64Error) {
        var result: Result<Int, Base64Error> = .success(0)
        target.append(addingCapacity: maximumDecodedCount(characters.count)) { output in
            output.withUnsafeMutableBufferPointer { free, count in
                characters.withUnsafeBytes { result = decode($0, into: UnsafeMutableRawBufferPointer(free)) }
                if case .success(let total) = result { count = total }
            }
        }
        _ = try result.get()
    }

    // MARK: Encoding

    private static func encode(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) {
        var (from, to) = (0, 0)
        pairs.withUnsafeBufferPointer { pairs in
            // Eight bytes are loaded although six are used, so the last group of six is left to the loop below.
            while from &+ 8 <= source.count {
                let word = UInt64(bigEndian: source.loadUnaligned(fromByteOffset: from, as: UInt64.self)) &>> 16
                let first = UInt64(pairs[Int(word &>> 36)]) | UInt64(pairs[Int(word &>> 24 & 0xFFF)]) &<< 16
                let last = UInt64(pairs[Int(word &>> 12 & 0xFFF)]) | UInt64(pairs[Int(word & 0xFFF)]) &<< 16
                target.storeBytes(of: (first | last &<< 32).littleEndian, toByteOffset: to, as: UInt64.self)
                from &+= 6
                to &+= 8
            }
        }
        while from < source.count {
            let count = min(3, source.count - from)
            var group: UInt64 = 0
            for index in 0..<count { group |= UInt64(source[from + index]) &<< UInt64(16 - 8 * index) }
            let four = letters(spread(group))  // 24 bits: the lower four lanes
            for index in 0..<4 {
                target[to + index] =
                    index <= count ? UInt8(truncatingIfNeeded: four &>> UInt64(24 - 8 * index)) : UInt8(ascii: "=")
            }
            from += count
            to += 4
        }
    }

    /// The two characters of each 12 bits, the first in the lower byte.
    private static let pairs: [UInt16] = (0..<4_096).map { bits in
        let two = letters(UInt64(bits >> 6) | UInt64(bits & 63) << 8)
        return UInt16(truncatingIfNeeded: two)
    }

    /// Spreads 48 bits over eight lanes of six: halves, quarters, eighths.
    @inline(__always)
    private static func spread(_ bits: UInt64) -> UInt64 {
        var x = bits
        x = (x & 0x0000_0000_00FF_FFFF) | ((x & 0x0000_FFFF_FF00_0000) &<< 8)
        x = (x & 0x0000_0FFF_0000_0FFF) | ((x & 0x00FF_F000_00FF_F000) &<< 4)
        x = (x & 0x003F_003F_003F_003F) | ((x & 0x0FC0_0FC0_0FC0_0FC0) &<< 2)
        return x
    }

    /// Lane by lane: 0...25 to A–Z, 26...51 to a–z, 52...61 to 0–9, 62 to +, 63 to /. No sum leaves its lane.
    @inline(__always)
    private static func letters(_ x: UInt64) -> UInt64 {
        var y = x &+ ones &* 65
        y &+= atLeast(26, x) &* 6
        y &-= atLeast(52, x) &* 75
        y &-= atLeast(62, x) &* 15
        y &+= atLeast(63, x) &* 3
        return y
    }

    // MARK: Decoding

    private static func decode(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
    ) -> Result<Int, Base64Error> {
        guard let count = unpaddedCount(source) else { return .failure(.invalidEnd) }
        let total = maximumDecodedCount(count)
        guard target.count >= total else { return .failure(.targetTooSmall) }
        var (from, to) = (0, 0)
        var bad: UInt64 = 0
        parts.withUnsafeBufferPointer { parts in
            // Eight bytes are stored although six count, so there must be room for two more.
            while from &+ 8 <= count, to &+ 8 <= total {
                let word = UInt64(littleEndian: source.loadUnaligned(fromByteOffset: from, as: UInt64.self))
                let first = group(UInt32(truncatingIfNeeded: word), parts)
                let last = group(UInt32(truncatingIfNeeded: word &>> 32), parts)
                bad |= UInt64((first | last) & notBase64)
                let six = UInt64(first) | UInt64(last) &<< 24
                target.storeBytes(of: six.littleEndian, toByteOffset: to, as: UInt64.self)
                from &+= 8
                to &+= 6
            }
        }
        while from < count {
            let part = min(4, count - from)
            var word: UInt64 = 0x4141_4141  // "AAAA": zero bits
            for index in 0..<part {
                let shift = UInt64(24 - 8 * index)
                word = word & ~(0xFF &<< shift) | UInt64(source[from + index]) &<< shift
            }
            let (x, wrong) = values(word | 0x4141_4141_0000_0000)
            bad |= wrong
            let bits = gather(x) & 0xFF_FFFF
            let bytes = part - 1
            for index in 0..<bytes { target[to + index] = UInt8(truncatingIfNeeded: bits &>> UInt64(16 - 8 * index)) }
            if bits & (0xFF_FFFF &>> UInt64(8 * bytes)) != 0, bad == 0 { return .failure(.invalidEnd) }
            from += part
            to += bytes
        }
        return bad == 0 ? .success(total) : .failure(.invalidByte)
    }

    /// Four characters, the first in the lowest byte, to three bytes in that order; with `notBase64` where one is no
    /// letter.
    @inline(__always)
    private static func group(_ four: UInt32, _ parts: UnsafeBufferPointer<UInt32>) -> UInt32 {
        parts[Int(four & 0xFF)] | parts[256 &+ Int(four &>> 8 & 0xFF)] | parts[512 &+ Int(four &>> 16 & 0xFF)]
            | parts[768 &+ Int(four &>> 24)]
    }

    private static let notBase64: UInt32 = 0x8000_0000

    /// What each character gives at each of the four places of a group.
    private static let parts: [UInt32] = (0..<4).flatMap { place in
        (0..<256).map { character -> UInt32 in
            let (value, wrong) = values(0x4141_4141_4141_4100 | UInt64(character))
            guard wrong == 0 else { return notBase64 }
            let bits = UInt32(truncatingIfNeeded: value & 63) << UInt32(18 - 6 * place)
            return bits >> 16 | bits & 0xFF00 | (bits & 0xFF) << 16
        }
    }

    /// Characters before the padding; nil when the padding or the count cannot be.
    private static func unpaddedCount(_ source: UnsafeRawBufferPointer) -> Int? {
        var count = source.count
        if count > 0, source[count - 1] == UInt8(ascii: "=") {
            guard count % 4 == 0 else { return nil }
            count -= source[count - 2] == UInt8(ascii: "=") ? 2 : 1
        }
        return count % 4 == 1 ? nil : count
    }

    /// Lane by lane: letters to 0...63, and a word that is not zero when one lane is no letter.
    @inline(__always)
    private static func values(_ c: UInt64) -> (values: UInt64, wrong: UInt64) {
        let high = c & (ones &* 0x80)
        let x = c & (ones &* 0x7F)
        let digit0 = atLeast(48, x)
        let plus = atLeast(43, x) &- atLeast(44, x)
        let slash = atLeast(47, x) &- digit0
        let digit = digit0 &- atLeast(58, x)
        let upper = atLeast(65, x) &- atLeast(91, x)
        let lower = atLeast(97, x) &- atLeast(123, x)
        let wrong = high | ((plus | slash | digit | upper | lower) ^ ones)
        // The lanes' sums are taken modulo 256; what a wrong lane does to its neighbours does not matter any more.
        let up = plus &* 19 &+ slash &* 16 &+ digit &* 4
        let down = upper &* 65 &+ lower &* 71
        return (x &+ up &- down, wrong)
    }

    /// The reverse of `spread`: eight lanes of six bits to 48 bits.
    @inline(__always)
    private static func gather(_ lanes: UInt64) -> UInt64 {
        var x = lanes
        x = (x & 0x003F_003F_003F_003F) | ((x & 0x3F00_3F00_3F00_3F00) &>> 2)
        x = (x & 0x0000_0FFF_0000_0FFF) | ((x & 0x0FFF_0000_0FFF_0000) &>> 4)
        x = (x & 0x0000_0000_00FF_FFFF) | ((x & 0x00FF_FFFF_0000_0000) &>> 8)
        return x
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101

    /// 1 in every lane whose value (0...127) is at least `limit`, else 0.
    @inline(__always)
    private static func atLeast(_ limit: UInt64, _ x: UInt64) -> UInt64 {
        ((x &+ ones &* (128 &- limit)) &>> 7) & ones
    }
}
