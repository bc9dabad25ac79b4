internal import NIOCore
import Testing
internal import VoiceEngineNet
internal import VoiceEngineNetSupport

@Suite struct HTTPStreamTests {
    final class Log {
        var entries: [String] = []
        func sink(_ event: HTTPStream.Event) {
            switch event {
            case .head(let head): entries.append("head \(head.status)")
            case .body(let bytes): entries.append("body \(String(buffer: bytes))")
            case .end: entries.append("end")
            case .failed(let error): entries.append("failed \(error)")
            }
        }
    }

    let network: ScriptedNetwork
    let log = Log()
    init() throws { network = try ScriptedNetwork() }

    private func send(_ path: String = "/x", body: String = "{}", headers: [(String, String)] = []) throws -> HTTPStream
    {
        network.client.send(
            HTTPRequest(
                "POST", try WebURL("http://server:81\(path)"), headers: HeaderList(headers), body: Array(body.utf8)),
            on: network.loop,
            timeouts: RequestTimeouts(connect: .seconds(3), firstByte: .seconds(5), idle: .seconds(4)),
            sink: log.sink)
    }

    private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

    @Test func sendsARequestAndStreamsTheAnswer() throws {
        _ = try send(headers: [("Authorization", "Bearer k")])
        let text = network.connections[0].takeText()
        #expect(text == "POST /x HTTP/1.1\r\nHost: server:81\r\nAuthorization: Bearer k\r\nContent-Length: 2\r\n\r\n{}")
        network.connections[0].answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        #expect(log.entries == ["head 200", "body abc"])
        network.connections[0].answer("2\r\nde\r\n0\r\n\r\n")
        #expect(log.entries == ["head 200", "body abc", "body de", "end"])
        #expect(network.client.counters.requests == 0)
    }

    @Test func aConnectionMadeAheadIsNotWaitedForLongerThanOneOfItsOwn() throws {
        network.behaviour = .never
        network.client.preconnect(try WebURL("http://server:81/").origin, on: network.loop)
        network.run()
        _ = try send()
        network.advance(.milliseconds(2_900))
        #expect(log.entries == [])
        network.advance(.milliseconds(200))
        #expect(log.entries == ["failed \(NetworkError.timeout(.connect))"])
        network.advance(.hours(2))
        #expect(network.client.counters.isQuiet)
    }

    @Test func aConnectionMadeAheadThatFailsIsReplaced() throws {
        network.behaviour = .never
        network.client.preconnect(try WebURL("http://server:81/").origin, on: network.loop)
        network.advance(.seconds(4))
        network.behaviour = .accept
        _ = try send()
        // The first attempt has had its five seconds.
        network.advance(.milliseconds(1_100))
        network.connections[0].answer(ok)
        #expect(log.entries == ["head 200", "body hi", "end"])
    }

    @Test func usesAConnectionAgain() throws {
        for _ in 0..<3 {
            _ = try send()
            network.connections[0].answer(ok)
        }
        #expect(network.connections.count == 1)
        #expect(network.client.counters.requestsOnReusedConnections == 2)
        network.advance(.seconds(51))
        #expect(network.client.counters.isQuiet)
    }

    @Test func closesWhatTheServerWillClose() throws {
        _ = try send()
        network.connections[0].answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        network.run()
        #expect(log.entries == ["head 200", "end"])
        #expect(network.client.counters.isQuiet)
    }

    @Test func retriesOnceWhenAPooledConnectionDiedBeforeTheAnswer() throws {
        _ = try send()
        network.connections[0].answer(ok)
        log.entries = []
        _ = try send("/again")
        network.connections[0].cut()
        #expect(network.connections.count == 2)
        #expect(network.connections[1].takeText().hasPrefix("POST /again "))
        network.connections[1].cut()
        network.run()
        #expect(log.entries == ["failed the server closed the connection before it answered"])
        #expect(network.client.counters.isQuiet)
    }

    @Test func forgetsAnIdleConnectionThatDies() throws {
        _ = try send()
        network.connections[0].answer(ok)
        network.connections[0].cut()
        _ = try send()
        #expect(network.connections.count == 2)
    }

    @Test func anAnswerNobodyAskedForEndsAnIdleConnection() throws {
        _ = try send()
        network.connections[0].answer(ok)
        network.connections[0].answer(ok)
        #expect(!network.connections[0].isOpen)
        #expect(log.entries == ["head 200", "body hi", "end"])
    }

    @Test func aClosedClientIsNotKeptByItsPools() throws {
        weak var client: NetworkClient?
        do {
            let other = try ScriptedNetwork()
            client = other.client
            other.client.preconnect(try WebURL("http://server:81/").origin, on: other.loop)
            other.run()
            #expect(other.connections.count == 1)
            other.client.closeIdleConnections()
            other.client.preconnect(try WebURL("http://server:82/").origin, on: other.loop)
            other.run()
            #expect(other.connections.allSatisfy { !$0.isOpen })
        }
        #expect(client == nil)
    }

    @Test func takesOverAConnectionThatIsBeingWarmed() throws {
        let origin = try WebURL("http://server:81").origin
        network.client.preconnect(origin, on: network.loop)
        network.client.preconnect(origin, on: network.loop)
        network.run()
        #expect(network.connections.count == 1)
        _ = try send()
        #expect(network.connections.count == 1)
        network.connections[0].answer(ok)
        #expect(log.entries.last == "end")
        network.client.closeIdleConnections()
        network.run()
        #expect(network.client.counters.isQuiet)
    }

    @Test func reportsEachFailure() throws {
        network.behaviour = .refuse
        _ = try send()
        network.run()
        network.behaviour = .never
        _ = try send()
        network.advance(.seconds(3))
        network.behaviour = .accept
        _ = try send()
        network.advance(.seconds(5))
        _ = try send()
        network.connections[1].answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
        network.advance(.seconds(4))
        _ = try send()
        network.connections[2].answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
        network.connections[2].cut()
        _ = try send()
        network.connections[3].answer("SSH-2.0-OpenSSH\r\n")
        _ = try send(headers: [("Authorization", "Bearer secret\r\nX: y")])
        network.run()
        let failures = log.entries.filter { $0.hasPrefix("failed") }
        #expect(failures.count == 7)
        #expect(failures[0].contains("cannot connect to server:81"))
        #expect(failures[1] == "failed timed out while connecting")
        #expect(failures[2] == "failed timed out while waiting for an answer")
        #expect(failures[3] == "failed timed out while waiting for more of the answer")
        #expect(failures[4] == "failed the server closed the connection in the middle of its answer")
        #expect(failures[5].hasPrefix("failed the server broke the protocol: not an HTTP answer"))
        #expect(failures[6] == "failed the header Authorization holds characters that a header cannot carry")
        network.advance(.hours(2))
        #expect(network.client.counters.isQuiet)
    }

    @Test func refusesAHeaderWithoutEnd() throws {
        _ = try send()
        network.connections[0].answer("HTTP/1.1 200 OK\r\nX: ")
        for _ in 0..<20 { network.connections[0].answer([UInt8](repeating: 0x61, count: 8_192)) }
        network.run()
        #expect(log.entries.count == 1)
        #expect(log.entries[0].hasPrefix("failed the server broke the protocol"))
        #expect(network.client.counters.isQuiet)
    }

    @Test func cancelClosesTheConnectionAndEndsTheReports() throws {
        let stream = try send()
        network.connections[0].answer("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nab")
        stream.cancel()
        stream.cancel()
        network.run()
        #expect(log.entries == ["head 200", "body ab"])
        #expect(!network.connections[0].isOpen)
        #expect(network.client.counters.isQuiet)
    }

    @Test func cancelWhileConnectingKeepsTheConnectionForOthers() throws {
        network.behaviour = .refuse
        let failing = try send()
        failing.cancel()
        network.run()
        #expect(log.entries.isEmpty)
        #expect(network.client.counters.isQuiet)
    }

    @Test func holdingReadsStopsTheClockOfTheAnswer() throws {
        let stream = try send()
        network.connections[0].answer("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
        stream.holdReads(true)
        #expect(!network.connections[0].isRead)
        network.advance(.seconds(30))
        stream.holdReads(false)
        #expect(network.connections[0].isRead)
        network.connections[0].answer("cd")
        #expect(log.entries == ["head 200", "body ab", "body cd", "end"])
    }

    @Test func anySplitOfTheAnswerReadsAlike() throws {
        let answer = Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n".utf8)
        for cut in 1..<answer.count {
            log.entries = []
            _ = try send()
            let connection = network.connections[network.connections.count - 1]
            connection.answer(Array(answer[..<cut]))
            connection.answer(Array(answer[cut...]))
            let text = log.entries.filter { $0.hasPrefix("body ") }.map { $0.dropFirst(5) }.joined()
            #expect(text == "abcde", "cut at \(cut)")
            #expect(log.entries.last == "end")
        }
    }
}
