/// How many TLS handshakes are begun in a second: each costs a loop that paces audio up to a millisecond. Pure.
struct HandshakeRate {
    private let most: Int
    private var second: Int64 = .min
    private var begun = 0

    /// - Parameter most: In one second; 0: any.
    init(most: Int) { self.most = most }

    /// - Parameter second: Of any clock that goes forward.
    /// - Returns: Whether one more may begin.
    mutating func take(in second: Int64) -> Bool {
        guard most > 0 else { return true }
        if second != self.second { (self.second, begun) = (second, 0) }
        guard begun < most else { return false }
        begun += 1
        return true
    }
}
