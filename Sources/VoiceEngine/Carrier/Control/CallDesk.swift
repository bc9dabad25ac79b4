internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet
internal import VoiceEngineSession

// The control API: calls that this server places, for whoever has its bearer token.
//
//     POST /calls ── CallOrder ── PlacedCalls ── CallPlacer ──► carrier's REST API
//                                      │
//     carrier: status callbacks ──────►│◄────── StreamGate: the stream of the call brings its id and its pass
//                                      ▼
//     GET /calls, GET /calls/ID ── how far it has come        DELETE /calls/ID ── CallControl.hangUp
//
// What is asked of a call by its id can be asked of one that came in as well, by the carrier's id, while its stream is
// open. CallDesk+Playback.swift has the recordings that a carrier plays into a call.

/// Answers the control API's requests. Safe to use from any thread.
final class CallDesk: Sendable {
    /// A call that the control API can be asked about.
    enum KnownCall {
        case placed(PlacedCall)
        /// One that came in, and is live.
        case live(CarrierCallKey)

        /// nil until the carrier has taken it.
        var carrierID: String? {
            switch self {
            case .placed(let call): call.carrierID
            case .live(let key): key.id
            }
        }

        var carrier: String {
            switch self {
            case .placed(let call): call.carrier.rawValue
            case .live(let key): key.carrier
            }
        }
    }

    private let placers: [PlacingCarrier: any CallPlacer]
    let placed: PlacedCalls
    let playbacks: Playbacks
    private let publicAddress: PublicAddress?
    /// Whether a call to the agent would be taken now.
    private let admit: @Sendable (_ agent: String) throws(CallRefusal) -> Void
    private let live: @Sendable (_ carrierID: String) -> [CarrierCallKey]
    private let log: Log

    /// - Parameter live: The live calls that a carrier knows by an id.
    init(
        placers: [PlacingCarrier: any CallPlacer], placed: PlacedCalls, playbacks: Playbacks,
        publicAddress: PublicAddress?, log: Log, live: @escaping @Sendable (_ carrierID: String) -> [CarrierCallKey],
        admit: @escaping @Sendable (_ agent: String) throws(CallRefusal) -> Void
    ) {
        self.placers = placers
        self.placed = placed
        self.playbacks = playbacks
        self.live = live
        self.publicAddress = publicAddress
        self.log = log
        self.admit = admit
    }

    // MARK: POST /calls

    /// Places a call, and answers when the carrier has taken it.
    func place(_ request: ServerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<ServerResponse> {
        let (call, placer, address): (PlacedCall, any CallPlacer, PublicAddress)
        do throws(ServerResponse) {
            (call, placer, address) = try take(request)
        } catch {
            return eventLoop.makeSucceededFuture(error)
        }
        return placer.place(call, at: address, on: eventLoop).map { carrierID in
            self.placed.named(call.id, carrierID: carrierID)
            return .json(
                201, (self.placed.call(call.id) ?? call).json, headers: [.init("Location", "/calls/" + call.id)])
        }.flatMapErrorThrowing { error in
            let reason = "\(error)"
            self.log(.warning, "\(call.carrier.rawValue): \(reason)")
            self.placed.report(.ended(.failed(reason)), of: call.id)
            return .refusal(502, reason, id: call.id)
        }
    }

    /// - Throws: The answer to an order that cannot be taken.
    private func take(
        _ request: ServerRequest
    ) throws(ServerResponse) -> (PlacedCall, any CallPlacer, PublicAddress) {
        let order: CallOrder
        do {
            order = try CallOrder(request.body)
        } catch {
            throw .refusal(400, error.description, key: error.key)
        }
        let (carrier, placer) = try self.placer(order)
        guard let from = order.from?.address ?? placer.from else {
            throw .refusal(
                400, "from: is missing, and the account at \(carrier.rawValue) has no number of its own", key: "from")
        }
        guard let address = publicAddress ?? PublicAddress(of: request) else {
            throw .refusal(409, "public_url is not set: the carrier must be told how to reach this server")
        }
        if let obstacle = placer.obstacle(at: address) { throw .refusal(409, obstacle) }
        do throws(CallRefusal) {
            try admit(order.agent)
        } catch {
            let isAgent = error.kind == .unknownAgent
            var refusal = ServerResponse.refusal(
                error.httpStatus, (isAgent ? "agent: " : "") + error.detail, key: isAgent ? "agent" : "")
            refusal.headers += error.httpHeaders
            throw refusal
        }
        guard let call = placed.add(order, carrier: carrier, from: from) else {
            throw .refusal(503, "too many placed calls have not ended yet")
        }
        return (call, placer, address)
    }

    private func placer(_ order: CallOrder) throws(ServerResponse) -> (PlacingCarrier, any CallPlacer) {
        if let carrier = order.carrier {
            guard let placer = placers[carrier] else {
                throw .refusal(409, "carrier: there is no account at \(carrier.rawValue)", key: "carrier")
            }
            return (carrier, placer)
        }
        guard let only = placers.first, placers.count == 1 else {
            if placers.isEmpty { throw .refusal(409, "no carrier's account is set up to place calls with") }
            throw .refusal(400, "carrier: is missing; there is more than one account", key: "carrier")
        }
        return (only.key, only.value)
    }

    // MARK: GET and DELETE

    /// All calls that are remembered, the newest first.
    func list() -> ServerResponse {
        .json(200, ["calls": .array(placed.all.map(\.json))])
    }

    func show(_ id: String) -> ServerResponse {
        known(id).map { .json(200, json($0)) } ?? Self.unknown
    }

    /// Ends a call, ringing or answered; one that has ended already stays as it is.
    func hangUp(_ id: String, on eventLoop: any EventLoop) -> EventLoopFuture<ServerResponse> {
        guard let call = known(id) else { return eventLoop.makeSucceededFuture(Self.unknown) }
        if case .placed(let placed) = call, placed.progress.stage == .ended {
            return eventLoop.makeSucceededFuture(.json(200, json(call)))
        }
        guard let placer = placer(of: call) else {
            return eventLoop.makeSucceededFuture(
                .refusal(409, "there is no account at \(call.carrier) to end the call with", id: id))
        }
        guard let carrierID = call.carrierID else {
            return eventLoop.makeSucceededFuture(.refusal(409, Self.notTaken, id: id))
        }
        return placer.control.hangUp(carrierID, on: eventLoop).map {
            // Its own report says how it ended; this answer does not wait for it.
            .json(202, self.json(self.known(id) ?? call))
        }.flatMapErrorThrowing { error in .refusal(502, "\(error)", id: id) }
    }

    static let unknown = ServerResponse.refusal(404, "there is no such call, or it is forgotten")
    static let notTaken = "the carrier has not taken the call yet: ask again in a moment"

    // MARK: One call

    /// - Parameter id: Ours of a call that was placed, or the carrier's.
    func known(_ id: String) -> KnownCall? {
        if let call = placed.call(id) ?? placed.id(ofCarrierID: id).flatMap({ placed.call($0) }) {
            return .placed(call)
        }
        let keys = live(id)
        // Anybody may open a stream of a carrier without passes, under any id.
        return (keys.first { PlacingCarrier(rawValue: $0.carrier) != nil } ?? keys.first).map { .live($0) }
    }

    func placer(of call: KnownCall) -> (any CallPlacer)? {
        PlacingCarrier(rawValue: call.carrier).flatMap { placers[$0] }
    }

    /// With its recordings.
    func json(_ call: KnownCall) -> JSONValue {
        var object = JSONObject()
        switch call {
        case .placed(let call): object = call.json.object ?? object
        case .live(let key):
            object["id"] = .string(key.id)
            object["status"] = .string(PlacedCallStateMachine.Stage.answered.rawValue)
            object["carrier"] = .string(key.carrier)
            object["carrier_id"] = .string(key.id)
        }
        let played = call.carrierID.map { playbacks.all(of: $0) } ?? []
        if !played.isEmpty { object["playbacks"] = .array(played.map(\.json)) }
        return .object(object)
    }
}

extension ServerResponse {
    static func json(_ status: Int, _ value: JSONValue, headers: [Header] = []) -> ServerResponse {
        ServerResponse(status: status, contentType: "application/json", headers: headers, body: value.text + "\n")
    }

    /// - Parameters:
    ///   - key: Of the request's body that is wrong.
    ///   - id: Of the call.
    static func refusal(_ status: Int, _ message: String, key: String = "", id: String? = nil) -> ServerResponse {
        var error = JSONObject()
        error["message"] = .string(message)
        if !key.isEmpty { error["key"] = .string(key) }
        if let id { error["id"] = .string(id) }
        return .json(status, ["error": .object(error)])
    }
}
