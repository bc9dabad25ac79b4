internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineSession

/// Looks at the lateness of the loops' ticks twice a second, and tells the calls of a server. Safe to use from any
/// thread; works on its loop.
final class OverloadWatch: Sendable {
    static let interval = TimeAmount.milliseconds(500)

    private let calls: CarrierCalls
    private let host: any CallHost
    private let log: Log
    private let eventLoop: any EventLoop
    private let task: NIOLoopBoundBox<RepeatedTask?>
    private let window: NIOLoopBoundBox<LatenessWindow>

    init(calls: CarrierCalls, host: any CallHost, log: Log, on eventLoop: any EventLoop) {
        self.calls = calls
        self.host = host
        self.log = log
        self.eventLoop = eventLoop
        window = NIOLoopBoundBox.makeBoxSendingValue(
            LatenessWindow(interval: SessionClock.interval), as: LatenessWindow.self, eventLoop: eventLoop)
        task = NIOLoopBoundBox.makeBoxSendingValue(nil, as: RepeatedTask?.self, eventLoop: eventLoop)
    }

    func start() {
        eventLoop.execute { [self] in
            task.value = eventLoop.scheduleRepeatedTask(initialDelay: Self.interval, delay: Self.interval) { [self] _ in
                guard let ticks = host.tickLateness() else { return }
                look(window.value.add(ticks))
            }
        }
    }

    func stop() {
        eventLoop.execute { [self] in
            task.value?.cancel()
            task.value = nil
        }
    }

    private func look(_ lateness: Nanoseconds) {
        let now = Instant(nanoseconds: Int64(clamping: eventLoop.now.uptimeNanoseconds))
        switch calls.observe(lateness, at: now) {
        case .none: break
        case .began:
            log(.warning, "frames are late (p99 \(lateness.wholeMilliseconds) ms): no new calls are taken")
        case .ended: log(.info, "frames are on time again: new calls are taken")
        }
    }
}
