import Glibc
import NIOCore
import NIOPosix
import Synchronization
import VoiceEngineNetSupport

@testable import VoiceEngineNet

/// A channel on one end of a pair of sockets; the other end is the test's, to be written to, read and closed at will.
final class SocketLine: Sendable {
    let channel: any Channel
    private let far: Mutex<Int32?>
    private let ear: ChannelEar

    private init(_ channel: any Channel, far: Int32, ear: ChannelEar) {
        self.channel = channel
        self.far = Mutex(far)
        self.ear = ear
    }

    deinit { hangUp() }

    /// - Parameter overTCP: Through the loopback interface, so that the far end can break the connection off.
    static func open(on loop: any EventLoop, overTCP: Bool = false) async throws -> SocketLine {
        let (near, far) = try overTCP ? connectedPair() : unnamedPair()
        let ear = ChannelEar()
        let channel = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(ear) }
            }
            .withConnectedSocket(near).get()
        return SocketLine(channel, far: far, ear: ear)
    }

    private static func unnamedPair() throws -> (near: Int32, far: Int32) {
        var pair: [Int32] = [0, 0]
        try check(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair), "socketpair")
        return (pair[0], pair[1])
    }

    private static func connectedPair() throws -> (near: Int32, far: Int32) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Glibc.close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let far = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try withUnsafeMutablePointer(to: &address) { address in
            try address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                try check(bind(listener, address, length), "bind")
                try check(Glibc.listen(listener, 1), "listen")
                try check(getsockname(listener, address, &length), "getsockname")
                try check(connect(far, address, length), "connect")
            }
        }
        let near = accept(listener, nil, nil)
        try check(near, "accept")
        return (near, far)
    }

    private static func check(_ result: Int32, _ call: String) throws {
        if result < 0 { throw IOError(errnoCode: errno, reason: call) }
    }

    /// Called on the loop after each read.
    func onRead(_ body: (@Sendable () -> Void)?) { ear.onRead(body) }

    var heard: [UInt8] { ear.bytes }
    var ends: Int { ear.ends }

    /// What came in, once it is so long or the channel has ended.
    func heard(_ count: Int) async throws -> [UInt8] {
        try await ear.bytes(on: channel.eventLoop, within: .seconds(60)) { bytes, _ in bytes.count >= count }
    }

    func end() async throws {
        _ = try await ear.bytes(on: channel.eventLoop, within: .seconds(60)) { _, hasEnded in hasEnded }
    }

    // MARK: The far end

    /// Waits until the socket has taken all.
    func say(_ bytes: [UInt8]) {
        guard let far = far.withLock({ $0 }) else { return }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(far, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// What the channel wrote; waits for that much of it.
    func listen(_ count: Int) -> [UInt8] {
        guard let far = far.withLock({ $0 }) else { return [] }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < count {
            let read = piece.withUnsafeMutableBytes {
                Glibc.read(far, $0.baseAddress, min($0.count, count - bytes.count))
            }
            guard read > 0 else { break }
            bytes += piece[..<read]
        }
        return bytes
    }

    /// Over TCP: with a reset instead of an end; what was not read is lost.
    func breakOff() {
        var now = linger(l_onoff: 1, l_linger: 0)
        far.withLock { descriptor in
            if let descriptor {
                setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
            }
        }
        hangUp()
    }

    func hangUp() {
        far.withLock { descriptor in
            if let descriptor { Glibc.close(descriptor) }
            descriptor = nil
        }
    }
}
