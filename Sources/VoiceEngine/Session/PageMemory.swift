internal import Glibc

/// Memory of which the system provides the pages that are touched, and takes them back at the end. The heap would reuse
/// pages that somebody else has touched, all of them.
final class PageMemory {
    private enum Source { case mapping, heap }

    let bytes: UnsafeMutableRawBufferPointer
    private let source: Source

    /// - Parameter capacity: [bytes] at least 1.
    init(capacity: Int) {
        let pages = mmap(nil, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        if let pages, pages != MAP_FAILED {
            bytes = UnsafeMutableRawBufferPointer(start: pages, count: capacity)
            source = .mapping
        } else {
            // A process may have some 65,000 mappings.
            bytes = .allocate(byteCount: capacity, alignment: 16)
            source = .heap
        }
    }

    deinit {
        switch source {
        case .mapping: munmap(bytes.baseAddress, bytes.count)
        case .heap: bytes.deallocate()
        }
    }
}
