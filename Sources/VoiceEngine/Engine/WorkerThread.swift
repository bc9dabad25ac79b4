internal import CLinux
internal import Glibc
internal import VoiceEngineThreads

/// A thread of the engine that can be joined.
package final class WorkerThread: Sendable {
    private let thread: pthread_t

    /// - Parameters:
    ///   - name: At most 15 bytes, as shown by `top -H`.
    ///   - runsHostCode: The host's callbacks run on it.
    package convenience init(name: String, runsHostCode: Bool = false, body: @escaping @Sendable () -> Void) {
        self.init(start: Start(name: name, runsHostCode: runsHostCode, body: body), isDetached: false)
    }

    private init(start: Start, isDetached: Bool) {
        let argument = Unmanaged.passRetained(start)
        var created = pthread_t()
        // 1 MiB: host callbacks run here.
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, 1 << 20)
        if isDetached { pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED)) }
        let failure = withoutSignals {
            pthread_create(
                &created, &attributes,
                { argument in
                    guard let argument else { return nil }
                    let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                    voice_thread_name(start.name)
                    if start.runsHostCode { pthread_setspecific(WorkerThread.hostCode, argument) }
                    start.body()
                    return nil
                }, argument.toOpaque())
        }
        pthread_attr_destroy(&attributes)
        if failure != 0 { argument.release() }
        thread = failure == 0 ? created : 0
    }

    /// Runs the body on a thread that nobody waits for.
    /// - Returns: false when the system has no thread for it.
    package static func detach(name: String, body: @escaping @Sendable () -> Void) -> Bool {
        WorkerThread(start: Start(name: name, runsHostCode: false, body: body), isDetached: true).isRunning
    }

    /// Whether the calling thread is one that runs the host's callbacks, of whichever engine.
    package static var runsHostCode: Bool { pthread_getspecific(hostCode) != nil }

    /// Set on threads that run the host's callbacks; the value means nothing.
    private static let hostCode: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    /// Whether the system gave us a thread at all.
    package var isRunning: Bool { thread != 0 }

    package var isCurrent: Bool { thread != 0 && pthread_equal(thread, pthread_self()) != 0 }

    package func join() {
        if thread != 0, !isCurrent { pthread_join(thread, nil) }
    }

    private final class Start: Sendable {
        let name: String
        let runsHostCode: Bool
        let body: @Sendable () -> Void

        init(name: String, runsHostCode: Bool, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.runsHostCode = runsHostCode
            self.body = body
        }
    }
}
