internal import NIOCore
internal import VoiceEngineNet

/// What Twilio's REST API does with calls. Safe to use from any thread.
///
/// Transfer and digits replace the TwiML of the call, and with it the media stream: Twilio sends `stop` and closes the
/// socket, so the session ends as if the caller had hung up. After digits Twilio connects the call again; after a transfer
/// that nobody took it asks how to go on. The conversation waits for that in the park.
struct TwilioCallControl: CallControl {
    /// Of calls that come back.
    struct Return: Sendable {
        let ledger: TwilioCallLedger
        let park: CallPark
    }

    let wire: TwilioREST
    let rest: CarrierREST
    /// nil: a call whose digits are keyed ends with them.
    var comesBack: Return?

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
        let action = comesBack?.ledger.action(of: call)
        let isExpected = action != nil
        return away(call, isExpected: isExpected) {
            update(call, .run(TwiML(.dial(target, action: action))), purpose, on: eventLoop)
        }
    }

    func sendDigits(_ digits: String, in call: String, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let purpose = "key digits in call \(call)"
        guard let digits = KeyedDigits.checked(digits) else {
            return Self.failed(
                "\(purpose): expected 1 to \(KeyedDigits.most) of 0-9, A-D, *, # and w", on: eventLoop)
        }
        var twiml = TwiML(.playDigits(digits))
        let stream = comesBack?.ledger.resume(call)
        if let stream { twiml.verbs.append(.connect(stream)) }
        return away(call, isExpected: stream != nil) { [twiml] in
            update(call, .run(twiml), purpose, on: eventLoop)
        }
    }

    /// The stream ends with the request, mostly before its answer comes.
    private func away(
        _ call: String, isExpected: Bool, _ request: () -> EventLoopFuture<Void>
    ) -> EventLoopFuture<Void> {
        guard isExpected, let comesBack else { return request() }
        comesBack.park.expect(call)
        return request().flatMapErrorThrowing { error in
            // Most likely nothing has changed: the stream is the same.
            comesBack.ledger.streamCame(call, isConnected: true)
            throw error
        }
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
