internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet

/// One connection to a Wyoming server: events out, events in. Confined to its loop.
///
/// Reports `open` once, then what the server says, then `failed` once and last. There are no request ids: who uses it
/// has one thing to do at a time, and stops it by closing.
final class WyomingConnection {
    enum Event {
        case open
        case received(WyomingWire.Received)
        case failed(ProviderError)
    }

    private let provider: String
    /// Who uses it now; may be another one than who made it. nil: closed.
    var sink: ((Event) -> Void)?
    private var stream: TCPStream?
    private var parser = WyomingParser()

    init(
        provider: String, address: WyomingAddress, network: NetworkClient, context: ProviderContext,
        role: ProviderRole, timeout: TimeAmount, sink: @escaping (Event) -> Void
    ) {
        self.provider = provider
        self.sink = sink
        stream = network.openStream(
            address.origin, on: context.eventLoop, timeout: timeout, opened: context.connects(role)
        ) { self.received($0) }
    }

    /// - Returns: false when it was not taken.
    @discardableResult
    func send(_ event: WyomingEvent) -> Bool { stream?.send(event.serialized()) ?? false }

    func holdReads(_ hold: Bool) { stream?.holdReads(hold) }

    /// Drops the connection; the sink is not called again.
    func close() {
        sink = nil
        stream?.abort()
        stream = nil
    }

    private func received(_ event: TCPStream.Event) {
        switch event {
        case .open: sink?(.open)
        case .bytes(let bytes):
            var events: [WyomingEvent] = []
            var fault: WyomingError?
            do throws(WyomingError) {
                try parser.append(bytes.readableBytesView) { events.append($0) }
            } catch { fault = error }
            for event in events { received(event) }
            if let fault { fail(.protocol, "sent what is not the Wyoming protocol: \(fault)") }
        case .closed: fail(.unavailable, "the server closed the connection")
        case .failed(let error): end(ProviderError(error, provider: provider, secret: nil))
        }
    }

    private func received(_ event: WyomingEvent) {
        guard sink != nil else { return }
        switch WyomingWire.decode(event) {
        case .ping(let answer): send(answer)
        case .wrong(let what): fail(.protocol, "sent \(what)")
        case .error(let text, let code):
            let what = ["reported an error", code, text].filter { !$0.isEmpty }.joined(separator: ": ")
            fail(.unavailable, Secret.redacted(nil, what))
        case let message: sink?(.received(message))
        }
    }

    private func fail(_ kind: ProviderError.Kind, _ text: String) {
        end(ProviderError(kind, provider: provider, detail: text))
    }

    private func end(_ error: ProviderError) {
        let report = sink
        close()
        report?(.failed(error))
    }
}
