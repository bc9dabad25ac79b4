internal import CLinux
internal import NIOCore
internal import VoiceEngineCore
internal import VoiceEngineThreads

/// Binds the threads of event loops to processors.
///
/// NIO can do so itself, but it ends the process where the system refuses, as it does for a processor that a container has
/// not got.
enum LoopBinding {
    /// Loops whose threads have tried, and the first that could not.
    private struct Outcome {
        var tried = 0
        var refused: (processor: Int, error: Int32)?
    }

    /// Waits for the loops, which have nothing else to do yet: to be called on none of them.
    static func bind(_ group: any EventLoopGroup, to processors: ProcessorList) throws(VoiceError) {
        let outcome = Monitor(Outcome())
        var count = 0
        for loop in group.makeIterator() {
            let processor = processors[count]
            count += 1
            loop.execute {
                let error = voice_thread_bind(UInt32(processor))
                outcome.update {
                    $0.tried += 1
                    if error != 0, $0.refused == nil { $0.refused = (processor, error) }
                }
            }
        }
        let refused = outcome.wait { $0.tried == count ? .some($0.refused) : nil } ?? nil
        guard let refused else { return }
        throw VoiceError(
            .badArgument,
            "loop_cpus: the system does not let this process use processor \(refused.processor) (error \(refused.error)); "
                + "expected some of those in Cpus_allowed_list of /proc/self/status")
    }
}
