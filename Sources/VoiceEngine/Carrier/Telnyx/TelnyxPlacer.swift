internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet

/// Places calls by Telnyx's Call Control.
struct TelnyxPlacer: CallPlacer {
    let telnyx: TelnyxCallControl
    let passes: StreamPass

    private var account: TelnyxAccount { telnyx.wire.account }
    var from: String? { account.from }
    var control: any CallControl { telnyx }
    var playback: (any PlaybackControl)? { self }

    func obstacle(at address: PublicAddress) -> String? {
        if account.connectionID == nil {
            return "TELNYX_CONNECTION_ID is not set: outgoing calls need the id of a Call Control application"
        }
        return address.obstacle(for: account.baseURL)
    }

    func place(_ call: PlacedCall, at address: PublicAddress, on eventLoop: any EventLoop) -> EventLoopFuture<String> {
        telnyx.dial(order(call, at: address), on: eventLoop)
    }

    func order(_ call: PlacedCall, at address: PublicAddress) -> TelnyxNewCall {
        let token = passes.pass(for: StreamGate.subject(ofPlaced: call.id))
        let detection: String? =
            switch call.order.machineDetection {
            case .detect: "premium"
            case .messageEnd: "greeting_end"
            case nil: nil
            }
        let agent = call.order.agent
        let path = TelnyxWebhook.path + (agent.isEmpty ? "" : "/" + FormDecoder.encodedSegment(agent))
        return TelnyxNewCall(
            connectionID: account.connectionID ?? "", to: call.order.to.address, from: call.from,
            stream: TelnyxWebhook.stream(at: address, agent: agent, token: token, account),
            state: TelnyxClientState(token: token, placedCall: call.id), timeoutSeconds: call.order.timeoutSeconds,
            machineDetection: detection, webhookURL: address.url(path))
    }
}

extension TelnyxPlacer: PlaybackControl {
    func startPlayback(
        _ order: PlaybackOrder, as id: String, in call: String, placed: String?, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Void> {
        // What is given last comes back in everything that follows: the call must be known by it as before.
        let subject = placed.map { StreamGate.subject(ofPlaced: $0) } ?? StreamGate.subject(ofCall: call)
        let state = TelnyxClientState(token: passes.pass(for: subject), placedCall: placed, playback: id)
        return telnyx.send(.startPlayback(order, state), to: call, commandID: id, on: eventLoop)
    }

    func stopPlayback(in call: String, all: Bool, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        telnyx.send(.stopPlayback(all: all), to: call, on: eventLoop)
    }
}
