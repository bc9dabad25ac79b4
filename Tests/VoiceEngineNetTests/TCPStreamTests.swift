internal import NIOCore
import Testing
internal import VoiceEngineNet
internal import VoiceEngineNetSupport

@Suite struct TCPStreamTests {
    final class Log {
        var entries: [String] = []
        func sink(_ event: TCPStream.Event) {
            switch event {
            case .open: entries.append("open")
            case .bytes(let bytes): entries.append("bytes " + String(buffer: bytes))
            case .closed: entries.append("closed")
            case .failed(let error): entries.append("failed \(error)")
            }
        }
        func take() -> [String] {
            defer { entries = [] }
            return entries
        }
    }

    let network: ScriptedNetwork
    let log = Log()
    init() throws { network = try ScriptedNetwork { $0.maximumQueuedBytes = 10 } }

    private func open() throws -> TCPStream {
        network.client.openStream(
            try WebURL("http://voice:10300").origin, on: network.loop, timeout: .seconds(2), sink: log.sink)
    }

    @Test func sendsAndReceives() throws {
        let stream = try open()
        network.run()
        #expect(log.take() == ["open"] && stream.isOpen)
        let server = network.connections[0]
        #expect(server.origin.description == "voice:10300" && !server.origin.isSecure)
        #expect(stream.send(Array("hello".utf8)))
        #expect(server.takeText() == "hello")
        server.answer("a")
        server.answer("b")
        #expect(log.take() == ["bytes a", "bytes b"])
        server.cut()
        #expect(log.take() == ["closed"])
        #expect(!stream.send([1]))
        #expect(network.client.counters.isQuiet)
    }

    @Test func queuesUntilItIsOpenAndRefusesBeyondTheLimit() throws {
        network.behaviour = .never
        let stream = try open()
        #expect(stream.send(Array("0123456789".utf8)))
        #expect(!stream.send([1]))
        #expect(stream.queuedBytes == 10)
        network.advance(.seconds(2))
        #expect(log.take() == ["failed timed out while connecting"])
        #expect(stream.queuedBytes == 0)
        #expect(network.client.counters.streams == 0)
    }

    @Test func holdsReadsAlsoBeforeItIsOpen() throws {
        let stream = try open()
        stream.holdReads(true)
        network.run()
        #expect(!network.connections[0].isRead)
        stream.holdReads(false)
        #expect(network.connections[0].isRead)
        stream.abort()
        network.run()
        #expect(network.client.counters.isQuiet)
    }

    @Test func reportsARefusedConnectionOutsideOfTheCall() throws {
        network.behaviour = .refuse
        _ = try open()
        #expect(log.take() == [])
        network.run()
        #expect(log.take().first?.hasPrefix("failed cannot connect to voice:10300") == true)
        #expect(network.client.counters.isQuiet)
    }

    @Test func abortIsSilentAndCloses() throws {
        let stream = try open()
        network.run()
        _ = log.take()
        stream.abort()
        #expect(!network.connections[0].isOpen)
        stream.abort()
        network.advance(.minutes(1))
        #expect(log.take() == [])
        #expect(network.client.counters.isQuiet)
    }
}
