import NIOCore
import Synchronization

@testable import VoiceEngineCarrier

/// A carrier's REST API that writes down what it is asked, and does it, or refuses.
final class ScriptedControl: CallControl {
    let asked = Mutex<[String]>([])
    let refusal = Mutex<CallControlError?>(nil)

    func transfer(_ call: String, to target: String, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        answer("transfer \(call) to \(target)", eventLoop)
    }

    func sendDigits(_ digits: String, in call: String, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        answer("digits \(digits) in \(call)", eventLoop)
    }

    func hangUp(_ call: String, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        answer("hang up \(call)", eventLoop)
    }

    private func answer(_ text: String, _ eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        asked.withLock { $0.append(text) }
        if let refusal = refusal.withLock({ $0 }) { return eventLoop.makeFailedFuture(refusal) }
        return eventLoop.makeSucceededVoidFuture()
    }

    func take() -> [String] {
        asked.withLock { asked in
            defer { asked = [] }
            return asked
        }
    }
}
