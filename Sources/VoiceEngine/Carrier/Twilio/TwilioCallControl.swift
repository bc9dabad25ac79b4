internal import NIOCore
internal import VoiceEngineNet

/// What Twilio's REST API does with calls. Safe to use from any thread.
///
/// Transfer and digits replace the TwiML of the call, and with it the media stream: Twilio sends `stop` and closes the
/// socket, so the session ends as if the caller had hung up. A transfer is meant to. After digits Twilio connects the
/// call again, by `reconnect`.
struct TwilioCallControl: CallControl {
    let wire: TwilioREST
    let rest: CarrierREST
    /// The stream that goes on after digits; nil ends the call instead.
    var reconnect: (@Sendable (_ call: String) -> TwiML.Stream?)?

    /// Places a call.
    func place(_ call: TwilioNewCall, on eventLoop: any EventLoop) -> EventLoopFuture<TwilioCallResource> {
        let purpose = "place a call to \(call.to)"
        guard call.twiml.response.utf8.count <= TwiML.longestByREST else {
            return Self.failed("\(purpose): its TwiML is longer than \(TwiML.longestByREST) bytes", on: eventLoop)
        }
        return rest.send(wire.create(call), purpose, .onlyOnce, on: eventLoop)
            .flatMapThrowing { answer in try Self.resource(answer, purpose) }
    }

    /// How a call stands.
    func fetch(_ call: String, on eventLoop: any EventLoop) -> EventLoopFuture<TwilioCallResource> {
        let purpose = "look at call \(call)"
        return rest.send(wire.fetch(call), purpose, .harmless, on: eventLoop)
            .flatMapThrowing { answer in try Self.resource(answer, purpose) }
    }

    func transfer(_ call: String, to target: String, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let purpose = "transfer call \(call)"
        guard let target = DialTarget(target) else {
            return Self.failed("\(purpose): \(DialTarget.expectation)", on: eventLoop)
        }
        return update(call, .run(TwiML(.dial(target))), purpose, on: eventLoop)
    }

    func sendDigits(_ digits: String, in call: String, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let purpose = "key digits in call \(call)"
        guard let digits = KeyedDigits.checked(digits) else {
            return Self.failed(
                "\(purpose): expected 1 to \(KeyedDigits.most) of 0-9, A-D, *, # and w", on: eventLoop)
        }
        var twiml = TwiML(.playDigits(digits))
        if let stream = reconnect?(call) { twiml.verbs.append(.connect(stream)) }
        return update(call, .run(twiml), purpose, on: eventLoop)
    }

    func hangUp(_ call: String, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let purpose = "end call \(call)"
        return rest.send(wire.update(call, .complete), purpose, .harmless, on: eventLoop).flatMapThrowing { answer in
            guard answer.isGood || TwilioREST.saysCallIsOver(answer) else {
                throw TwilioREST.refusal(answer, purpose)
            }
        }
    }

    private func update(
        _ call: String, _ change: TwilioREST.Change, _ purpose: String, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Void> {
        rest.send(wire.update(call, change), purpose, .onlyOnce, on: eventLoop).flatMapThrowing { answer in
            guard answer.isGood else { throw TwilioREST.refusal(answer, purpose) }
        }
    }

    private static func resource(_ answer: RESTAnswer, _ purpose: String) throws -> TwilioCallResource {
        guard answer.isGood else { throw TwilioREST.refusal(answer, purpose) }
        guard let call = TwilioCallResource(answer.json) else {
            throw CallControlError(description: "\(purpose): Twilio's answer names no call")
        }
        return call
    }

    private static func failed<Value: Sendable>(
        _ description: String, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Value> {
        eventLoop.makeFailedFuture(CallControlError(description: description))
    }
}
