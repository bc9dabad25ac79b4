internal import NIOCore
internal import VoiceEngineNet

/// What places calls at one carrier. Safe to use from any thread.
protocol CallPlacer: Sendable {
    /// Whom calls come from when an order does not say.
    var from: String? { get }
    /// What a live call can be asked for.
    var control: any CallControl { get }
    /// nil for a carrier that plays nothing beside the media stream.
    var playback: (any PlaybackControl)? { get }
    /// Why no call can be placed from this address; nil when one can.
    func obstacle(at address: PublicAddress) -> String?
    /// - Returns: The carrier's id of the call; fails with `CallControlError`.
    func place(_ call: PlacedCall, at address: PublicAddress, on eventLoop: any EventLoop) -> EventLoopFuture<String>
}

extension PublicAddress {
    /// The carrier cannot reach a name of this machine, unless it is simulated on it.
    func obstacle(for carrier: WebURL) -> String? {
        guard isLoopback, !carrier.isLoopback else { return nil }
        return "public_url is not set: the carrier must be told how to reach this server"
    }
}

extension WebURL {
    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}

/// Places calls by Twilio's REST API: the call's TwiML connects it to our media stream as soon as it is answered.
struct TwilioPlacer: CallPlacer {
    let twilio: TwilioCallControl
    let passes: StreamPass
    let ledger: TwilioCallLedger

    var from: String? { twilio.wire.account.from }
    var control: any CallControl { twilio }
    var playback: (any PlaybackControl)? { nil }

    func obstacle(at address: PublicAddress) -> String? { address.obstacle(for: twilio.wire.account.baseURL) }

    func place(_ call: PlacedCall, at address: PublicAddress, on eventLoop: any EventLoop) -> EventLoopFuture<String> {
        let stream = stream(call, at: address)
        let ledger = ledger
        return twilio.place(order(call, stream, at: address), on: eventLoop).map { resource in
            ledger.promise(resource.sid, stream)
            return resource.sid
        }
    }

    private func stream(_ call: PlacedCall, at address: PublicAddress) -> TwiML.Stream {
        var stream = TwilioVoiceWebhook.stream(at: address, agent: call.order.agent)
        // The goal and the variables stay here: a parameter holds 500 characters, and Twilio's logs would show them.
        stream.parameters = [
            (StreamParameter.placedCall, call.id),
            (StreamParameter.token, passes.pass(for: StreamGate.subject(ofPlaced: call.id))),
        ]
        stream.statusCallback = address.url(TwilioPath.streamStatus)
        stream.action = address.url(TwilioPath.after)
        return stream
    }

    private func order(_ call: PlacedCall, _ stream: TwiML.Stream, at address: PublicAddress) -> TwilioNewCall {
        let status = address.url(TwilioPath.status + "/" + call.id)
        var order = TwilioNewCall(to: call.order.to.address, from: call.from, twiml: TwiML(.connect(stream)))
        order.statusCallback = status
        order.timeoutSeconds = call.order.timeoutSeconds
        switch call.order.machineDetection {
        case .detect: order.machineDetection = (.enable, status)
        case .messageEnd: order.machineDetection = (.messageEnd, status)
        case nil: break
        }
        return order
    }
}
