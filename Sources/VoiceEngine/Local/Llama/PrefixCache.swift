/// What the sequences of a language model hold, and what a new text can keep of it. Pure.
///
/// A model evaluates 100 tokens a second on two cores; a prompt has hundreds. So each text begins where one that was
/// evaluated before is the same: the agent's fixed prompt (pinned, evaluated once at load), or the conversation so far.
struct PrefixCache {
    /// How a text is to be brought into a sequence.
    struct Plan: Equatable {
        /// Where the text goes.
        let sequence: Int
        /// The sequence whose beginning it shares, if that is another one.
        let source: Int?
        /// [tokens] of the beginning that need no evaluation. Less than the text has: the last token's result is
        /// wanted.
        let kept: Int
    }

    private struct Entry {
        var tokens: [Int32] = []
        var owner: String?
        var isPinned = false
        var lastUse = 0
    }

    private var entries: [Entry]
    private var uses = 0
    /// Prompts stay until there are too many of them; the others are for conversations.
    private let pinLimit: Int

    /// - Parameter sequences: At least 2.
    init(sequences: Int) {
        entries = Array(repeating: Entry(), count: max(2, sequences))
        pinLimit = entries.count / 2
    }

    /// Chooses a sequence for a text: the owner's own, else an empty one, else the one that was not used for longest.
    ///
    /// - Parameter owner: The conversation that the text belongs to; it takes its own place again.
    mutating func plan(for tokens: [Int32], owner: String) -> Plan {
        uses += 1
        let target = place(for: owner, pinned: false)
        let shared = entries.map { Self.commonPrefix($0.tokens, tokens) }
        var source = target
        for index in shared.indices where shared[index] > shared[source] { source = index }
        let kept = min(shared[source], max(0, tokens.count - 1))
        if source != target, entries[source].isPinned { entries[source].lastUse = uses }
        entries[target] = Entry(tokens: Array(tokens[..<kept]), owner: owner, isPinned: false, lastUse: uses)
        return Plan(sequence: target, source: source == target || kept == 0 ? nil : source, kept: kept)
    }

    /// Chooses a sequence for a fixed prompt, or nil if it is there already.
    mutating func planPinned(_ tokens: [Int32]) -> Plan? {
        uses += 1
        if let index = entries.firstIndex(where: { $0.isPinned && $0.tokens == tokens }) {
            entries[index].lastUse = uses
            return nil
        }
        let target = place(for: nil, pinned: true)
        entries[target] = Entry(tokens: [], owner: nil, isPinned: true, lastUse: uses)
        return Plan(sequence: target, source: nil, kept: 0)
    }

    /// Tokens that a sequence holds from now on, after those it has.
    mutating func appended(_ tokens: some Sequence<Int32>, to sequence: Int) {
        entries[sequence].tokens += tokens
    }

    /// A sequence was emptied: what it holds is not known any more, or its room was needed.
    mutating func forgot(_ sequence: Int) { entries[sequence] = Entry() }

    /// The sequence to empty when there is no room: the conversation not used for longest, then a prompt.
    func victim(besides sequence: Int) -> Int? {
        let candidates = entries.indices.filter { $0 != sequence && !entries[$0].tokens.isEmpty }
        return candidates.min { order(entries[$0]) < order(entries[$1]) }
    }

    func count(in sequence: Int) -> Int { entries[sequence].tokens.count }

    // MARK: -

    private func place(for owner: String?, pinned: Bool) -> Int {
        if let owner, let own = entries.firstIndex(where: { $0.owner == owner }) { return own }
        let pins = entries.indices.filter { entries[$0].isPinned }
        let usable = pinned && pins.count >= pinLimit ? pins : entries.indices.filter { !entries[$0].isPinned }
        let empty = usable.first { entries[$0].tokens.isEmpty && !entries[$0].isPinned }
        return empty ?? usable.min { entries[$0].lastUse < entries[$1].lastUse } ?? 0
    }

    private func order(_ entry: Entry) -> (Int, Int) { (entry.isPinned ? 1 : 0, entry.lastUse) }

    private static func commonPrefix(_ a: [Int32], _ b: [Int32]) -> Int {
        let limit = min(a.count, b.count)
        return (0..<limit).first { a[$0] != b[$0] } ?? limit
    }
}
