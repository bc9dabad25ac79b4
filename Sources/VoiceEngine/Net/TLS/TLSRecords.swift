internal import COpenSSL
internal import NIOCore

/// The records of one connection on their way to and from OpenSSL, where they lie: what was received is read out of the
/// channel's own buffer, what is to be sent is written into the buffer that the channel gets. OpenSSL's memory BIOs
/// copy both once more and keep the longest of either as long as the connection lives, tens of KB a call.
///
/// - Important: Confined to the channel's event loop. Outlives the `SSL` that it is connected to.
final class TLSRecords {
    private var received = ByteBuffer()
    private var toSend = ByteBuffer()

    /// [bytes] Received, and not taken by OpenSSL yet.
    var unread: Int { received.readableBytes }

    /// Reads and writes of this SSL are ours from now on.
    ///
    /// - Returns: false when OpenSSL has no memory.
    func connect(to ssl: OpaquePointer) -> Bool {
        guard let method = Self.method.pointer, let bio = BIO_new(method) else { return false }
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        SSL_set_bio(ssl, bio, bio)  // takes it over
        return true
    }

    func append(_ bytes: ByteBuffer) {
        if received.readableBytes == 0 { return received = bytes }
        received.writeImmutableBuffer(bytes)
    }

    /// Nothing of what was received is kept once OpenSSL has taken it.
    func releaseRead() {
        if received.readableBytes == 0 { received = ByteBuffer() }
    }

    /// - Returns: What OpenSSL has written since the last time; nil when that is nothing.
    func takeWritten() -> ByteBuffer? {
        guard toSend.readableBytes > 0 else { return nil }
        defer { toSend = ByteBuffer() }
        return toSend
    }

    // MARK: Called by OpenSSL

    private func read(into target: UnsafeMutableRawBufferPointer) -> Int {
        received.readWithUnsafeReadableBytes { bytes in
            let taken = bytes.prefix(target.count)
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: taken))
            return taken.count
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) { toSend.writeBytes(bytes) }

    private static func of(_ bio: OpaquePointer) -> TLSRecords? {
        BIO_get_data(bio).map { Unmanaged<TLSRecords>.fromOpaque($0).takeUnretainedValue() }
    }

    /// One for the process and never freed, as connections may be there until it ends.
    ///
    /// - Important: `@unchecked` because OpenSSL only reads it.
    private struct Method: @unchecked Sendable {
        let pointer: OpaquePointer?
    }

    private static let method = Method(pointer: makeMethod())

    /// OpenSSL tells kinds of BIOs apart by a number; that of memory is the nearest, and takes none of the process's.
    private static func makeMethod() -> OpaquePointer? {
        guard let method = BIO_meth_new(BIO_TYPE_MEM, "voice engine records") else { return nil }
        let isComplete =
            BIO_meth_set_read(method) { bio, target, count in
                guard let bio, let target, let records = TLSRecords.of(bio) else { return -1 }
                voice_bio_clear_retry(bio)
                let space = UnsafeMutableRawBufferPointer(start: target, count: Int(max(count, 0)))
                let taken = records.read(into: space)
                if taken > 0 || count <= 0 { return Int32(taken) }
                // No more yet, which is not the end.
                voice_bio_set_retry_read(bio)
                return -1
            } == 1
            && BIO_meth_set_write(method) { bio, source, count in
                guard let bio, let source, let records = TLSRecords.of(bio) else { return -1 }
                voice_bio_clear_retry(bio)
                records.write(UnsafeRawBufferPointer(start: source, count: Int(max(count, 0))))
                return max(count, 0)
            } == 1
            && BIO_meth_set_ctrl(method) { _, command, _, _ in
                // Flushed: everything is written as soon as it comes. Nothing else is known here.
                command == Int32(BIO_CTRL_FLUSH) ? 1 : 0
            } == 1
        return isComplete ? method : nil
    }
}
