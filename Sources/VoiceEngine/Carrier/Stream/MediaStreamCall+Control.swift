internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet
internal import VoiceEngineSession

// What a session asks of its stream, and the stream of its carrier.

extension MediaStreamCall {
    func perform(_ request: CarrierRequest) -> Bool {
        guard case .live(let line) = state, let socket else { return false }
        switch request {
        case .sendDigits(let digits):
            if send(.digits(digits)) {
                socket.flush()
                return true
            }
            return askControl("send digits", call: line.callID) {
                $0.sendDigits(digits, in: line.callID, on: $1)
            }
        case .transfer(let target):
            if send(.transfer(target)) {
                socket.flush()
                return true
            }
            return askControl("transfer", call: line.callID) { $0.transfer(line.callID, to: target, on: $1) }
        case .hangUp(let reason):
            hangUp(reason, call: line.callID)
            return true
        }
    }

    // MARK: What ends a call

    private func hangUp(_ reason: String, call: String) {
        let isAsked = send(.hangUp(reason))
        guard isAsked, wire.traits.hangUp == .byMessage else { return endCall(reason: reason, code: 1000) }
        socket?.flush()
        endSession(reason: reason)
        perform(machine.hungUp(), message: nil)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        timers.start = eventLoop.scheduleTask(in: Self.hangUpTimeout) {
            let call = bound.value
            call.perform(call.machine.hangUpDeadlinePassed(), message: nil)
        }
    }

    // MARK: The carrier's REST API

    /// Ends the call at a carrier where closing the stream leaves it open.
    func hangUpByControl(_ call: String) {
        guard let control = context.control else {
            let text =
                "\(wire.name): call \(call) cannot be hung up without the carrier's API key: only its stream ends"
            return context.log(.warning, text)
        }
        report(control.hangUp(call, on: eventLoop), of: "hang up", call: call)
    }

    /// Asks for what the stream has no message for.
    ///
    /// - Returns: false when there is nobody to ask.
    func askControl(
        _ what: String, call: String,
        _ ask: (any CallControl, any EventLoop) -> EventLoopFuture<Void>
    ) -> Bool {
        guard let control = context.control else {
            context.log(
                .info, "\(wire.name): the stream cannot \(what), and no API key is configured: left to the host")
            return false
        }
        report(ask(control, eventLoop), of: what, call: call)
        return true
    }

    private func report(_ future: EventLoopFuture<Void>, of what: String, call: String) {
        let (log, name) = (context.log, wire.name)
        future.whenFailure { error in
            log(.error, "\(name): could not \(what) in call \(call): \(error); the call goes on as it was")
        }
    }
}
