internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineNet
internal import VoiceEngineSession

// Audio and marks of one stream, both ways.

extension MediaStreamCall {
    // MARK: From the caller

    func takeAudio(_ media: StreamMedia, _ message: UnsafeRawBufferPointer) {
        do {
            let audio = try inbound.decode(media, of: message)
            guard audio.count > 0, let session else { return }
            guard let order else { return session.receive(audio) }
            order.take(audio, media, at: eventLoop.instant) { session.receive($0) }
            if timers.order == nil, order.deadline != nil { armOrder(order) }
        } catch {
            perform(machine.receivedMalformed(error), message: nil)
        }
    }

    func gather(_ milliseconds: Int) {
        let messages = inbound.messages(inMilliseconds: milliseconds)
        socket?.gather(messages: messages.count, of: messages.size)
    }

    /// Audio that waits for what was overtaken goes on in time, also when the carrier sends nothing more.
    private func armOrder(_ order: StreamAudioOrder) {
        guard let deadline = order.deadline else { return }
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let time = TimeAmount.nanoseconds(max(0, (deadline - eventLoop.instant).rawValue))
        timers.order = eventLoop.scheduleTask(in: time) { bound.value.drainOrder() }
    }

    private func drainOrder() {
        timers.order = nil
        guard let order, let session else { return }
        order.drain(at: eventLoop.instant) { session.receive($0) }
        armOrder(order)
    }

    func takeMark(_ number: Int64) {
        if clock.echoed(number, at: eventLoop.instant) == .unknown {
            context.log(.debug, "\(wire.name): a mark came back that was not sent")
        }
    }

    func hold(_ isHeld: Bool) {
        outbound.isHeld = isHeld
        guard isHeld else { return }
        // Audio is sent in real time, so a carrier whose queue fills up does not play.
        context.log(.warning, "\(wire.name): the carrier's queue is full: audio is dropped until it plays again")
    }

    func watchMedia() {
        timers.watch?.arm(throughTicks: Self.mediaWatch)
        guard inbound.wentSilent() else { return }
        let seconds = Self.mediaWatch.rawValue / 1_000_000_000
        context.log(.warning, "\(wire.name): no audio from the carrier for \(seconds) s")
    }

    // MARK: To the caller

    func play(_ audio: UnsafeRawBufferPointer, samples: Int) {
        guard case .live = state, socket != nil, audio.count > 0 else { return }
        if let message = outbound.take(audio, samples: samples) { send(message) }
        let pause = Nanoseconds.milliseconds(Int64(wire.traits.speechEndMilliseconds))
        timers.speechEnd?.arm(throughTicks: pause)
    }

    func flush() {
        if let message = outbound.leaving() { send(message) }
        socket?.flush()
    }

    func heardSamples(at now: Instant) -> Int64 { clock.heardSamples(at: now) }

    func cut(at now: Instant) -> Int64 {
        let hadAudio = clock.mayHaveUnplayedSamples
        let heard = clock.cut(at: now, unsent: outbound.drop())
        if hadAudio, case .live = state, send(.clear) { socket?.flush() }
        return heard
    }

    /// Sends audio, and a mark behind it if it is time for one.
    private func send(_ message: StreamOutboundAudio.Message) {
        if !outbound.isHeld {
            wire.writeMedia(message.audio, to: &output)
            sendOutput()
        }
        let now = eventLoop.instant
        let mark = clock.play(message.samples, at: now)
        clock.pad(message.padding, at: now)
        if let mark { send(.mark(mark)) }
    }

    @discardableResult
    func send(_ command: StreamCommand) -> Bool {
        guard wire.write(command, to: &output) else { return false }
        sendOutput()
        return true
    }

    private func sendOutput() {
        guard let socket else { return output.removeAll() }
        output.forEach { message, isText in
            if isText { socket.send(text: message) } else { socket.send(binary: message) }
        }
        output.removeAll()
    }

    // MARK: The end of speech

    func speechEnds() {
        // Where silence follows, speech has no end.
        guard !wire.traits.wantsSilence else { return }
        timers.speechEnd?.cancel()
        if let message = outbound.leaving() { send(message) }
        speechEnded()
    }

    /// Puts a mark behind the agent's last word.
    func speechEnded() {
        guard case .live = state, clock.hasUnmarkedSamples || wire.traits.holdsLastAudio else { return }
        if let rest = outbound.rest() { send(rest) }
        if let mark = clock.playEnded() { send(.mark(mark)) }
        let tail = wire.traits.tailMilliseconds
        if tail > 0 { send(outbound.silence(milliseconds: tail)) }
        socket?.flush()
    }
}
