internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet

/// How a voice is reached: `transport` of the document.
enum VoiceTransport: String, CaseIterable, Sendable {
    /// The WebSocket; HTTP where and while it cannot be had.
    case auto
    case webSocket = "websocket"
    case http
}

/// A voice over a socket, of which one can ask whether it is there.
protocol SocketVoiceStream: TextToSpeechStream {
    /// The socket is open.
    var isReady: Bool { get }
    /// Makes the socket unless it is there or on its way.
    func prepare()
}

/// Which way a reply's text goes, and which is said again the other way. Pure: no clock, no I/O.
///
/// A reply goes one way from its first audible sample on. One that the socket loses before is given to HTTP as a whole:
/// its text is kept until then.
struct VoicePathStateMachine {
    enum Path: Equatable, Sendable { case socket, http }

    enum Item: Equatable, Sendable {
        case speak(String, SegmentID)
        case finish(TurnID)
    }

    private struct Reply {
        let turn: TurnID
        var path: Path
        /// What has been said, until audio comes.
        var items: [Item] = []
        var isHeard = false
    }

    /// How long HTTP is used before the socket is tried again.
    static let retryAfter = Nanoseconds.seconds(30)

    private var replies: [Reply] = []
    /// When the socket was last found missing.
    private var lostAt: Instant?

    enum Choice: Equatable { case socket, http, httpAndTrySocket }

    /// Text or the end of a reply.
    ///
    /// - Parameter isSocketReady: asked for only when HTTP is in use.
    mutating func take(_ item: Item, isSocketReady: Bool, at now: Instant) -> Choice {
        let turn: TurnID =
            switch item {
            case .speak(_, let segment): segment.turn
            case .finish(let turn): turn
            }
        var choice: Choice?
        if !replies.contains(where: { $0.turn == turn }) {
            choice = self.choice(isSocketReady, now)
            replies.append(Reply(turn: turn, path: choice == .socket ? .socket : .http))
            // Replies end by being cancelled or spoken; nobody tells which: older ones than the last few are over.
            if replies.count > 4 { replies.removeFirst() }
        }
        guard let index = replies.lastIndex(where: { $0.turn == turn }) else { return .socket }
        if !replies[index].isHeard, replies[index].path == .socket { replies[index].items.append(item) }
        return choice ?? (replies[index].path == .socket ? .socket : .http)
    }

    private mutating func choice(_ isSocketReady: Bool, _ now: Instant) -> Choice {
        guard let lost = lostAt else { return .socket }
        if isSocketReady {
            lostAt = nil
            return .socket
        }
        guard now - lost >= Self.retryAfter else { return .http }
        lostAt = now
        return .httpAndTrySocket
    }

    /// Audio of a reply has come.
    mutating func heard(_ turn: TurnID) {
        // Every piece of speech comes by here: nearly all belong to the newest reply, which is heard already.
        if let last = replies.last, last.turn == turn, last.isHeard { return }
        guard let index = replies.firstIndex(where: { $0.turn == turn }), !replies[index].isHeard else { return }
        replies[index].isHeard = true
        replies[index].items = []
    }

    /// The way of the newest reply.
    var path: Path { replies.last?.path ?? .socket }

    mutating func cancel(_ turn: TurnID) { replies.removeAll { $0.turn <= turn } }

    /// A reply failed on the socket.
    ///
    /// - Returns: what to say by HTTP instead; nil when the failure is to be reported.
    mutating func failed(_ turn: TurnID, _ kind: ProviderError.Kind, isSocketReady: Bool, at now: Instant) -> [Item]? {
        if !isSocketReady { lostAt = now }
        let older = replies.filter { $0.turn < turn && $0.path == .socket }.map(\.turn)
        replies.removeAll { older.contains($0.turn) }
        guard let index = replies.firstIndex(where: { $0.turn == turn && $0.path == .socket }),
            !replies[index].isHeard, !replies[index].items.isEmpty
        else { return nil }
        switch kind {
        // The same account, the same key: HTTP would be told the same.
        case .auth, .rateLimited, .cancelled: return nil
        case .configuration, .timeout, .unavailable, .protocol: break
        }
        let items = replies[index].items
        replies[index].path = .http
        replies[index].items = []
        return items
    }
}

/// A socket with HTTP behind it. Confined to the call's event loop.
final class VoicePathStream: TextToSpeechStream {
    private let name: String
    private let context: ProviderContext
    private var sink: ((TextToSpeechEvent) -> Void)?
    private var machine = VoicePathStateMachine()
    private var socket: (any SocketVoiceStream)?
    private var http: (any TextToSpeechStream)?
    private let makeHTTP: (@escaping (TextToSpeechEvent) -> Void) -> any TextToSpeechStream
    private var holdsAudio = false

    init(
        name: String, context: ProviderContext, sink: @escaping (TextToSpeechEvent) -> Void,
        socket makeSocket: (@escaping (TextToSpeechEvent) -> Void) -> any SocketVoiceStream,
        http makeHTTP: @escaping (@escaping (TextToSpeechEvent) -> Void) -> any TextToSpeechStream
    ) {
        self.name = name
        self.context = context
        self.sink = sink
        self.makeHTTP = makeHTTP
        socket = makeSocket { [weak self] in self?.received($0, from: .socket) }
        socket?.prepare()
    }

    /// [s] that a socket may take to open where HTTP can be used instead.
    private static let openingPatience = TimeAmount.seconds(2)

    /// The stream for a transport of the document.
    ///
    /// - Parameters:
    ///   - http: Makes the stream over HTTP.
    ///   - socket: Makes the one over a socket, which may take so long to open.
    ///   - patience: How long an answer may take.
    static func open(
        _ transport: VoiceTransport, name: String, context: ProviderContext, patience: TimeAmount,
        sink: @escaping (TextToSpeechEvent) -> Void,
        http: @escaping (@escaping (TextToSpeechEvent) -> Void) -> any TextToSpeechStream,
        socket: (@escaping (TextToSpeechEvent) -> Void, TimeAmount) -> any SocketVoiceStream
    ) -> any TextToSpeechStream {
        switch transport {
        case .http: return http(sink)
        case .webSocket:
            let stream = socket(sink, patience)
            stream.prepare()
            return stream
        case .auto:
            let opening = min(patience, openingPatience)
            return VoicePathStream(
                name: name, context: context, sink: sink, socket: { socket($0, opening) }, http: http)
        }
    }

    private var now: Instant { context.eventLoop.instant }

    func speak(_ text: String, as segment: SegmentID) { give(.speak(text, segment)) }
    func finish(_ turn: TurnID) { give(.finish(turn)) }

    func cancel(_ turn: TurnID) {
        machine.cancel(turn)
        socket?.cancel(turn)
        http?.cancel(turn)
    }

    var waitsInSocket: Bool { machine.path == .socket }

    func holdAudio(_ hold: Bool) {
        holdsAudio = hold
        socket?.holdAudio(hold)
        http?.holdAudio(hold)
    }

    func close() {
        sink = nil
        socket?.close()
        http?.close()
        (socket, http) = (nil, nil)
    }

    private func give(_ item: VoicePathStateMachine.Item) {
        guard sink != nil else { return }
        switch machine.take(item, isSocketReady: socket?.isReady ?? false, at: now) {
        case .socket: say(item, to: socket)
        case .http: say(item, to: overHTTP())
        case .httpAndTrySocket:
            socket?.prepare()
            say(item, to: overHTTP())
        }
    }

    private func say(_ item: VoicePathStateMachine.Item, to stream: (any TextToSpeechStream)?) {
        switch item {
        case .speak(let text, let segment): stream?.speak(text, as: segment)
        case .finish(let turn): stream?.finish(turn)
        }
    }

    private func overHTTP() -> any TextToSpeechStream {
        if let http { return http }
        let stream = makeHTTP { [weak self] in self?.received($0, from: .http) }
        stream.holdAudio(holdsAudio)
        http = stream
        return stream
    }

    private func received(_ event: TextToSpeechEvent, from path: VoicePathStateMachine.Path) {
        switch event {
        case .audio(let segment, _), .completed(let segment): machine.heard(segment.turn)
        case .wordEnds: break
        case .failed(let turn, let error) where path == .socket:
            if let items = machine.failed(turn, error.kind, isSocketReady: socket?.isReady ?? false, at: now) {
                context.log(.info, "\(error); speaking over HTTP")
                let stream = overHTTP()
                for item in items { say(item, to: stream) }
                return
            }
        case .failed: break
        }
        sink?(event)
    }
}

extension ProviderSetup {
    /// The address for requests and the one for sockets; the document may give either.
    func voiceAddresses(_ fallback: String) throws(ProviderSetupError) -> (web: WebURL, socket: WebURL) {
        let url: WebURL
        do { url = try WebURL(settings.baseURL ?? fallback) } catch let fault {
            throw error("base_url", fault.description)
        }
        let socket = url.asWebSocket
        guard url.scheme.isWebSocket else { return (url, socket) }
        let text = url.description
        guard let web = try? WebURL((url.scheme.isSecure ? "https" : "http") + text.drop { $0 != ":" }) else {
            throw error("base_url", "begins with https:// or wss://")
        }
        return (web, socket)
    }

    /// What every voice of the network is told under the same keys.
    func voiceSettings(
        _ reader: inout OptionReader
    ) throws(ProviderSetupError) -> (transport: VoiceTransport, patience: Int64, trimming: Int) {
        let transport = try reader.string("transport", oneOf: VoiceTransport.allCases.map(\.rawValue))
        return (
            transport.flatMap(VoiceTransport.init) ?? .auto,
            Int64(try reader.int("timeout_ms", 100...120_000) ?? 5_000),
            try reader.int("trim_silence_ms", 0...2_000) ?? 0
        )
    }
}
