import Testing

@testable import VoiceEngineLocal

@Suite("Prefix cache")
struct PrefixCacheTests {
    /// Brings a text in as `LlamaModel` does.
    private static func use(_ cache: inout PrefixCache, _ tokens: [Int32], _ owner: String) -> PrefixCache.Plan {
        let plan = cache.plan(for: tokens, owner: owner)
        cache.appended(tokens[plan.kept...], to: plan.sequence)
        return plan
    }

    @Test("nothing is kept of nothing")
    func empty() {
        var cache = PrefixCache(sequences: 4)
        #expect(cache.plan(for: [1, 2, 3], owner: "a") == .init(sequence: 0, source: nil, kept: 0))
        #expect(cache.victim(besides: 0) == nil)
    }

    @Test("a conversation keeps its own beginning, but evaluates at least the last token")
    func ownBeginning() {
        var cache = PrefixCache(sequences: 4)
        _ = Self.use(&cache, [1, 2, 3], "a")
        #expect(Self.use(&cache, [1, 2, 3, 4], "a") == .init(sequence: 0, source: nil, kept: 3))
        #expect(Self.use(&cache, [1, 2, 9], "a") == .init(sequence: 0, source: nil, kept: 2))
        #expect(Self.use(&cache, [1, 2, 9], "a") == .init(sequence: 0, source: nil, kept: 2))
        #expect(cache.count(in: 0) == 3)
    }

    @Test("a new conversation begins after the pinned prompt")
    func pinned() throws {
        var cache = PrefixCache(sequences: 4)
        let pinned = cache.planPinned([1, 2, 3])
        let prompt = try #require(pinned)
        cache.appended([1, 2, 3], to: prompt.sequence)
        let again = cache.planPinned([1, 2, 3])
        #expect(again == nil)
        let first = Self.use(&cache, [1, 2, 3, 7], "a")
        #expect(first == .init(sequence: 1, source: prompt.sequence, kept: 3))
        let second = Self.use(&cache, [1, 2, 3, 8], "b")
        #expect(second == .init(sequence: 2, source: prompt.sequence, kept: 3))
        #expect(cache.count(in: prompt.sequence) == 3)
    }

    @Test("the conversation not used for longest gives its place, a prompt does not")
    func replacement() throws {
        var cache = PrefixCache(sequences: 3)
        let pinned = cache.planPinned([1, 2])
        let prompt = try #require(pinned)
        cache.appended([1, 2], to: prompt.sequence)
        let a = Self.use(&cache, [1, 2, 3], "a").sequence
        let b = Self.use(&cache, [1, 2, 4], "b").sequence
        _ = Self.use(&cache, [1, 2, 3, 5], "a")
        #expect(Self.use(&cache, [1, 2, 6], "c").sequence == b)
        #expect(Self.use(&cache, [1, 2, 7], "d").sequence == a)
        let again = cache.planPinned([1, 2])
        #expect(again == nil)
    }

    @Test("when room is short, conversations go before prompts")
    func victims() throws {
        var cache = PrefixCache(sequences: 4)
        let pinned = cache.planPinned([1, 2])
        let prompt = try #require(pinned)
        cache.appended([1, 2], to: prompt.sequence)
        let a = Self.use(&cache, [1, 2, 3], "a").sequence
        let b = Self.use(&cache, [1, 2, 4], "b").sequence
        #expect(cache.victim(besides: b) == a)
        cache.forgot(a)
        #expect(cache.victim(besides: b) == prompt.sequence)
        cache.forgot(prompt.sequence)
        #expect(cache.victim(besides: b) == nil)
    }

    @Test("prompts take half of the places at most")
    func pinLimit() throws {
        var cache = PrefixCache(sequences: 4)
        for prompt in 1...5 {
            let pinned = cache.planPinned([Int32(prompt), 0])
            let plan = try #require(pinned)
            cache.appended([Int32(prompt), 0], to: plan.sequence)
        }
        #expect(cache.planPinned([5, 0]) == nil)
        #expect(cache.planPinned([4, 0]) == nil)
        #expect(cache.planPinned([1, 0]) != nil)
        #expect(Self.use(&cache, [9, 9], "a").kept == 0)
    }
}

@Suite("Character assembler")
struct CharacterAssemblerTests {
    @Test(
        "any split of a text gives the same text, in whole characters",
        arguments: ["plain", "Grüße", "日本語 text", "a👩‍👩‍👧b", "é"])
    func splits(_ text: String) {
        let bytes = Array(text.utf8)
        for size in 1...bytes.count {
            var assembler = CharacterAssembler()
            var result = ""
            for start in stride(from: 0, to: bytes.count, by: size) {
                let piece = assembler.append(bytes[start..<min(start + size, bytes.count)])
                #expect(!piece.contains("\u{FFFD}"))
                result += piece
            }
            #expect(result + assembler.finish() == text)
        }
    }

    @Test("bytes that are no text are replaced, not kept for ever")
    func damage() {
        var assembler = CharacterAssembler()
        #expect(assembler.append([0xFF, 0x41]) == "\u{FFFD}A")
        #expect(assembler.append([0x80, 0x80, 0x80, 0x80, 0x80]) == String(repeating: "\u{FFFD}", count: 5))
        #expect(assembler.append([0xE6, 0x97]) == "")
        #expect(assembler.finish() == "\u{FFFD}")
        #expect(assembler.finish() == "")
    }
}
