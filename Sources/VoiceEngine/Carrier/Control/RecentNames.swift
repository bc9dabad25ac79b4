/// The names that came last, up to a number. Pure.
struct RecentNames: Sendable {
    private let most: Int
    private var names: Set<String> = []
    /// A ring, in the order in which they came.
    private var order: [String] = []
    private var next = 0

    init(most: Int) { self.most = max(1, most) }

    func contains(_ name: String) -> Bool { names.contains(name) }

    /// - Returns: false for one that is remembered already.
    @discardableResult
    mutating func insert(_ name: String) -> Bool {
        guard names.insert(name).inserted else { return false }
        guard order.count >= most else {
            order.append(name)
            return true
        }
        names.remove(order[next])
        order[next] = name
        next = (next + 1) % most
        return true
    }
}
