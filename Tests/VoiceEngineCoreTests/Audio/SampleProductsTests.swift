import Testing

import VoiceEngineCore

@Suite struct SampleProductsTests {
    private func sum(_ x: [Int16], _ y: [Int16]) -> Int64 {
        x.withUnsafeBufferPointer { x in y.withUnsafeBufferPointer { SampleProducts.sum(x, $0) } }
    }

    private func plain(_ x: [Int16], _ y: [Int16]) -> Int64 {
        zip(x, y).reduce(0) { $0 + Int64($1.0) * Int64($1.1) }
    }

    @Test func everyCountIsExact() {
        var random = SeededRandom(seed: 7)
        for count in 0..<200 {
            let x = (0..<count).map { _ in Int16.random(in: .min ... .max, using: &random) }
            let y = (0..<count + 3).map { _ in Int16.random(in: .min ... .max, using: &random) }
            #expect(sum(x, y) == plain(x, y), "\(count) samples")
            #expect(sum(y, x) == plain(x, y), "\(count) samples")
        }
    }

    @Test(arguments: [
        (Int16.min, Int16.min), (.min, .max), (.max, .max), (-1, 1), (0, .min), (1, 1), (181, 181), (256, 256),
        (256, -256),
    ])
    func theLoudestAreExactHoweverLong(_ x: Int16, _ y: Int16) {
        for count in [1, 2, 80, 480, 65_535, 65_536, 65_537, 200_001] {
            let expected = Int64(count) * Int64(x) * Int64(y)
            #expect(sum(Array(repeating: x, count: count), Array(repeating: y, count: count)) == expected)
        }
    }
}
