internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet

//     POST /calls/ID/play ── PlaybackOrder ── Playbacks ── PlaybackControl ──► carrier's REST API
//                                                 │
//     carrier: webhooks ── started, ended ───────►│
//                                                 ▼
//     GET /calls/ID ── "playbacks": how far each has come, and how the last ones ended
//     DELETE /calls/ID/play, /calls/ID/play/PLAYBACK ── PlaybackControl.stopPlayback

extension CallDesk {
    /// An answered call whose carrier can play recordings into it.
    private struct Line {
        let carrierID: String
        /// Our id; nil for a call that came in.
        let placed: String?
        let control: any PlaybackControl
    }

    /// Lets the carrier play a recording, and answers when it has taken that.
    func play(_ request: ServerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<ServerResponse> {
        let id = request.parameters["call"] ?? ""
        let (line, order, playback): (Line, PlaybackOrder, Playback)
        do throws(ServerResponse) {
            line = try self.line(of: try call(id), id: id)
            order = try Self.order(request, id: id)
            playback = try begin(order, in: line, id: id)
        } catch {
            return eventLoop.makeSucceededFuture(error)
        }
        return line.control.startPlayback(
            order, as: playback.id, in: line.carrierID, placed: line.placed, on: eventLoop
        ).map {
            .json(202, (self.playback(playback.id, in: line.carrierID) ?? playback).json)
        }.flatMapErrorThrowing { error in
            let reason = order.withoutQuery("\(error)")
            self.playbacks.report(.ended(.failed(reason)), of: .init(id: playback.id), in: line.carrierID)
            return Self.refused(error, reason, id: id)
        }
    }

    /// Stops one recording, or all of a call's. How each ended is the carrier's to report, so this answer does not wait
    /// for it; one that has ended already stays as it is.
    func stopPlayback(_ request: ServerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<ServerResponse> {
        let id = request.parameters["call"] ?? ""
        let name = request.parameters["playback"]
        let (call, line): (KnownCall, Line)
        do throws(ServerResponse) {
            call = try self.call(id)
            if let name { try checkStoppable(name, in: call.carrierID ?? "", id: id) }
            line = try self.line(of: call, id: id)
        } catch {
            return eventLoop.makeSucceededFuture(error)
        }
        return line.control.stopPlayback(in: line.carrierID, all: name == nil, on: eventLoop).map {
            .json(202, name.flatMap { self.playback($0, in: line.carrierID)?.json } ?? self.json(call))
        }.flatMapErrorThrowing { error in Self.refused(error, "\(error)", id: id) }
    }

    private func playback(_ id: String, in carrierID: String) -> Playback? {
        playbacks.all(of: carrierID).first { $0.id == id }
    }

    // MARK: What cannot be done

    /// What the carrier said no to.
    private static func refused(_ error: any Error, _ reason: String, id: String) -> ServerResponse {
        let isOver = (error as? CallControlError)?.isCallOver ?? false
        return .refusal(isOver ? 409 : 502, reason, id: id)
    }

    private func call(_ id: String) throws(ServerResponse) -> KnownCall {
        guard let call = known(id) else { throw Self.unknown }
        return call
    }

    private func line(of call: KnownCall, id: String) throws(ServerResponse) -> Line {
        guard let control = placer(of: call)?.playback else {
            throw .refusal(
                501, "\(call.carrier) plays no recordings beside the media stream: only Telnyx does, by its account",
                id: id)
        }
        var placed: PlacedCall?
        if case .placed(let call) = call { placed = call }
        switch placed?.progress.stage ?? .answered {
        case .queued, .ringing: throw .refusal(409, "the call has not been answered yet", id: id)
        case .ended: throw .refusal(409, "the call is over", id: id)
        case .answered: break
        }
        guard let carrierID = call.carrierID else { throw .refusal(409, Self.notTaken, id: id) }
        return Line(carrierID: carrierID, placed: placed?.id, control: control)
    }

    private static func order(_ request: ServerRequest, id: String) throws(ServerResponse) -> PlaybackOrder {
        do {
            return try PlaybackOrder(request.body)
        } catch {
            throw .refusal(400, error.description, key: error.key, id: id)
        }
    }

    private func begin(_ order: PlaybackOrder, in line: Line, id: String) throws(ServerResponse) -> Playback {
        guard let playback = playbacks.begin(order, in: line.carrierID) else {
            throw .refusal(
                409, "\(Playbacks.mostUnderWay) recordings of this call have not ended yet: wait, or stop them", id: id)
        }
        return playback
    }

    private func checkStoppable(_ name: String, in carrierID: String, id: String) throws(ServerResponse) {
        let all = playbacks.all(of: carrierID)
        guard let playback = all.first(where: { $0.id == name }) else {
            throw .refusal(404, "there is no such recording in this call, or it is forgotten", id: id)
        }
        guard playback.isUnderWay else { throw .json(200, playback.json) }
        guard all.isCurrent(playback) else {
            throw .refusal(
                409,
                "the recording waits for another to end, and the carrier takes no single one out of its queue: "
                    + "stop the one that plays, or all", id: id)
        }
    }
}
