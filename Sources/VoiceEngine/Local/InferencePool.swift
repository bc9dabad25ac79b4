// Local models
// ============
//
// The engine's own ears, mind and voice when there is no network: Silero (voice activity), Smart Turn (whether a caller
// who pauses has finished), Moonshine (speech to text), Flite (text to speech) and a small language model on libllama. Everything in this folder
//
// - is loaded at run time from the directory that `make models` fills (`ModelStore`), once per engine, shared by all
//   calls;
// - runs on the threads of one `InferencePool`, never on an event loop;
// - reports by hopping to the call's loop.
//
//     call's loop:   LocalVAD  LocalEndOfTurn  LocalSTT   LocalTTS   LocalLLM    (streams, confined to the loop)
//                       │          │              └────┬─────┘          │
//     pool's lanes:  realtime    turns               speech          language    (bounded queues, own threads)
//                       │          │              ┌────┴─────┐          │
//     models:        Silero    SmartTurn      Moonshine    Flite    LlamaModel   (loaded by a lane's first job)
//
// Full means refused: `submit` says how many jobs wait, and the stream that asked reports `unavailable` or skips. A lane
// of speech is also full while its oldest job has waited for two seconds; but the rest of a reply that is being heard is
// spoken first, and is not refused then.
// Partial results are only asked for while a thread is idle. Lifetime: the pool belongs to the engine; `shutdown` joins
// all its threads.

package import VoiceEngineCore

/// Why the pool does not take a job.
package enum InferenceRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    case full(waiting: Int)
    case shutDown

    package var description: String {
        switch self {
        case .full(let waiting): "local models are overloaded: \(waiting) jobs are waiting"
        case .shutDown: "the engine is shutting down"
        }
    }
}

/// The threads that local models run on.
package final class InferencePool: Sendable {
    package enum Lane: Sendable, CaseIterable {
        /// Voice activity: short, and never behind anything else.
        case realtime
        /// Ends of turns: 50 ms each, worth nothing when they come late.
        case turns
        /// Speech to text and text to speech.
        case speech
        /// The language model, which has threads of its own inside.
        case language
    }

    package struct Configuration: Equatable, Sendable {
        package var realtimeThreads: Int
        package var speechThreads: Int
        /// Jobs that may wait in the realtime lane. One per call that listens is the most there are.
        package var realtimeLimit = 1_024
        /// A question about a pause takes 50 ms; the third one that waits would be answered too late.
        package var turnLimit = 2
        /// A sentence takes 0.1 s of a thread, so this is some 6 s of waiting for the last one; `speechPatience` is met
        /// before unless the machine is quick.
        package var speechLimit = 64
        /// A caller who has waited this long for words or a voice takes the line for dead. New work is refused until
        /// those who wait are served.
        package var speechPatience = Nanoseconds.seconds(2)
        /// An answer takes 1 s or more.
        package var languageLimit = 16

        /// For a machine with this many cores.
        package init(cores: Int) {
            realtimeThreads = cores > 8 ? 2 : 1
            speechThreads = max(1, cores / 2)
        }
    }

    private let realtime: InferenceLane
    private let turns: InferenceLane
    private let speech: InferenceLane
    private let language: InferenceLane

    package init(_ configuration: Configuration) {
        realtime = InferenceLane(
            name: "voice-vad", threads: configuration.realtimeThreads, limit: configuration.realtimeLimit)
        turns = InferenceLane(name: "voice-turns", threads: 1, limit: configuration.turnLimit)
        speech = InferenceLane(
            name: "voice-speech", threads: configuration.speechThreads, limit: configuration.speechLimit, niceness: 1,
            patience: configuration.speechPatience)
        // One thread: a model evaluates one thing at a time. The others come first: what has been generated must be
        // spoken before more is.
        language = InferenceLane(name: "voice-llm", threads: 1, limit: configuration.languageLimit, niceness: 5)
    }

    /// Why a job given to the lane now would be refused, or nil. Threads: any. Blocks: no.
    package func refusal(in lane: Lane) -> InferenceRefusal? { self[lane].refusal }

    /// Has `work` run on a thread of the lane. Threads: any. Blocks: no.
    ///
    /// - Parameter work: Reports by itself. Never called if the job is cancelled before it begins or the pool shuts
    ///   down.
    @discardableResult
    package func submit(
        _ kind: InferenceJob.Kind = .ordinary, to lane: Lane, _ work: @escaping @Sendable (InferenceJob) -> Void
    ) throws(InferenceRefusal) -> InferenceJob {
        let job = InferenceJob(kind, work: work)
        if let refusal = self[lane].submit(job) { throw refusal }
        return job
    }

    /// A job given to the lane now would begin at once.
    package func hasIdleThread(in lane: Lane) -> Bool { self[lane].hasIdleThread }

    /// Jobs that wait and jobs that run, for metrics.
    package func load(of lane: Lane) -> (waiting: Int, running: Int) { self[lane].load }

    /// Takes no more jobs, drops those that wait, stops the running ones and joins all threads.
    ///
    /// - Important: Blocks until the running steps are over (some 100 ms). Not from a thread of the pool.
    package func shutdown() {
        language.shutdown()
        speech.shutdown()
        turns.shutdown()
        realtime.shutdown()
    }

    private subscript(lane: Lane) -> InferenceLane {
        switch lane {
        case .realtime: realtime
        case .turns: turns
        case .speech: speech
        case .language: language
        }
    }
}
