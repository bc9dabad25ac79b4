#if canImport(Glibc)
    internal import Glibc
#endif

/// An IP address, or all that begin with the same bits: `10.0.0.0/8`, `2001:db8::/32`, `127.0.0.1`. Pure.
package struct AddressRange: Equatable, Sendable {
    /// 127.0.0.0/8 and ::1.
    package static let loopback = [AddressRange("127.0.0.0/8"), AddressRange("::1")].compactMap { $0 }

    /// 4 or 16 bytes.
    private let network: [UInt8]
    private let bits: Int

    /// nil for what is neither an address nor a range.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let network = parts.first.flatMap({ Self.bytes(of: String($0)) }) else { return nil }
        guard parts.count == 2 else {
            self.init(network: network, bits: network.count * 8)
            return
        }
        guard let bits = Int(parts[1]), (0...network.count * 8).contains(bits) else { return nil }
        self.init(network: network, bits: bits)
    }

    private init(network: [UInt8], bits: Int) {
        self.network = network
        self.bits = bits
    }

    /// - Parameter address: As `bytes(of:)` returns it.
    package func contains(_ address: [UInt8]) -> Bool {
        guard address.count == network.count else { return false }
        let whole = bits / 8
        guard address[..<whole] == network[..<whole] else { return false }
        guard bits % 8 > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF00 >> (bits % 8))
        return address[whole] & mask == network[whole] & mask
    }

    /// The bytes of an address, nil for a name; an IPv4 address in IPv6 form is the IPv4 address.
    package static func bytes(of text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes[..<4]) }
        guard inet_pton(AF_INET6, text, &bytes) == 1 else { return nil }
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
        return bytes.starts(with: mapped) ? Array(bytes[12...]) : bytes
    }
}
