internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet

/// What Telnyx's Call Control does with calls. Safe to use from any thread.
struct TelnyxCallControl: CallControl {
    let wire: TelnyxREST
    let rest: CarrierREST

    /// Sends a command. One with the id of an earlier one does nothing, so each may be repeated.
    ///
    /// - Parameter commandID: nil makes a new one.
    func send(
        _ command: TelnyxREST.Command, to call: String, commandID: String? = nil, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Void> {
        let purpose = "\(command.purpose) call \(call)"
        let id = commandID ?? RandomID.make("cmd")
        return rest.send(
            wire.command(command, call: call, commandID: id), purpose, .harmless, on: eventLoop
        ).flatMapThrowing { answer in
            guard answer.isGood else { throw TelnyxREST.refusal(answer, purpose) }
        }
    }

    func transfer(_ call: String, to target: String, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        guard let target = DialTarget(target) else {
            return Self.failed("transfer call \(call): \(DialTarget.expectation)", on: eventLoop)
        }
        return send(.transfer(to: target.address), to: call, on: eventLoop)
    }

    func sendDigits(_ digits: String, in call: String, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        guard let digits = KeyedDigits.checked(digits) else {
            return Self.failed(
                "key digits in call \(call): expected 1 to \(KeyedDigits.most) of 0-9, A-D, *, # and w", on: eventLoop)
        }
        return send(.sendDigits(digits), to: call, on: eventLoop)
    }

    func hangUp(_ call: String, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let purpose = "end call \(call)"
        let request = wire.command(.hangUp, call: call, commandID: RandomID.make("cmd"))
        return rest.send(request, purpose, .harmless, on: eventLoop).flatMapThrowing { answer in
            guard answer.isGood || TelnyxREST.saysCallIsOver(answer) else {
                throw TelnyxREST.refusal(answer, purpose)
            }
        }
    }

    /// Places a call.
    ///
    /// - Returns: Its call control id.
    func dial(_ call: TelnyxNewCall, on eventLoop: any EventLoop) -> EventLoopFuture<String> {
        let purpose = "place a call to \(call.to)"
        let request = wire.dial(call, commandID: RandomID.make("dial"))
        return rest.send(request, purpose, .onlyOnce, on: eventLoop).flatMapThrowing { answer in
            guard answer.isGood else { throw TelnyxREST.refusal(answer, purpose) }
            guard let id = answer.json?["data"]?["call_control_id"]?.string, !id.isEmpty else {
                throw CallControlError(description: "\(purpose): Telnyx's answer names no call")
            }
            return id
        }
    }

    private static func failed(_ description: String, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        eventLoop.makeFailedFuture(CallControlError(description: description))
    }
}
