import Testing

@testable import VoiceEngineCore

@Suite struct ProcessorListTests {
    @Test(arguments: [
        ("0", [0]), ("2", [2]), ("0,2", [0, 2]), ("4-7", [4, 5, 6, 7]), ("0-1,8", [0, 1, 8]), ("3,1", [3, 1]),
        ("5-5", [5]), ("1,1", [1, 1]), ("007", [7]), ("1023", [1_023]), ("0-63", Array(0..<64)),
    ])
    func isReadAsTasksetDoes(text: String, numbers: [Int]) throws {
        #expect(try ProcessorList(text).numbers == numbers)
    }

    @Test(arguments: [
        "", " ", "a", "1,", ",1", "1,,2", "-1", "1-", "-", "3-1", "1-2-3", "+1", "1 ", "1.5", "1024", "0-64", "٣",
        "0-1023", "0-40,50-90", "99999999999999999999", "0-99999999999999999999",
    ])
    func anythingElseIsRefused(text: String) {
        #expect(throws: ProcessorList.Malformed.self) { try ProcessorList(text) }
    }

    @Test func loopsGoRound() throws {
        let list = try ProcessorList("4,6")
        #expect((0..<5).map { list[$0] } == [4, 6, 4, 6, 4])
    }
}
