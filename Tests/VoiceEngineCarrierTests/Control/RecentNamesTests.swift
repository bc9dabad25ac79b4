import Testing

@testable import VoiceEngineCarrier

@Suite struct RecentNamesTests {
    @Test func theOldestAreForgotten() {
        var names = RecentNames(most: 3)
        #expect(["a", "b", "a", "c", "d", "b"].map { names.insert($0) } == [true, true, false, true, true, false])
        #expect(["a", "b", "c", "d"].map { names.contains($0) } == [false, true, true, true])
        #expect(["e", "f", "g", "a"].map { names.insert($0) } == [true, true, true, true])
        #expect(["b", "c", "d", "e", "f", "g", "a"].filter { names.contains($0) } == ["f", "g", "a"])
    }
}
