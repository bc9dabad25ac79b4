import Testing

import VoiceEngineCore

@Suite struct L16Tests {
    private let samples: [Int16] = [0, 1, -1, 0x1234, .min, .max]
    private let bigEndian: [UInt8] = [0, 0, 0, 1, 0xFF, 0xFF, 0x12, 0x34, 0x80, 0x00, 0x7F, 0xFF]
    private let littleEndian: [UInt8] = [0, 0, 1, 0, 0xFF, 0xFF, 0x34, 0x12, 0x00, 0x80, 0xFF, 0x7F]

    @Test func writesBothByteOrders() {
        var bytes = [UInt8](repeating: 9, count: 12)
        var target = bytes.mutableSpan
        #expect(L16.encodeBigEndian(samples.span, into: &target) == 12)
        #expect(bytes == bigEndian)
        target = bytes.mutableSpan
        #expect(L16.encodeLittleEndian(samples.span, into: &target) == 12)
        #expect(bytes == littleEndian)
    }

    @Test func readsBothByteOrders() {
        var read = [Int16](repeating: 9, count: 6)
        var target = read.mutableSpan
        #expect(L16.decodeBigEndian(bigEndian.span, into: &target) == 6)
        #expect(read == samples)
        target = read.mutableSpan
        #expect(L16.decodeLittleEndian(littleEndian.span, into: &target) == 6)
        #expect(read == samples)
    }

    @Test func leavesATornSampleAlone() {
        var read: [Int16] = [9, 9]
        var target = read.mutableSpan
        #expect(L16.decodeLittleEndian(([1, 0, 5] as [UInt8]).span, into: &target) == 1)
        #expect(read == [1, 9])
        var bytes: [UInt8] = [9, 9, 9]
        var room = bytes.mutableSpan
        #expect(L16.encodeLittleEndian(([1, 2] as [Int16]).span, into: &room) == 2)
        #expect(bytes == [1, 0, 9])
    }
}
