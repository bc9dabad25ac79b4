/// Tool calls that outlived their reply: their results join the conversation when they come. Pure.
package struct LateToolCalls: Equatable {
    package struct Entry: Equatable, Sendable {
        package let id: String
        /// Afterwards the tool has not answered.
        package let deadline: Instant

        package init(id: String, deadline: Instant) {
            self.id = id
            self.deadline = deadline
        }
    }

    /// Calls that may be under way; a caller who interrupts without end makes more.
    package static let capacity = 64

    private var entries: [Entry] = []

    package init() {}

    /// When the next one is given up.
    package var wake: Instant? { entries.map(\.deadline).min() }

    package func knows(id: String) -> Bool { entries.contains { $0.id == id } }

    /// - Returns: false when too many are under way already.
    package mutating func add(_ entry: Entry) -> Bool {
        guard entries.count < Self.capacity else { return false }
        entries.append(entry)
        return true
    }

    /// - Returns: Whether somebody waits for the result of this call.
    package mutating func answered(id: String) -> Bool {
        guard let index = entries.firstIndex(where: { $0.id == id }) else { return false }
        entries.remove(at: index)
        return true
    }

    /// - Returns: The calls that have not answered in time, by id.
    package mutating func expired(at now: Instant) -> [String] {
        let late = entries.filter { $0.deadline <= now }.map(\.id)
        entries.removeAll { $0.deadline <= now }
        return late
    }
}
